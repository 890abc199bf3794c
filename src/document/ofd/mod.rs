//! OFD (GB/T 33190-2016): the package, its writer and its reader.

pub mod package;

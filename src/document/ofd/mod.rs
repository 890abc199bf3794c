//! OFD (GB/T 33190-2016): the package, its writer, and what every reader of one needs.

pub mod element;
pub mod package;
mod page;
mod writer;
mod xml;

pub use writer::{Attachment, Metadata};
pub(super) use writer::{Written, write};
pub(super) use xml::Xml;

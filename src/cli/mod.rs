//! (being built)

pub mod keys;

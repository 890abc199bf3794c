//! (being built)

pub mod keys;

pub mod migrate;
pub mod replay;

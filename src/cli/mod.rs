//! (being built)

pub mod keys;
pub mod verify;

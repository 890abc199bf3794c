//! (being built)
pub mod sandbox;

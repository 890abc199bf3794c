//! Simulated platforms: the other side of the wire, written a second time from the specifications.
//!
//! Nothing here calls the dialect engine, the domain or the delivery room, and the cryptography is libsm's where the
//! gateway's is RustCrypto's, so that a mistake in one reading of a specification meets another reading.

pub mod hainan;

//! National cryptography: SM2, SM3, SM4, certificates and the keyring.
//!
//! Nobody else in the gateway names a cryptography crate.

pub mod second_opinion;

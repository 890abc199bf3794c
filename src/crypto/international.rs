//! RSA and ECDSA over the NIST curves, for signatures that PDF readers outside China understand. aws-lc does the work;
//! TLS uses it too.

mod private_key;
mod public_key;

pub use private_key::{PrivateKey, PrivateKeyError};
pub use public_key::PublicKey;

#[cfg(test)]
mod tests;

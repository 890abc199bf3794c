//! A signature counts only if two independent implementations of SM2 accept it.

use crate::crypto::certificate::Certificate;
use crate::crypto::second_opinion;
use crate::crypto::sm2::Signature;

/// Why a signature does not count.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    #[error("the value is no DER SEQUENCE of two integers")]
    Malformed,
    #[error("the certificate is not of an SM2 key")]
    OtherKey,
    #[error("the signature is not by this key over these bytes")]
    Wrong,
    #[error(
        "the two SM2 implementations disagree: the first says {first}, the second says {second}; do not trust either"
    )]
    Split { first: bool, second: bool },
}

/// Verifies with RustCrypto and with libsm. `signature` is DER SEQUENCE { r, s }.
pub fn verify(certificate: &Certificate, message: &[u8], signature: &[u8]) -> Result<(), Disagreement> {
    let parsed = Signature::from_der(signature).map_err(|_| Disagreement::Malformed)?;
    let key = certificate.public_key().map_err(|_| Disagreement::OtherKey)?;
    let first = key.verify(message, &parsed).is_ok();
    let second = second_opinion::verify(&key.to_sec1(), message, signature).is_ok();
    match (first, second) {
        (true, true) => Ok(()),
        (false, false) => Err(Disagreement::Wrong),
        (first, second) => Err(Disagreement::Split { first, second }),
    }
}

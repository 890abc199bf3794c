//! The public key that a certificate is about.

use spki::SubjectPublicKeyInfoRef;

use crate::crypto::international;
use crate::crypto::signature_algorithm::SignatureAlgorithm;
use crate::crypto::sm2::{self, BadSignature};

/// A public key of any kind that certificates are read for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectKey {
    Sm2(sm2::PublicKey),
    International(international::PublicKey),
}

impl SubjectKey {
    pub(super) fn from_spki(info: &SubjectPublicKeyInfoRef<'_>) -> Option<Self> {
        sm2::PublicKey::from_spki(info)
            .ok()
            .map(Self::Sm2)
            .or_else(|| international::PublicKey::from_spki(info).map(Self::International))
    }

    /// Verifies a signature as certificates and signed data carry it; that of SM2 and ECDSA is DER SEQUENCE { r, s }.
    ///
    /// # Errors
    /// When the signature is not this key's over this message, or the algorithm is not one for this key.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match self {
            Self::Sm2(key) if algorithm == SignatureAlgorithm::Sm2WithSm3 => {
                key.verify(message, &sm2::Signature::from_der(signature)?)
            }
            Self::Sm2(_) => Err(BadSignature),
            Self::International(key) => key.verify(algorithm, message, signature),
        }
    }
}

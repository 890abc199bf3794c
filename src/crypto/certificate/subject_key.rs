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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::digest::DigestAlgorithm;

    #[test]
    fn a_right_signature_under_the_name_of_another_algorithm_is_none() {
        let key = sm2::PrivateKey::generate();
        let signature = key.sign(b"guarantee").to_der();
        let public = SubjectKey::Sm2(key.public_key());
        let verified = |algorithm| public.verify(algorithm, b"guarantee", &signature);
        assert_eq!(verified(SignatureAlgorithm::Sm2WithSm3), Ok(()));
        for other in [
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sm3),
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
            SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256),
        ] {
            assert_eq!(verified(other), Err(BadSignature), "{other}");
        }
    }
}

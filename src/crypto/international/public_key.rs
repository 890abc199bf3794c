//! An RSA or ECDSA public key.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use der::oid::ObjectIdentifier;
use spki::SubjectPublicKeyInfoRef;

use crate::crypto::digest::DigestAlgorithm;
use crate::crypto::signature_algorithm::SignatureAlgorithm;
use crate::crypto::sm2::BadSignature;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// A curve of FIPS 186-4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    EllipticCurve(Curve),
}

/// An RSA key of 2048 to 8192 bits, or a point of a NIST curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    /// `RSAPublicKey` in DER, or the point.
    bytes: Vec<u8>,
}

impl PublicKey {
    /// `None` for another algorithm or curve. Whether the key itself is sound shows when it is used.
    pub(in crate::crypto) fn from_spki(info: &SubjectPublicKeyInfoRef<'_>) -> Option<Self> {
        let kind = match info.algorithm.oid {
            RSA => Kind::Rsa,
            ELLIPTIC_CURVE => Kind::EllipticCurve(match info.algorithm.parameters_oid().ok()? {
                P256 => Curve::P256,
                P384 => Curve::P384,
                P521 => Curve::P521,
                _ => return None,
            }),
            _ => return None,
        };
        Some(Self { kind, bytes: info.subject_public_key.as_bytes()?.to_vec() })
    }

    /// Verifies a signature: PKCS#1 or PSS octets for RSA, DER SEQUENCE { r, s } for ECDSA.
    ///
    /// # Errors
    /// When the signature is not this key's over this message, or the algorithm is not one for this key.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let method = self.method(algorithm).ok_or(BadSignature)?;
        UnparsedPublicKey::new(method, &self.bytes).verify(message, signature).map_err(|_| BadSignature)
    }

    fn method(&self, algorithm: SignatureAlgorithm) -> Option<&'static dyn VerificationAlgorithm> {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        use SignatureAlgorithm::{Ecdsa, RsaPkcs1, RsaPss};
        Some(match (self.kind, algorithm) {
            (Kind::Rsa, RsaPkcs1(Sha256)) => &RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, RsaPkcs1(Sha384)) => &RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, RsaPkcs1(Sha512)) => &RSA_PKCS1_2048_8192_SHA512,
            (Kind::Rsa, RsaPss(Sha256)) => &RSA_PSS_2048_8192_SHA256,
            (Kind::Rsa, RsaPss(Sha384)) => &RSA_PSS_2048_8192_SHA384,
            (Kind::Rsa, RsaPss(Sha512)) => &RSA_PSS_2048_8192_SHA512,
            (Kind::EllipticCurve(curve), Ecdsa(digest)) => match (curve, digest) {
                (Curve::P256, Sha256) => &ECDSA_P256_SHA256_ASN1,
                (Curve::P256, Sha384) => &ECDSA_P256_SHA384_ASN1,
                (Curve::P256, Sha512) => &ECDSA_P256_SHA512_ASN1,
                (Curve::P384, Sha256) => &ECDSA_P384_SHA256_ASN1,
                (Curve::P384, Sha384) => &ECDSA_P384_SHA384_ASN1,
                (Curve::P384, Sha512) => &ECDSA_P384_SHA512_ASN1,
                (Curve::P521, Sha256) => &ECDSA_P521_SHA256_ASN1,
                (Curve::P521, Sha384) => &ECDSA_P521_SHA384_ASN1,
                (Curve::P521, Sha512) => &ECDSA_P521_SHA512_ASN1,
                _ => return None,
            },
            _ => return None,
        })
    }
}

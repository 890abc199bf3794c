//! An SM2 public key: verifying and encrypting.

use std::fmt;

use ::sm2::dsa::VerifyingKey;
use ::sm2::dsa::signature::Verifier;
use ::sm2::dsa::signature::hazmat::PrehashVerifier;
use ::sm2::pke::EncryptingKey;
use der::Decode;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::{BadSignature, KeyError, Layout, Signature, USER_ID, described};
use crate::crypto::certificate::Certificate;
use crate::crypto::encoding::{decode_any, pem_blocks, to_pem};
use crate::crypto::{CipherError, sm3};

/// id-ecPublicKey.
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The SM2 curve (GM/T 0006-2012).
const SM2_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");

/// `SubjectPublicKeyInfo` of an SM2 key up to its point. All its lengths are fixed.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81,
    0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00,
];

/// An SM2 public key, a point of the curve.
#[derive(Clone)]
pub struct PublicKey {
    key: VerifyingKey,
    sec1: [u8; 65],
}

impl PublicKey {
    /// From a point: 65 bytes beginning with `04`, or 33 beginning with `02` or `03`.
    ///
    /// # Errors
    /// When it is not a point of the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        if !matches!((bytes.first(), bytes.len()), (Some(4), 65) | (Some(2 | 3), 33)) {
            return Err(KeyError::OffCurve);
        }
        let key = VerifyingKey::from_sec1_bytes(USER_ID, bytes).map_err(|_| KeyError::OffCurve)?;
        let sec1 = EncryptingKey::new((&key).into()).to_sec1_bytes();
        let sec1 = sec1.as_ref().try_into().map_err(|_| KeyError::OffCurve)?;
        Ok(Self { key, sec1 })
    }

    /// `04‖x‖y`.
    pub fn to_sec1(&self) -> [u8; 65] {
        self.sec1
    }

    /// From a `SubjectPublicKeyInfo`, in which the curve stands as parameter or, as some write it, as algorithm.
    pub(in crate::crypto) fn from_spki(info: &SubjectPublicKeyInfoRef<'_>) -> Result<Self, KeyError> {
        let algorithm = &info.algorithm;
        let sm2 = algorithm.oid == SM2_CURVE
            || algorithm.oid == ELLIPTIC_CURVE && algorithm.parameters_oid() == Ok(SM2_CURVE);
        let point = info.subject_public_key.as_bytes().filter(|_| sm2);
        Self::from_sec1(point.ok_or(KeyError::PublicForm { found: "a key of another algorithm".to_owned() })?)
    }

    /// From the bytes of a point with or without its `04`, of a `SubjectPublicKeyInfo`, or of a certificate.
    ///
    /// # Errors
    /// When they are none of these.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        match bytes.len() {
            64 => Self::from_sec1(&[[4].as_slice(), bytes].concat()),
            33 | 65 => Self::from_sec1(bytes),
            length => {
                if let Ok(info) = SubjectPublicKeyInfoRef::from_der(bytes) {
                    return Self::from_spki(&info);
                }
                let found = format!("{length} bytes of another form");
                Certificate::from_der(bytes)
                    .and_then(|certificate| certificate.public_key())
                    .map_err(|_| KeyError::PublicForm { found })
            }
        }
    }

    /// From PEM: `PUBLIC KEY` or `CERTIFICATE`.
    ///
    /// # Errors
    /// When there is neither.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let blocks = pem_blocks(pem);
        let block = blocks.iter().find(|block| matches!(block.label, "PUBLIC KEY" | "CERTIFICATE"));
        Self::from_bytes(&block.ok_or_else(|| KeyError::PublicForm { found: described(pem) })?.der)
    }

    /// From any text that a platform hands its public key over in: hex (130 digits with `04`, 128 without, 66 for a
    /// compressed point), Base64 of the same, of a `SubjectPublicKeyInfo` or of a certificate, or PEM.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        if text.contains("-----BEGIN ") {
            return Self::from_pem(text);
        }
        let found = || KeyError::PublicForm { found: described(text) };
        Self::from_bytes(&decode_any(text).ok_or_else(found)?)
    }

    /// `SubjectPublicKeyInfo` in DER, 91 bytes.
    pub fn to_spki_der(&self) -> Vec<u8> {
        [SPKI_HEAD.as_slice(), &self.sec1].concat()
    }

    /// `SubjectPublicKeyInfo` in PEM.
    pub fn to_pem(&self) -> String {
        to_pem("PUBLIC KEY", &self.to_spki_der())
    }

    /// SM3 of the `SubjectPublicKeyInfo`: the same for a private key, its public key and its certificates.
    pub fn fingerprint(&self) -> [u8; 32] {
        sm3::digest(&self.to_spki_der())
    }

    /// Verifies a signature with the user id `1234567812345678`.
    ///
    /// # Errors
    /// When the signature is not this key's over this message.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        self.key.verify(message, &signature.0).map_err(|_| BadSignature)
    }

    /// Verifies a signature over a message of which only its [`signing_digest`](Self::signing_digest) is known.
    ///
    /// # Errors
    /// When the signature is not this key's over that digest.
    pub fn verify_digest(&self, digest: &[u8; 32], signature: &Signature) -> Result<(), BadSignature> {
        self.key.verify_prehash(digest, &signature.0).map_err(|_| BadSignature)
    }

    /// Encrypts for the holder of the private key. The ciphertext is 97 bytes longer than the plaintext, 96 without
    /// `04`, and about 107 in ASN.1.
    ///
    /// # Errors
    /// [`CipherError::Plaintext`] for an empty plaintext, which SM2 cannot encrypt.
    pub fn encrypt(&self, plaintext: &[u8], layout: Layout) -> Result<Vec<u8>, CipherError> {
        let refused = || CipherError::Plaintext { expected: "at least one byte", found: plaintext.len() };
        let standard = EncryptingKey::new((&self.key).into()).encrypt(&mut rand::rng(), plaintext);
        let standard = standard.map_err(|_| refused())?;
        layout.arrange(&standard).ok_or_else(refused)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.sec1 == other.sec1
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", hex::encode(self.sec1))
    }
}

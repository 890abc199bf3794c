//! An SM2 signature and its two forms.

use std::fmt;

/// A message, a public key and a signature do not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signature: does not belong to this message and public key")]
pub struct BadSignature;

/// The pair `r`, `s` of an SM2 signature, both in `[1, n-1]`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub(super) ::sm2::dsa::Signature);

impl Signature {
    /// From `r‖s`.
    ///
    /// # Errors
    /// When one of the two is out of range.
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, BadSignature> {
        ::sm2::dsa::Signature::from_slice(bytes).map(Self).map_err(|_| BadSignature)
    }

    /// `r‖s`.
    pub fn to_bytes(&self) -> [u8; 64] {
        self.0.to_bytes().into()
    }

    /// From `SEQUENCE { r INTEGER, s INTEGER }` (GM/T 0009-2012, 7.3), in DER and nothing else.
    ///
    /// # Errors
    /// When the bytes are not the DER of two numbers in range: no other encoding, nothing behind.
    pub fn from_der(der: &[u8]) -> Result<Self, BadSignature> {
        let signature = ::sm2::dsa::Signature::from_der(der).map(Self).map_err(|_| BadSignature)?;
        if signature.to_der() == der { Ok(signature) } else { Err(BadSignature) }
    }

    /// `SEQUENCE { r INTEGER, s INTEGER }`, 70 to 72 bytes as a rule.
    pub fn to_der(&self) -> Vec<u8> {
        self.0.to_der().to_vec()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({})", hex::encode(self.to_bytes()))
    }
}

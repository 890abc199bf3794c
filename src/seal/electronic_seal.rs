//! The electronic seal (电子印章): a picture, its owner and its lifetime, under the signature of a seal maker (制章者).

use anyhow::{Context, ensure};
use jiff::Timestamp;

use super::ses::encode::{self, SealInfo};
use crate::crypto::certificate::Certificate;
use crate::crypto::sm2::PrivateKey;

/// Makes electronic seals. In production this is a licensed seal maker's system; the gateway makes seals for
/// demonstrations and tests.
pub struct SealMaker {
    pub key: PrivateKey,
    pub certificate: Certificate,
}

/// What goes into a seal.
pub struct SealDescription<'a> {
    /// esID, ASCII; unique for the maker.
    pub id: &'a str,
    /// The name of the seal, as its owner is registered.
    pub name: &'a str,
    /// A PNG with transparency. Below 50 kB, because every sealed document holds it twice.
    pub picture_png: &'a [u8],
    pub width_mm: u16,
    pub height_mm: u16,
    pub valid_from: Timestamp,
    pub valid_until: Timestamp,
    /// The certificate whose key may use the seal.
    pub signer_certificate: &'a Certificate,
}

/// The DER of an SESeal (GB/T 38540-2020), as it is stored in `Seal.esl`.
pub struct ElectronicSeal;

impl ElectronicSeal {
    /// Makes a seal that counts as created when its validity begins.
    ///
    /// # Errors
    /// When the description cannot be encoded, or the validity ends before it begins.
    pub fn make(maker: &SealMaker, description: &SealDescription<'_>) -> anyhow::Result<Vec<u8>> {
        ensure!(
            description.valid_from < description.valid_until,
            "seal `{}`: its validity ends before it begins",
            description.id
        );
        let info = SealInfo {
            id: description.id,
            name: description.name,
            picture_png: description.picture_png,
            width_mm: description.width_mm,
            height_mm: description.height_mm,
            created: description.valid_from,
            valid_from: description.valid_from,
            valid_until: description.valid_until,
            signer_certificate: description.signer_certificate.der(),
        }
        .to_der()
        .with_context(|| format!("seal `{}`", description.id))?;
        let signature = maker.key.sign(&info).to_der();
        Ok(encode::seal(&info, maker.certificate.der(), &signature)?)
    }
}

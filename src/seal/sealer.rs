//! A signer together with the seal that it may use, checked once and ready for thousands of documents.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;

use super::agreement;
use super::ses::{Edition, SesSeal};
use super::signer::Signer;
use crate::crypto::certificate::Certificate;
use crate::crypto::sm3;

/// Seals documents: see [`seal`](super::seal).
pub struct Sealer {
    signer: Arc<dyn Signer>,
    seal: Vec<u8>,
    valid_from: Timestamp,
    valid_until: Timestamp,
    size_mm: (u16, u16),
}

/// Wider or higher than this no seal is; a seal that says so counts in other units.
const LARGEST_MM: u16 = 100;

impl Sealer {
    /// Takes the DER of an SESeal (the content of `Seal.esl`).
    ///
    /// # Errors
    /// When the seal is not of GB/T 38540-2020, its maker's signature is wrong, or it does not name the signer.
    pub fn new(signer: Arc<dyn Signer>, seal_der: Vec<u8>) -> anyhow::Result<Self> {
        let seal = SesSeal::from_der(&seal_der).context("electronic seal")?;
        let id = &seal.id;
        ensure!(
            seal.edition == Edition::V4,
            "seal `{id}`: expected a seal of GB/T 38540-2020 (V4), found {:?}",
            seal.edition
        );
        let sealer = Certificate::from_der(seal.certificate)
            .with_context(|| format!("seal `{id}`: certificate of its maker"))?;
        agreement::verify(&sealer, seal.info, seal.signature)
            .with_context(|| format!("seal `{id}`: signature of its maker"))?;
        let certificate = signer.certificate();
        ensure!(
            seal.signers.contains(certificate.der(), &sm3::digest(certificate.der())),
            "seal `{id}` may not be used by `{}` (serial {})",
            certificate.subject(),
            certificate.serial_hex()
        );
        ensure!(
            certificate.may_sign(),
            "the certificate of `{}` (serial {}) is not for signing documents",
            certificate.subject(),
            certificate.serial_hex()
        );
        let (Some(valid_from), Some(valid_until)) = (seal.valid_from, seal.valid_until) else {
            bail!("seal `{id}`: its validity cannot be read");
        };
        let size = seal.picture_size_mm;
        let Some(size_mm) = size
            .filter(|(width, height)| (1..=LARGEST_MM).contains(width) && (1..=LARGEST_MM).contains(height))
        else {
            bail!(
                "seal `{id}`: expected a picture of 1 to {LARGEST_MM} mm in width and height, found {size:?}"
            );
        };
        Ok(Self { signer, valid_from, valid_until, size_mm, seal: seal_der })
    }

    /// Has the signer sign a text without meaning, and both implementations of SM2 verify it: whether letters could be
    /// sealed now. May block as the signer does.
    ///
    /// # Errors
    /// When the signer fails, or what it says is no signature by the key of its certificate.
    pub fn try_out(&self) -> anyhow::Result<()> {
        let text = b"whether this key can sign";
        let signature = self.signer.sign(text)?;
        Ok(agreement::verify(self.signer.certificate(), text, &signature.to_der())?)
    }

    pub(super) fn signer(&self) -> &dyn Signer {
        self.signer.as_ref()
    }

    /// The DER of the SESeal.
    pub fn seal_der(&self) -> &[u8] {
        &self.seal
    }

    /// The picture in the seal, if it is a PNG.
    pub fn picture_png(&self) -> Option<&[u8]> {
        let seal = SesSeal::from_der(&self.seal).ok()?;
        seal.picture_kind.eq_ignore_ascii_case("png").then_some(seal.picture)
    }

    /// Width and height of the picture, as the seal says them: a stamp of another size would distort it.
    pub fn size_mm(&self) -> (u16, u16) {
        self.size_mm
    }

    /// The last moments of the seal, and of the signer's certificate.
    pub fn ends(&self) -> (Timestamp, Timestamp) {
        (self.valid_until, self.signer.certificate().not_after())
    }

    /// From when to when both the seal and the signer's certificate are valid.
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        let certificate = self.signer.certificate();
        (self.valid_from.max(certificate.not_before()), self.valid_until.min(certificate.not_after()))
    }
}

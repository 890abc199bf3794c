//! Who signs a PDF.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context, ensure};
use jiff::Timestamp;

use crate::crypto::certificate::{Certificate, SubjectKey};
use crate::crypto::international::PrivateKey;
use crate::crypto::signature_algorithm::SignatureAlgorithm;
use crate::seal::agreement;
use crate::seal::sealer::Sealer;

/// Who signs a PDF, ready for thousands of documents.
#[derive(Clone)]
pub enum PdfSigner {
    /// An SM2 key together with its electronic seal.
    Sm2(Arc<Sealer>),
    /// An RSA or ECDSA key.
    International(Arc<InternationalSigner>),
}

/// An RSA or ECDSA key held in memory, with its certificate.
pub struct InternationalSigner {
    key: PrivateKey,
    certificate: Certificate,
    issuers: Vec<Certificate>,
}

impl InternationalSigner {
    /// Takes the key's certificate, and behind it those of its issuers, which go into each signature so that readers
    /// find the way to a root they know.
    ///
    /// # Errors
    /// When there is no certificate, or the first is of another key or not for signing documents.
    pub fn new(key: PrivateKey, certificates: Vec<Certificate>) -> anyhow::Result<Self> {
        let mut certificates = certificates.into_iter();
        let certificate = certificates.next().context("expected a certificate, found none")?;
        let named = || {
            format!("the certificate of `{}` (serial {})", certificate.subject(), certificate.serial_hex())
        };
        let same = *certificate.key() == SubjectKey::International(key.public_key()?);
        ensure!(same, "{} belongs to another key", named());
        ensure!(certificate.may_sign(), "{} is not for signing documents", named());
        Ok(Self { key, issuers: certificates.collect(), certificate })
    }

    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

impl PdfSigner {
    pub fn certificate(&self) -> &Certificate {
        match self {
            Self::Sm2(sealer) => sealer.signer().certificate(),
            Self::International(signer) => &signer.certificate,
        }
    }

    /// From when to when the certificate is valid, and the seal where there is one.
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        match self {
            Self::Sm2(sealer) => sealer.validity(),
            Self::International(signer) => (signer.certificate.not_before(), signer.certificate.not_after()),
        }
    }

    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::Sm2(_) => SignatureAlgorithm::Sm2WithSm3,
            Self::International(signer) => signer.key.algorithm(),
        }
    }

    /// The signer's certificate and those of its issuers.
    pub(super) fn certificates(&self) -> Vec<&Certificate> {
        let issuers = match self {
            Self::Sm2(_) => [].iter(),
            Self::International(signer) => signer.issuers.iter(),
        };
        std::iter::once(self.certificate()).chain(issuers).collect()
    }

    /// Signs, and has the result verified before anybody sees it: SM2 by two implementations, because one that errs
    /// can cost a tender; the others so that no fault in a computation gives an RSA key away.
    pub(super) fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let signature = match self {
            Self::Sm2(sealer) => sealer.signer().sign(message).context("the signer failed")?.to_der(),
            Self::International(signer) => signer.key.sign(message)?,
        };
        let refused = "the finished signature does not pass its own check";
        match self {
            Self::Sm2(_) => agreement::verify(self.certificate(), message, &signature).context(refused)?,
            Self::International(_) => {
                self.certificate().key().verify(self.algorithm(), message, &signature).context(refused)?;
            }
        }
        Ok(signature)
    }
}

/// Says whom, and nothing about keys.
impl fmt::Debug for PdfSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PdfSigner({})", self.certificate().subject())
    }
}

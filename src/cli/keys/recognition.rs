//! Finds out what a file holds: a key of one kind or another, or a certificate, in any form.

use std::path::Path;

use anyhow::{Context, bail};
use zeroize::Zeroizing;

use crate::crypto::certificate::Certificate;
use crate::crypto::pkcs12::Pkcs12;
use crate::crypto::sm2::{KeyError, PrivateKey, PublicKey};
use crate::crypto::{international, keyring};

/// Keys and certificates are a few thousand bytes.
const LONGEST: u64 = 1024 * 1024;

/// What a file was found to hold.
pub(super) enum Material {
    Master,
    Private(Box<PrivateKey>),
    /// RSA or ECDSA, for signing PDF.
    International(Box<international::PrivateKey>),
    Public(Box<PublicKey>),
    Certificate(Box<Certificate>),
}

impl Material {
    /// Tries every form of every kind. The error never repeats the content.
    pub(super) fn recognise(content: &[u8]) -> anyhow::Result<Self> {
        match std::str::from_utf8(content) {
            Ok(text) => Self::from_text(text),
            Err(_) => Self::from_der(content),
        }
    }

    fn from_text(text: &str) -> anyhow::Result<Self> {
        if text.starts_with(keyring::FILE_HEADING) {
            return Ok(Self::Master);
        }
        match PrivateKey::from_text(text) {
            Ok(key) => return Ok(Self::Private(Box::new(key))),
            // It is a private key, and what is wrong with it should be said.
            Err(error @ (KeyError::Encrypted | KeyError::PrivateRange)) => return Err(error.into()),
            Err(_) => {}
        }
        if let Ok(key) = international::PrivateKey::from_pem(text) {
            return Ok(Self::International(Box::new(key)));
        }
        if let Ok(certificate) = Certificate::from_text(text) {
            return Ok(Self::Certificate(Box::new(certificate)));
        }
        match PublicKey::from_text(text) {
            Ok(key) => Ok(Self::Public(Box::new(key))),
            Err(_) => bail!(
                "expected an SM2 key or certificate as PEM, Base64, hex or DER, or an RSA or ECDSA key as PEM"
            ),
        }
    }

    fn from_der(der: &[u8]) -> anyhow::Result<Self> {
        if let Ok(key) = PrivateKey::from_der(der) {
            return Ok(Self::Private(Box::new(key)));
        }
        if let Ok(certificate) = Certificate::from_der(der) {
            return Ok(Self::Certificate(Box::new(certificate)));
        }
        match PublicKey::from_bytes(der) {
            Ok(key) => Ok(Self::Public(Box::new(key))),
            Err(_) => bail!("expected an SM2 key or certificate as PEM, Base64, hex or DER"),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Master => "master key",
            Self::Private(_) => "private key",
            Self::International(_) => "private key (RSA or ECDSA)",
            Self::Public(_) => "public key",
            Self::Certificate(certificate) if certificate.is_ca() => "authority certificate",
            Self::Certificate(_) => "certificate",
        }
    }

    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Master | Self::Private(_) | Self::International(_))
    }

    /// The SM2 key, if it is or belongs to one.
    pub(super) fn public_key(&self) -> Option<PublicKey> {
        match self {
            Self::Master | Self::International(_) => None,
            Self::Private(key) => Some(key.public_key()),
            Self::Public(key) => Some(PublicKey::clone(key)),
            Self::Certificate(certificate) => certificate.public_key().ok(),
        }
    }
}

/// The key of a PKCS#12 file, and its certificate if that is in there too. The password may end with a line's end.
pub(super) fn in_pkcs12(content: &[u8], password: &[u8]) -> anyhow::Result<Vec<Material>> {
    let password = std::str::from_utf8(password).context("--password-file: expected a text")?;
    let Pkcs12 { key, certificate } = Pkcs12::open(content, password.trim_end_matches(['\r', '\n']))?;
    let certificate = certificate.map(|certificate| Material::Certificate(Box::new(certificate)));
    Ok(std::iter::once(Material::Private(Box::new(key))).chain(certificate).collect())
}

/// Reads a file that may hold a key. Its permissions do not matter: it was handed over, or is about to be listed.
pub(super) fn read(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let shown = path.display();
    let length = std::fs::metadata(path).with_context(|| format!("cannot open `{shown}`"))?.len();
    if length > LONGEST {
        bail!("`{shown}`: expected a key or certificate of a few thousand bytes, found {length} bytes");
    }
    std::fs::read(path).map(Zeroizing::new).with_context(|| format!("cannot read `{shown}`"))
}

//! Who signs: a port, and the key in this process's memory that stands behind it today.

use anyhow::ensure;

use crate::crypto::certificate::Certificate;
use crate::crypto::sm2::{PrivateKey, Signature};

/// The holder of a signing key: this process, a signing service, or a cryptographic device (GM/T 0018).
pub trait Signer: Send + Sync {
    /// The certificate of the signing key.
    fn certificate(&self) -> &Certificate;

    /// SM2 with SM3 and the user id `1234567812345678` over the message. May block while a device or a service works.
    ///
    /// # Errors
    /// When the device or the service fails.
    fn sign(&self, message: &[u8]) -> anyhow::Result<Signature>;
}

/// A key held in memory.
pub struct LocalSigner {
    key: PrivateKey,
    certificate: Certificate,
}

impl LocalSigner {
    /// # Errors
    /// When the certificate is of another key.
    pub fn new(key: PrivateKey, certificate: Certificate) -> anyhow::Result<Self> {
        ensure!(
            key.public_key() == certificate.public_key()?,
            "the certificate of `{}` (serial {}) belongs to another key",
            certificate.subject(),
            certificate.serial_hex()
        );
        Ok(Self { key, certificate })
    }
}

impl Signer for LocalSigner {
    fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    fn sign(&self, message: &[u8]) -> anyhow::Result<Signature> {
        Ok(self.key.sign(message))
    }
}

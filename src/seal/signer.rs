//! Who signs: a port, and a key in this process's memory behind it. The room `signing` has the others.

use anyhow::ensure;

use crate::crypto::certificate::Certificate;
use crate::crypto::sm2::{PrivateKey, Signature};

/// The holder of a signing key: this process, a signing service, or a cryptographic device (GM/T 0018).
///
/// Its signatures are checked by whoever asked for them, once more than by itself.
pub trait Signer: Send + Sync {
    /// The certificate of the signing key.
    fn certificate(&self) -> &Certificate;

    /// Signs by SM2 what [`signing_digest`](crate::crypto::sm2::PublicKey::signing_digest) has made of a message with
    /// the key of the certificate: more than these 32 bytes never leave the house.
    ///
    /// May block for many seconds while a device or a service works, so that it belongs on a thread that may block, not
    /// on one that serves tasks. Several threads may ask at the same time.
    ///
    /// # Errors
    /// When the device or the service fails.
    fn sign_digest(&self, digest: &[u8; 32]) -> anyhow::Result<Signature>;
}

impl dyn Signer + '_ {
    /// SM2 with SM3 and the user id `1234567812345678` over the message.
    ///
    /// # Errors
    /// As [`sign_digest`](Signer::sign_digest).
    pub fn sign(&self, message: &[u8]) -> anyhow::Result<Signature> {
        self.sign_digest(&self.certificate().public_key()?.signing_digest(message))
    }
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

    fn sign_digest(&self, digest: &[u8; 32]) -> anyhow::Result<Signature> {
        Ok(self.key.sign_digest(digest))
    }
}

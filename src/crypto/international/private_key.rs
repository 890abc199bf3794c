//! An RSA or ECDSA private key: read from PEM, made for demonstrations, and signing.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use der::Decode;
use spki::SubjectPublicKeyInfoRef;
use zeroize::Zeroizing;

use super::PublicKey;
use crate::crypto::digest::DigestAlgorithm;
use crate::crypto::encoding::{pem_blocks, to_pem};
use crate::crypto::private_file;
use crate::crypto::signature_algorithm::SignatureAlgorithm;

/// Why a text is not a private key. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    #[error("private key: expected an RSA key of 2048 to 8192 bits or an ECDSA key on P-256, as PEM")]
    Form,
    #[error("private key: expected it without a password; decrypt it with `openssl pkey -in FILE -out FILE`")]
    Encrypted,
}

/// An RSA or ECDSA (P-256) key. Nothing prints it; aws-lc wipes it when it is dropped.
pub struct PrivateKey(Kind);

enum Kind {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl PrivateKey {
    /// RSA of 2048 bits; takes a good part of a second.
    ///
    /// # Errors
    /// Never in practice: the library declares it fallible.
    pub fn generate_rsa() -> anyhow::Result<Self> {
        Ok(Self(Kind::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).context("making an RSA key")?)))
    }

    /// ECDSA on P-256.
    ///
    /// # Errors
    /// Never in practice: the library declares it fallible.
    pub fn generate_p256() -> anyhow::Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).context("making an ECDSA key")?;
        Ok(Self(Kind::P256(pair)))
    }

    /// From PEM: PKCS#8, or the older `RSA PRIVATE KEY` (PKCS#1) and `EC PRIVATE KEY` (SEC 1).
    ///
    /// # Errors
    /// When there is none, it is encrypted, or of another algorithm.
    pub fn from_pem(pem: &str) -> Result<Self, PrivateKeyError> {
        if pem.contains("ENCRYPTED") {
            return Err(PrivateKeyError::Encrypted);
        }
        let blocks = pem_blocks(pem);
        let block = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY"));
        let der = &block.ok_or(PrivateKeyError::Form)?.der;
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) {
            return Ok(Self(Kind::Rsa(pair)));
        }
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der);
        pair.map(|pair| Self(Kind::P256(pair))).map_err(|_| PrivateKeyError::Form)
    }

    /// From a file of PEM.
    ///
    /// # Errors
    /// When the file cannot be read, can be read by others, or holds something else.
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        let content = private_file::read(path)?;
        let pem = std::str::from_utf8(&content).map_err(|_| PrivateKeyError::Form);
        pem.and_then(Self::from_pem).with_context(|| format!("`{}`", path.display()))
    }

    /// PKCS#8 in PEM.
    ///
    /// # Errors
    /// Never in practice: the library declares it fallible.
    pub fn to_pem(&self) -> anyhow::Result<Zeroizing<String>> {
        let pem = |der: &[u8]| Zeroizing::new(to_pem("PRIVATE KEY", der));
        match &self.0 {
            Kind::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| pem(der.as_ref())),
            Kind::P256(pair) => pair.to_pkcs8v1().map(|document| pem(document.as_ref())),
        }
        .context("writing a private key")
    }

    /// `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// Never in practice: the library declares it fallible.
    pub fn public_spki_der(&self) -> anyhow::Result<Vec<u8>> {
        let der: Result<PublicKeyX509Der<'_>, Unspecified> = match &self.0 {
            Kind::Rsa(pair) => pair.public_key().as_der(),
            Kind::P256(pair) => pair.public_key().as_der(),
        };
        Ok(der.context("writing a public key")?.as_ref().to_vec())
    }

    /// # Errors
    /// Never in practice: the library declares it fallible.
    pub fn public_key(&self) -> anyhow::Result<PublicKey> {
        let der = self.public_spki_der()?;
        PublicKey::from_spki(&SubjectPublicKeyInfoRef::from_der(&der)?).context("reading a public key back")
    }

    /// What [`sign`](Self::sign) makes: RSA with PKCS#1 padding or ECDSA, both with SHA-256.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        match &self.0 {
            Kind::Rsa(_) => SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256),
            Kind::P256(_) => SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
        }
    }

    /// # Errors
    /// Never in practice: the library declares it fallible.
    pub fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.0 {
            Kind::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).context("signing with RSA")?;
                Ok(signature)
            }
            Kind::P256(pair) => {
                Ok(pair.sign(&random, message).context("signing with ECDSA")?.as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("international::PrivateKey(..)")
    }
}

//! An SM2 private key: signing and decrypting.

use std::fmt;
use std::path::Path;

use ::sm2::SecretKey;
use ::sm2::dsa::SigningKey;
use ::sm2::dsa::signature::RandomizedSigner;
use ::sm2::dsa::signature::hazmat::RandomizedPrehashSigner;
use ::sm2::elliptic_curve::Generate;
use ::sm2::pke::DecryptingKey;
use anyhow::Context;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{KeyError, Layout, PublicKey, Signature, USER_ID, described};
use crate::crypto::encoding::{decode_any, pem_blocks, to_pem};
use crate::crypto::{CipherError, private_file};

/// The order of the group less one, which is no private key: one more than it has no inverse (GB/T 32918.1, 6.1).
const ORDER_LESS_ONE: [u8; 32] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x72,
    0x03, 0xdf, 0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x22,
];

/// PKCS#8 of an SM2 key up to the private number, and between it and the public point. All its lengths are fixed.
const PKCS8_HEAD: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01,
    0x04, 0x20,
];
const PKCS8_MIDDLE: [u8; 5] = [0xa1, 0x44, 0x03, 0x42, 0x00];

/// An SM2 private key. Nothing prints it, and it is wiped when it is dropped.
#[derive(ZeroizeOnDrop)]
pub struct PrivateKey {
    secret: SecretKey,
    #[zeroize(skip)]
    public: PublicKey,
}

impl PrivateKey {
    pub fn generate() -> Self {
        loop {
            // Refuses one number in 2²⁵⁶.
            if let Ok(key) = Self::from_secret(SecretKey::generate_from_rng(&mut rand::rng())) {
                return key;
            }
        }
    }

    fn from_secret(secret: SecretKey) -> Result<Self, KeyError> {
        if *Zeroizing::new(secret.to_bytes()) == ORDER_LESS_ONE {
            return Err(KeyError::PrivateRange);
        }
        let public = PublicKey::from_sec1(&secret.public_key().to_sec1_bytes())?;
        Ok(Self { secret, public })
    }

    /// From the number `d`, 32 bytes big-endian.
    ///
    /// # Errors
    /// When it is not in `[1, n-2]`.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        Self::from_secret(SecretKey::from_slice(bytes).map_err(|_| KeyError::PrivateRange)?)
    }

    /// From DER: PKCS#8, or the `ECPrivateKey` of SEC 1.
    ///
    /// # Errors
    /// When it is neither, or another curve's.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let found = || KeyError::PrivateForm { found: format!("{} bytes of another form", der.len()) };
        Self::from_secret(SecretKey::from_der(der).map_err(|_| found())?)
    }

    /// From PEM: `PRIVATE KEY` (PKCS#8) or `EC PRIVATE KEY` (SEC 1), also behind other blocks.
    ///
    /// # Errors
    /// When there is none, or it is encrypted.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let blocks = pem_blocks(pem);
        let block = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY"));
        Self::from_der(&block.ok_or_else(|| KeyError::PrivateForm { found: described(pem) })?.der)
    }

    /// From any text that a private key is handed over in: PEM, Base64 of PKCS#8 or SEC 1, Base64 or hex of the number.
    ///
    /// # Errors
    /// When it is none of these. The message never repeats the text.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        if text.contains("-----BEGIN ") {
            return Self::from_pem(text);
        }
        let found = || KeyError::PrivateForm { found: described(text) };
        let bytes = Zeroizing::new(decode_any(text).ok_or_else(found)?);
        // Java writes a number whose first bit is set with a zero byte in front.
        let number = bytes.strip_prefix(&[0]).filter(|rest| rest.len() == 32).unwrap_or(&bytes);
        match <&[u8; 32]>::try_from(number) {
            Ok(number) => Self::from_bytes(number),
            Err(_) => Self::from_der(&bytes).map_err(|_| found()),
        }
    }

    /// From a file of PEM or another text that [`from_text`](Self::from_text) reads.
    ///
    /// # Errors
    /// When the file cannot be read, can be read by others, or holds something else.
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        let content = private_file::read(path)?;
        let text =
            std::str::from_utf8(&content).map_err(|_| KeyError::PrivateForm { found: "no text".to_owned() });
        text.and_then(Self::from_text).with_context(|| format!("`{}`", path.display()))
    }

    /// PKCS#8 in PEM.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let number = Zeroizing::new(self.secret.to_bytes());
        let point = self.public.to_sec1();
        let der = Zeroizing::new([PKCS8_HEAD.as_slice(), &number, &PKCS8_MIDDLE, &point].concat());
        Zeroizing::new(to_pem("PRIVATE KEY", &der))
    }

    pub fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    /// Signs, with the user id `1234567812345678`.
    ///
    /// The nonce comes from the message, the key and fresh randomness together (RFC 6979, 3.6), so that neither a weak
    /// generator nor a fault in one computation gives the key away.
    pub fn sign(&self, message: &[u8]) -> Signature {
        loop {
            // Fails for one nonce in 2²⁵⁶, after which the standard says to take another.
            let signature =
                self.signing_key().and_then(|key| key.try_sign_with_rng(&mut rand::rng(), message));
            if let Ok(signature) = signature {
                return Signature(signature);
            }
        }
    }

    /// Signs a message of which only its [`signing_digest`](PublicKey::signing_digest) is known.
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Signature {
        loop {
            let signature =
                self.signing_key().and_then(|key| key.sign_prehash_with_rng(&mut rand::rng(), digest));
            if let Ok(signature) = signature {
                return Signature(signature);
            }
        }
    }

    /// Made for each use, because this type of the library is not wiped when it is dropped.
    pub(in crate::crypto) fn signing_key(&self) -> Result<SigningKey, ::sm2::dsa::signature::Error> {
        SigningKey::new(USER_ID, &self.secret)
    }

    /// Decrypts a ciphertext of any [`Layout`], and says which it was.
    ///
    /// Each layout that the bytes can be read in is tried. Only the digest inside the ciphertext decides, so that
    /// nothing is ever accepted without it.
    ///
    /// # Errors
    /// [`CipherError::Ciphertext`], whatever is wrong with it.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Layout), CipherError> {
        #[cfg(test)]
        crate::crypto::effort::note(|done| done.private_key += 1);
        let key = DecryptingKey::new(self.secret.clone());
        Layout::ALL
            .into_iter()
            .find_map(|layout| {
                let standard = layout.standardise(ciphertext)?;
                let plaintext = key.decrypt(&standard).ok()?;
                Some((Zeroizing::new(plaintext), layout))
            })
            .ok_or(CipherError::Ciphertext)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sm2::PrivateKey(..)")
    }
}

//! Ciphertext fields (密文) and the key that opens them.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::options::{CipherMode, CipherOptions, CipherPadding, CipherText, IvSource, KeyForm, KeySource};
use super::soundness::{Check, mismatch};
use crate::crypto::{encoding, sm2, sm4};

/// SM4's block.
const BLOCK: usize = 16;

/// The key of a tender section's ciphertext, with its IV where the platform sends one.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SectionKey {
    key: sm4::Key,
    #[zeroize(skip)]
    iv: Option<sm4::Iv>,
}

impl SectionKey {
    pub fn new(key: sm4::Key, iv: Option<sm4::Iv>) -> Self {
        Self { key, iv }
    }

    /// The bytes to be kept, wrapped: 16 of the key, then the 16 of the IV if there is one.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * BLOCK));
        bytes.extend_from_slice(self.key.expose());
        if let Some(iv) = &self.iv {
            bytes.extend_from_slice(iv.as_bytes());
        }
        bytes
    }

    /// What [`Self::to_bytes`] gave. `None` for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (key, iv) = bytes.split_at_checked(BLOCK)?;
        let iv = match iv {
            [] => None,
            iv => Some(sm4::Iv::from_bytes(iv.try_into().ok()?)),
        };
        Some(Self { key: sm4::Key::from_slice(key)?, iv })
    }
}

impl fmt::Debug for SectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SectionKey")
    }
}

/// The key does not open every field. It does not say which, nor why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key does not open the ciphertext")]
pub struct WrongKey;

/// Opens one platform's ciphertext fields.
#[derive(Clone, Debug)]
pub(super) struct FieldCipher {
    options: CipherOptions,
    agreed: Agreed,
}

/// What a platform's settings hold of keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Agreed {
    pub key: Option<sm4::Key>,
    pub iv: Option<sm4::Iv>,
    pub private_key: Option<Arc<sm2::PrivateKey>>,
}

impl FieldCipher {
    /// What the options need of the settings must be there.
    pub fn new(options: &CipherOptions, agreed: Agreed) -> Check<Self> {
        Self::check(options)?;
        let key = options.key_source == KeySource::Agreed || options.key_form == KeyForm::Sm4Wrapped;
        let iv = options.mode == CipherMode::Cbc && options.iv == IvSource::Agreed;
        for (needed, given, setting) in [
            (key, agreed.key.is_some(), "agreed_key"),
            (iv, agreed.iv.is_some(), "agreed_iv"),
            (options.key_form == KeyForm::Sm2Wrapped, agreed.private_key.is_some(), "private_key"),
        ] {
            if needed && !given {
                return mismatch(format!("the setting `{setting}`"), "none");
            }
        }
        Ok(Self { options: options.clone(), agreed })
    }

    pub fn check(options: &CipherOptions) -> Check {
        let wrapped = matches!(options.key_form, KeyForm::Sm4Wrapped | KeyForm::Sm2Wrapped);
        if options.key_source == KeySource::Agreed && wrapped {
            return mismatch("a `cipher.key_form` that is not wrapped for an agreed key", "a wrapped one");
        }
        Ok(())
    }

    /// The key that all applications of the platform share, where it is agreed.
    pub fn agreed(&self) -> Option<SectionKey> {
        let agreed = self.options.key_source == KeySource::Agreed;
        self.agreed.key.clone().filter(|_| agreed).map(|key| SectionKey { key, iv: None })
    }

    /// Reads the key of a restoration, and the IV where the message carries it.
    ///
    /// A wrapped key that cannot be unwrapped is read as some key that opens nothing: whoever alters one and sends it again
    /// learns no more than that it is wrong, and on the same way.
    pub fn read_key(&self, key: &str, iv: &str) -> Option<SectionKey> {
        let form = match self.options.key_form {
            KeyForm::Auto => encoding::KeyForm::Auto,
            KeyForm::Base64 => encoding::KeyForm::Base64,
            KeyForm::Hex => encoding::KeyForm::Hex,
            KeyForm::Text => encoding::KeyForm::Utf8,
            KeyForm::Sm4Wrapped | KeyForm::Sm2Wrapped => {
                let wrapped = encoding::decode_any(key)?;
                let key = self.unwrap_key(&wrapped).unwrap_or_else(sm4::Key::generate);
                return Some(SectionKey { key, iv: self.read_iv(iv)? });
            }
        };
        Some(SectionKey { key: form.read_sm4_key(key).ok()?, iv: self.read_iv(iv)? })
    }

    /// The key may be wrapped as its bytes or as their digits.
    fn unwrap_key(&self, wrapped: &[u8]) -> Option<sm4::Key> {
        let bytes = if self.options.key_form == KeyForm::Sm2Wrapped {
            self.agreed.private_key.as_ref()?.decrypt(wrapped).ok()?.0
        } else {
            let wrapping = self.agreed.key.as_ref()?;
            sm4::decrypt(wrapping, sm4::Mode::Ecb, sm4::Padding::Pkcs7, wrapped).ok()?
        };
        let text = || std::str::from_utf8(&bytes).ok();
        sm4::Key::from_slice(&bytes).or_else(|| encoding::KeyForm::Auto.read_sm4_key(text()?).ok())
    }

    /// The outer `None` is an IV that is needed and can't be read.
    fn read_iv(&self, iv: &str) -> Option<Option<sm4::Iv>> {
        if self.options.mode == CipherMode::Ecb || self.options.iv != IvSource::Message {
            return Some(None);
        }
        let bytes = encoding::KeyForm::Auto.read_sm4_key(iv).ok()?;
        Some(Some(sm4::Iv::from_bytes(*bytes.expose())))
    }

    /// Whether a text can be ciphertext at all: whole blocks in the agreed text form.
    pub fn is_ciphertext(&self, text: &str) -> bool {
        let blocks =
            usize::from(self.options.iv == IvSource::Prefix && self.options.mode == CipherMode::Cbc) + 1;
        self.decode(text)
            .is_some_and(|bytes| bytes.len() >= blocks * BLOCK && bytes.len().is_multiple_of(BLOCK))
    }

    /// How the text form is called in messages.
    pub fn text_form(&self) -> &'static str {
        match self.options.text {
            CipherText::Base64 => "Base64",
            CipherText::Hex => "十六进制",
            CipherText::Auto => "Base64 或十六进制",
        }
    }

    /// Decrypts a field: UTF-8 without control characters, of one to `longest` characters.
    ///
    /// A wrong key passes the padding once in 256 times, and all of this once in 10⁷ times for a field of one block,
    /// once in 10¹³ for two.
    pub fn decrypt(&self, key: &SectionKey, text: &str, longest: usize) -> Result<String, WrongKey> {
        let bytes = self.decode(text).ok_or(WrongKey)?;
        let (mode, ciphertext) = self.mode(key, &bytes).ok_or(WrongKey)?;
        let padding = match self.options.padding {
            CipherPadding::Pkcs7 => sm4::Padding::Pkcs7,
            CipherPadding::Zero => sm4::Padding::Zero,
            CipherPadding::None => sm4::Padding::None,
        };
        let plain = sm4::decrypt(&key.key, mode, padding, ciphertext).map_err(|_| WrongKey)?;
        let plain = std::str::from_utf8(&plain).map_err(|_| WrongKey)?;
        let length = plain.chars().count();
        let sound =
            (1..=longest).contains(&length) && !plain.trim().is_empty() && !plain.contains(char::is_control);
        if sound { Ok(plain.to_owned()) } else { Err(WrongKey) }
    }

    fn mode<'b>(&self, key: &SectionKey, bytes: &'b [u8]) -> Option<(sm4::Mode, &'b [u8])> {
        if self.options.mode == CipherMode::Ecb {
            return Some((sm4::Mode::Ecb, bytes));
        }
        let (iv, ciphertext) = match self.options.iv {
            IvSource::Zero => (sm4::Iv::from_bytes([0; BLOCK]), bytes),
            IvSource::Message => (key.iv?, bytes),
            IvSource::Agreed => (self.agreed.iv?, bytes),
            IvSource::Prefix => {
                let (iv, ciphertext) = bytes.split_at_checked(BLOCK)?;
                (sm4::Iv::from_bytes(iv.try_into().ok()?), ciphertext)
            }
        };
        Some((sm4::Mode::Cbc(iv), ciphertext))
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        match self.options.text {
            CipherText::Base64 => BASE64_STANDARD.decode(text).ok(),
            CipherText::Hex => hex::decode(text).ok(),
            CipherText::Auto => encoding::decode_any(text),
        }
    }
}

#[cfg(test)]
mod tests;

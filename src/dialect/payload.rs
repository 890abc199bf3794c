//! The encrypted message inside a wrapper: by SM2 to its receiver, or in a digital envelope (数字信封).

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::options::{CipherMode, CipherPadding, EnvelopeIv, EnvelopeKey, PayloadOptions};
use super::rejection::Tolerance;
use super::soundness::{Check, mismatch};
use crate::crypto::encoding::{self, KeyForm, TextForm};
use crate::crypto::{CipherError, sm2, sm4};

/// SM4's block.
const BLOCK: usize = 16;

/// No wrapped key is longer: 32 hexadecimal digits, encrypted by SM2 in ASN.1 and written in hexadecimal, take less
/// than 300 characters.
const LONGEST_KEY: usize = 1024;

/// Encrypts messages to a platform and decrypts those that it encrypted to the institution.
#[derive(Clone, Debug)]
pub(super) struct PayloadCipher {
    pub options: PayloadOptions,
    private_key: Arc<sm2::PrivateKey>,
    public_key: sm2::PublicKey,
}

/// A digital envelope, in its text form.
pub(super) struct Enveloped {
    pub data: String,
    pub key: String,
}

impl PayloadCipher {
    /// `private_key` is the institution's, `public_key` the platform's.
    pub fn new(
        options: PayloadOptions,
        private_key: Arc<sm2::PrivateKey>,
        public_key: sm2::PublicKey,
    ) -> Check<Self> {
        Self::check(&options)?;
        Ok(Self { options, private_key, public_key })
    }

    pub fn check(options: &PayloadOptions) -> Check {
        if options.envelope_padding == CipherPadding::None {
            return mismatch(
                "`payload.envelope_padding` that fills a block, as messages have any length",
                "`none`",
            );
        }
        if !options.accept_plain_style && !options.accept_enveloped {
            return mismatch("`payload.accept_plain_style` or `payload.accept_enveloped`", "neither");
        }
        Ok(())
    }

    /// Encrypts by SM2.
    ///
    /// # Errors
    /// [`CipherError::Plaintext`] for an empty text.
    pub fn seal(&self, plain: &[u8]) -> Result<String, CipherError> {
        let ciphertext = self.public_key.encrypt(plain, self.options.layout())?;
        Ok(self.options.text.encode(&ciphertext))
    }

    /// Encrypts under a fresh key, which is encrypted by SM2.
    ///
    /// # Errors
    /// [`CipherError::Plaintext`] for an empty text, where the padding does not make a block of it.
    pub fn envelop(&self, plain: &[u8]) -> Result<Enveloped, CipherError> {
        let fresh = sm4::Key::generate();
        let (key, material) = match self.options.envelope_key {
            EnvelopeKey::Raw => (fresh.clone(), Zeroizing::new(fresh.expose().to_vec())),
            EnvelopeKey::Hex => (fresh.clone(), Zeroizing::new(hex::encode(fresh.expose()).into_bytes())),
            EnvelopeKey::Base64 => {
                (fresh.clone(), Zeroizing::new(BASE64_STANDARD.encode(fresh.expose()).into_bytes()))
            }
            EnvelopeKey::Text => readable(&fresh),
        };
        let mut iv = sm4::Iv::from_bytes([0; BLOCK]);
        let mut ciphertext = Vec::new();
        if self.iv_in_front() {
            iv = sm4::Iv::generate();
            ciphertext.extend_from_slice(iv.as_bytes());
        }
        ciphertext.extend(sm4::encrypt(&key, self.mode(iv), self.padding(), plain)?);
        Ok(Enveloped { data: self.options.text.encode(&ciphertext), key: self.seal(&material)? })
    }

    /// Decrypts what was encrypted to the institution by SM2. Its digest inside notices a change, but anybody who has
    /// the public key can make such a ciphertext.
    pub fn open(&self, text: &str, tolerances: &mut Vec<Tolerance>) -> Option<Zeroizing<Vec<u8>>> {
        let ciphertext = self.decode(text, tolerances)?;
        let (plain, layout) = self.private_key.decrypt(&ciphertext).ok()?;
        if layout != self.options.layout() {
            record(tolerances, Tolerance::PayloadLayout(layout));
        }
        Some(plain)
    }

    /// Opens a digital envelope. Nothing in it tells who made it, nor that its data was not changed.
    pub fn open_envelope(
        &self,
        data: &str,
        key: &str,
        tolerances: &mut Vec<Tolerance>,
    ) -> Option<Zeroizing<Vec<u8>>> {
        if key.len() > LONGEST_KEY {
            return None;
        }
        let key = self.read_key(&self.open(key, tolerances)?, tolerances)?;
        let bytes = self.decode(data, tolerances)?;
        let (iv, ciphertext) = if self.iv_in_front() {
            let (iv, ciphertext) = bytes.split_first_chunk::<BLOCK>()?;
            (sm4::Iv::from_bytes(*iv), ciphertext)
        } else {
            (sm4::Iv::from_bytes([0; BLOCK]), bytes.as_slice())
        };
        sm4::decrypt(&key, self.mode(iv), self.padding(), ciphertext).ok()
    }

    /// The key in whichever form it was encrypted; 16 bytes are the key, be they readable or not.
    fn read_key(&self, material: &[u8], tolerances: &mut Vec<Tolerance>) -> Option<sm4::Key> {
        let text = || std::str::from_utf8(material).ok();
        let (key, form) = if let Some(key) = sm4::Key::from_slice(material) {
            (key, EnvelopeKey::Raw)
        } else if let Ok(key) = KeyForm::Hex.read_sm4_key(text()?) {
            (key, EnvelopeKey::Hex)
        } else {
            (KeyForm::Base64.read_sm4_key(text()?).ok()?, EnvelopeKey::Base64)
        };
        let expected = match self.options.envelope_key {
            EnvelopeKey::Text => EnvelopeKey::Raw,
            other => other,
        };
        if form != expected {
            record(tolerances, Tolerance::EnvelopeKey(name(form)));
        }
        Some(key)
    }

    fn decode(&self, text: &str, tolerances: &mut Vec<Tolerance>) -> Option<Vec<u8>> {
        let bytes = encoding::decode_any(text)?;
        // Hexadecimal takes two characters for a byte, Base64 never as many, whatever its line breaks.
        let (hex, expected) = (text.len() >= 2 * bytes.len(), self.options.text != TextForm::Base64);
        if hex != expected {
            record(tolerances, Tolerance::PayloadText(if hex { "hex" } else { "base64" }));
        }
        Some(bytes)
    }

    fn iv_in_front(&self) -> bool {
        self.options.envelope_mode == CipherMode::Cbc && self.options.envelope_iv == EnvelopeIv::Prefix
    }

    fn mode(&self, iv: sm4::Iv) -> sm4::Mode {
        match self.options.envelope_mode {
            CipherMode::Ecb => sm4::Mode::Ecb,
            CipherMode::Cbc => sm4::Mode::Cbc(iv),
        }
    }

    fn padding(&self) -> sm4::Padding {
        match self.options.envelope_padding {
            CipherPadding::Pkcs7 => sm4::Padding::Pkcs7,
            CipherPadding::Zero => sm4::Padding::Zero,
            CipherPadding::None => sm4::Padding::None,
        }
    }
}

/// Key and data of one envelope are often alike in what is unusual of them.
fn record(tolerances: &mut Vec<Tolerance>, tolerance: Tolerance) {
    if !tolerances.contains(&tolerance) {
        tolerances.push(tolerance);
    }
}

/// A key of 16 readable characters, and those: the Base64 of 12 random bytes.
fn readable(random: &sm4::Key) -> (sm4::Key, Zeroizing<Vec<u8>>) {
    let (mut key, mut text) = ([0; BLOCK], Zeroizing::new(Vec::with_capacity(BLOCK)));
    let bytes = random.expose().first_chunk::<12>().copied().unwrap_or_default();
    text.extend(BASE64_STANDARD.encode(bytes).into_bytes());
    key.iter_mut().zip(text.iter()).for_each(|(to, from)| *to = *from);
    (sm4::Key::from_bytes(key), text)
}

fn name(form: EnvelopeKey) -> &'static str {
    match form {
        EnvelopeKey::Raw => "raw",
        EnvelopeKey::Hex => "hex",
        EnvelopeKey::Base64 => "base64",
        EnvelopeKey::Text => "text",
    }
}

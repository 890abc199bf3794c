//! The key of an uploaded file: made, kept sealed, used for the file, and wrapped for the platform.

use std::fmt;

use anyhow::Context;
use zeroize::Zeroizing;

use crate::crypto::encoding::TextForm;
use crate::crypto::md5;
use crate::crypto::sm2::PublicKey;
use crate::crypto::sm4::{self, Iv, Mode, Padding};
use crate::dialect::options::{CipherMode, CipherPadding, DigestOf, UploadOptions, WrappedMaterial};

/// SM4 key and initialisation vector of one file.
#[derive(Clone, zeroize::ZeroizeOnDrop)]
pub(super) struct FileKey {
    key: sm4::Key,
    #[zeroize(skip)]
    iv: Iv,
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey")
    }
}

impl FileKey {
    pub(super) fn generate() -> Self {
        Self { key: sm4::Key::generate(), iv: Iv::generate() }
    }

    pub(super) fn new(key: sm4::Key, iv: Iv) -> Self {
        Self { key, iv }
    }

    /// Key and vector one behind the other: 32 bytes, for the store.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.key.expose().as_slice(), self.iv.as_bytes().as_slice()].concat())
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let (key, iv) = bytes.split_at_checked(16).context("the stored file key is too short")?;
        let iv: [u8; 16] = iv.try_into().context("the stored file key has no vector of 16 bytes")?;
        let key = sm4::Key::from_slice(key).context("the stored file key is not 16 bytes long")?;
        Ok(Self { key, iv: Iv::from_bytes(iv) })
    }

    /// The file as it goes over the wire, before slicing.
    pub(super) fn encrypt(&self, options: &UploadOptions, file: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mode = match options.mode {
            CipherMode::Cbc => Mode::Cbc(self.iv),
            CipherMode::Ecb => Mode::Ecb,
        };
        let padding = match options.padding {
            CipherPadding::Pkcs7 => Padding::Pkcs7,
            CipherPadding::Zero => Padding::Zero,
            CipherPadding::None => Padding::None,
        };
        sm4::encrypt(&self.key, mode, padding, file).context("the letter can't be encrypted")
    }

    /// Key and vector, each encrypted to the platform's public key and in text form.
    pub(super) fn wrapped(
        &self,
        options: &UploadOptions,
        platform: &PublicKey,
    ) -> anyhow::Result<(String, String)> {
        Ok((wrap(options, platform, self.key.expose())?, wrap(options, platform, self.iv.as_bytes())?))
    }
}

fn wrap(options: &UploadOptions, platform: &PublicKey, bytes: &[u8]) -> anyhow::Result<String> {
    let material = match options.wrapped_material {
        WrappedMaterial::Raw => Zeroizing::new(bytes.to_vec()),
        WrappedMaterial::Hex => Zeroizing::new(TextForm::Hex.encode(bytes).into_bytes()),
        WrappedMaterial::Base64 => Zeroizing::new(TextForm::Base64.encode(bytes).into_bytes()),
    };
    let wrapped = platform.encrypt(&material, options.layout()).context("the file key can't be wrapped")?;
    Ok(options.wrap_text.encode(&wrapped))
}

/// The digest (MD5) that the completion carries, of the file or of its ciphertext.
pub(super) fn file_digest(options: &UploadOptions, file: &[u8], ciphertext: &[u8]) -> String {
    let bytes = match options.digest_of {
        DigestOf::Plaintext => file,
        DigestOf::Ciphertext => ciphertext,
    };
    options.digest_text.encode(&md5::digest(bytes))
}

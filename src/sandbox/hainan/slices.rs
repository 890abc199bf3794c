//! A.4 and A.5: slices put together, key and IV unwrapped, the file decrypted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::letter::md5;
use super::super::message::Reason;
use super::wire::{BytesText, FileCipher, Md5Text, SliceText, Sm2Order, WireForm};
use crate::crypto::second_opinion::{KeyPair, sm4_cbc_decrypt, sm4_ecb_decrypt};

/// A file as it arrived, with what A.5 says about it.
pub struct Arrival {
    pub slices: Vec<String>,
    pub key: String,
    pub iv: String,
    pub md5: String,
}

impl Arrival {
    /// Unwraps key and IV, decrypts the joined slices and compares the digest.
    ///
    /// # Errors
    /// Which of these steps fails.
    pub fn open(&self, wire: &WireForm, keys: &KeyPair) -> Result<Vec<u8>, Reason> {
        let ciphertext = join(&self.slices, wire.slice)?;
        let key = unwrap("key", &self.key, wire, keys)?;
        let iv = unwrap("iv", &self.iv, wire, keys)?;
        let document = match wire.cipher {
            FileCipher::Sm4Cbc => sm4_cbc_decrypt(&key, &iv, &ciphertext),
            FileCipher::Sm4Ecb => sm4_ecb_decrypt(&key, &ciphertext),
        }
        .map_err(|_| Reason::new("保函文件解密失败"))?;
        let expected = match wire.md5 {
            Md5Text::Lower => md5(&document),
            Md5Text::Upper => md5(&document).to_uppercase(),
            Md5Text::CiphertextLower => md5(&ciphertext),
        };
        if expected == self.md5 {
            Ok(document)
        } else {
            Err(Reason::new("baohanfilemd5与保函文件不一致"))
        }
    }
}

fn join<T: AsRef<str>>(slices: &[T], form: SliceText) -> Result<Vec<u8>, Reason> {
    if form == SliceText::CutBase64 {
        let joined: String = slices.iter().map(AsRef::as_ref).collect();
        return BASE64.decode(joined).map_err(|_| Reason::new("baohanfile不是合法的Base64"));
    }
    let mut ciphertext = Vec::with_capacity(slices.iter().map(|slice| slice.as_ref().len()).sum());
    for slice in slices {
        ciphertext.extend(decode_slice(slice.as_ref(), form)?);
    }
    Ok(ciphertext)
}

/// Decodes one slice, where a slice can be decoded by itself.
///
/// # Errors
/// When its text is not what the platform expects.
pub fn decode_slice(slice: &str, form: SliceText) -> Result<Vec<u8>, Reason> {
    match form {
        SliceText::Base64OfEach => {
            BASE64.decode(slice).map_err(|_| Reason::new("baohanfile不是合法的Base64"))
        }
        SliceText::HexOfEach => hex::decode(slice).map_err(|_| Reason::new("baohanfile不是合法的十六进制")),
        SliceText::CutBase64 => Ok(slice.as_bytes().to_vec()),
    }
}

fn unwrap(name: &str, text: &str, wire: &WireForm, keys: &KeyPair) -> Result<[u8; 16], Reason> {
    let wrapped = match wire.wrap {
        BytesText::Base64 => {
            BASE64.decode(text).map_err(|_| Reason::new(format!("{name}不是合法的Base64")))?
        }
        BytesText::Hex => hex::decode(text).map_err(|_| Reason::new(format!("{name}不是合法的十六进制")))?,
    };
    let raw = match wire.order {
        Sm2Order::C1c3c2 => keys.decrypt_c1c3c2(&wrapped),
        Sm2Order::C1c2c3 => keys.decrypt_c1c2c3(&wrapped),
    }
    .map_err(|_| Reason::new(format!("{name}无法用平台私钥解密")))?;
    raw.try_into().map_err(|_| Reason::new(format!("{name}应为16字节")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_join_in_each_form() {
        assert_eq!(join(&["QUI=", "Qw=="], SliceText::Base64OfEach).unwrap(), b"ABC");
        assert_eq!(join(&["QU", "JD"], SliceText::CutBase64).unwrap(), b"ABC");
        assert_eq!(join(&["4142", "43"], SliceText::HexOfEach).unwrap(), b"ABC");
        assert!(join(&["QU", "I="], SliceText::Base64OfEach).is_err());
    }
}

//! A delivered letter: its slices put together and decrypted, and what must and must not stand in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use serde::Serialize;

use super::applicants::{Application, Sealed};
use super::message::Reason;
use super::ofd::Ofd;
use super::options::{BytesText, FileCipher, Md5Text, SliceText, Sm2Order, WireForm};
use crate::crypto::second_opinion::{KeyPair, sm4_cbc_decrypt, sm4_ecb_decrypt};

/// Which of the two letters a file is (`filetype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Letter {
    /// `1`, before the opening.
    Ciphertext,
    /// `2`, after the opening, merged with the first.
    Plaintext,
}

impl Letter {
    /// The letter that a checked `filetype` means.
    pub fn of(filetype: &str) -> Self {
        if filetype == "2" { Self::Plaintext } else { Self::Ciphertext }
    }

    /// The letter's name in file names and lines of text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ciphertext => "ciphertext",
            Self::Plaintext => "plaintext",
        }
    }
}

/// A file as it arrived, with what A.5 says about it.
pub struct Arrival<'a> {
    pub slices: Vec<&'a str>,
    pub key: &'a str,
    pub iv: &'a str,
    pub md5: &'a str,
}

impl Arrival<'_> {
    /// Unwraps key and IV, decrypts the joined slices and compares the digest.
    ///
    /// # Errors
    /// Which of these steps fails.
    pub fn open(&self, wire: &WireForm, keys: &KeyPair) -> Result<Vec<u8>, Reason> {
        let ciphertext = join(&self.slices, wire.slice)?;
        let key = unwrap("key", self.key, wire, keys)?;
        let iv = unwrap("iv", self.iv, wire, keys)?;
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

/// MD5 as 32 lower-case hexadecimal digits.
pub fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

fn join(slices: &[&str], form: SliceText) -> Result<Vec<u8>, Reason> {
    if form == SliceText::CutBase64 {
        return BASE64.decode(slices.concat()).map_err(|_| Reason::new("baohanfile不是合法的Base64"));
    }
    let mut ciphertext = Vec::with_capacity(slices.iter().map(|slice| slice.len()).sum());
    for slice in slices {
        ciphertext.extend(decode_slice(slice, form)?);
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

/// What a letter is held against.
pub struct Expected<'a> {
    pub letter: Letter,
    pub application: &'a Application,
    pub sealed: &'a Sealed,
    pub baohanno: &'a str,
    pub seal_required: bool,
}

impl Expected<'_> {
    /// Reads the letter and holds it against the application.
    ///
    /// # Errors
    /// What is missing in it, or stands in it and must not.
    pub fn examine(&self, document: &[u8]) -> Result<Ofd, Reason> {
        let ofd = Ofd::read(document)?;
        let application = self.application;
        let ciphertext = [
            ("标段编号密文", self.sealed.biaoduanno.as_str()),
            ("标段名称密文", self.sealed.biaoduanname.as_str()),
            ("招标人密文", self.sealed.zbr.as_str()),
        ];
        let plaintext = [
            ("标段编号", application.section_number.as_str()),
            ("标段名称", application.section_name.as_str()),
            ("招标人", application.beneficiary.as_str()),
        ];
        let always = [("保函编号", self.baohanno), ("投标人名称", application.biddername.as_str())];
        let mut wanted: Vec<(&str, &str)> = always.into_iter().chain(ciphertext).collect();
        match self.letter {
            Letter::Plaintext => wanted.extend(plaintext),
            Letter::Ciphertext => {
                for (name, value) in plaintext {
                    if ofd.shows(value) {
                        return Err(Reason::new(format!("密文保函泄露{name}明文")));
                    }
                    if let Some(file) = ofd.file_with(value) {
                        return Err(Reason::new(format!("密文保函的{file}泄露{name}明文")));
                    }
                }
            }
        }
        for (name, value) in wanted {
            if !ofd.shows(value) {
                return Err(Reason::new(format!("保函中没有{name}")));
            }
        }
        if !shows_amount(&ofd.text, &application.bond) {
            return Err(Reason::new("保函中没有保证金金额"));
        }
        if self.seal_required && ofd.signatures == 0 {
            return Err(Reason::new("保函没有电子签章（A.4.2）"));
        }
        Ok(ofd)
    }
}

/// Whether the amount stands there in figures, with or without separators of thousands; whole yuan may stand without
/// their two places.
fn shows_amount(text: &str, bond: &str) -> bool {
    let text: String = text.chars().filter(|character| !matches!(character, ',' | '，')).collect();
    let (whole, fraction) = bond.split_once('.').unwrap_or((bond, ""));
    let amount = match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        _ => format!("{whole}.{fraction:0<2}"),
    };
    text.match_indices(&amount).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + amount.len()..).and_then(|after| after.chars().next());
        let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
        !digit(before) && !digit(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_found_in_figures_and_not_inside_another_number() {
        assert!(shows_amount("人民币800,000.00元", "800000.00"));
        assert!(shows_amount("（小写）¥800000元整", "800000.00"));
        assert!(shows_amount("120000.50", "120000.5"));
        assert!(!shows_amount("1800000.00元", "800000.00"));
        assert!(!shows_amount("8000000元", "800000.00"));
        assert!(!shows_amount("120000.00", "120000.50"));
    }

    #[test]
    fn slices_join_in_each_form() {
        assert_eq!(join(&["QUI=", "Qw=="], SliceText::Base64OfEach).unwrap(), b"ABC");
        assert_eq!(join(&["QU", "JD"], SliceText::CutBase64).unwrap(), b"ABC");
        assert_eq!(join(&["4142", "43"], SliceText::HexOfEach).unwrap(), b"ABC");
        assert!(join(&["QU", "I="], SliceText::Base64OfEach).is_err());
    }
}

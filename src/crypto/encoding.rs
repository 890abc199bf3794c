//! The text forms in which platforms write ciphertexts, digests and keys.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::sm4;

/// Reads standard Base64 with or without its padding.
const BASE64_TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Hex digits of this length or more are taken for hex even if upper and lower case are mixed, since Base64 of that
/// length would not avoid the other forty letters.
const SURELY_HEX: usize = 32;

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextForm {
    /// With padding, on one line.
    #[default]
    Base64,
    Hex,
    HexUpper,
}

impl TextForm {
    pub fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Base64 => BASE64_STANDARD.encode(bytes),
            Self::Hex => hex::encode(bytes),
            Self::HexUpper => hex::encode_upper(bytes),
        }
    }
}

/// Reads hex or standard Base64, whichever the text is written in; white space and line ends are ignored.
///
/// A text of hex digits only is hex if its length is even and either its case is uniform or it is long; everything else
/// is Base64, with or without padding.
pub fn decode_any(text: &str) -> Option<Vec<u8>> {
    let compact: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
    if compact.is_empty() {
        return None;
    }
    if is_hex(&compact) {
        hex::decode(compact.as_bytes()).ok()
    } else {
        BASE64_TOLERANT.decode(compact.as_bytes()).ok()
    }
}

fn is_hex(text: &str) -> bool {
    let mixed = text.contains(|letter: char| letter.is_ascii_lowercase())
        && text.contains(|letter: char| letter.is_ascii_uppercase());
    text.len().is_multiple_of(2)
        && text.bytes().all(|digit| digit.is_ascii_hexdigit())
        && (!mixed || text.len() >= SURELY_HEX)
}

/// How a platform writes an SM4 key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyForm {
    /// 32 hex digits, else Base64 of 16 bytes, else 16 bytes as they stand.
    #[default]
    Auto,
    Base64,
    Hex,
    /// The 16 bytes of the text itself.
    Utf8,
}

/// A text is not an SM4 key. Says the length found, and never the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key: expected {expected}, found {found} characters that are not")]
pub struct KeyTextError {
    expected: &'static str,
    found: usize,
}

impl KeyForm {
    /// Reads an SM4 key. White space around hex and Base64 is ignored.
    ///
    /// # Errors
    /// When the text is not a key in this form.
    pub fn read_sm4_key(self, text: &str) -> Result<sm4::Key, KeyTextError> {
        let trimmed = text.trim_ascii();
        let key = match self {
            Self::Auto => hex_key(trimmed)
                .or_else(|| base64_key(trimmed))
                .or_else(|| sm4::Key::from_slice(text.as_bytes())),
            Self::Base64 => base64_key(trimmed),
            Self::Hex => hex_key(trimmed),
            Self::Utf8 => sm4::Key::from_slice(text.as_bytes()),
        };
        key.ok_or(KeyTextError { expected: self.expectation(), found: text.chars().count() })
    }

    fn expectation(self) -> &'static str {
        match self {
            Self::Auto => "32 hex digits, Base64 of 16 bytes, or 16 bytes of text",
            Self::Base64 => "Base64 of 16 bytes",
            Self::Hex => "32 hex digits",
            Self::Utf8 => "16 bytes of text",
        }
    }
}

fn hex_key(text: &str) -> Option<sm4::Key> {
    let bytes = Zeroizing::new(hex::decode(text).ok()?);
    sm4::Key::from_slice(&bytes)
}

fn base64_key(text: &str) -> Option<sm4::Key> {
    let bytes = Zeroizing::new(BASE64_TOLERANT.decode(text).ok()?);
    sm4::Key::from_slice(&bytes)
}

/// One block of a PEM text (RFC 7468).
pub(super) struct PemBlock<'a> {
    pub label: &'a str,
    pub der: Zeroizing<Vec<u8>>,
}

/// The blocks of a PEM text. Line lengths do not matter, and a block that is not Base64 is left out, such as the old
/// encrypted form, which has headers.
pub(super) fn pem_blocks(text: &str) -> Vec<PemBlock<'_>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let Some((label, after)) = after.split_once("-----") else { break };
        let end = format!("-----END {label}-----");
        let Some((body, after)) = after.split_once(end.as_str()) else { break };
        let compact: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        if let Ok(der) = BASE64_TOLERANT.decode(compact.as_bytes()) {
            blocks.push(PemBlock { label, der: Zeroizing::new(der) });
        }
        rest = after;
    }
    blocks
}

/// Writes one PEM block, in lines of 64 characters.
pub(super) fn to_pem(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(BASE64_STANDARD.encode(der));
    // With room for everything from the start, so that no part of a key stays behind where a shorter text was.
    let mut pem = String::with_capacity(body.len() + body.len() / 64 + 2 * label.len() + 64);
    pem.push_str("-----BEGIN ");
    pem.push_str(label);
    pem.push_str("-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();

    #[test]
    fn every_form_is_read_back() {
        for length in [1, 2, 3, 16, 32, 112, 113, 1000] {
            let bytes: Vec<u8> = (0..length).map(|index| u8::try_from(index * 7 % 256).unwrap()).collect();
            for form in [TextForm::Base64, TextForm::Hex, TextForm::HexUpper] {
                assert_eq!(decode_any(&form.encode(&bytes)).unwrap(), bytes, "{form:?} {length}");
            }
        }
        assert_eq!(TextForm::HexUpper.encode(&[0xab]), "AB");
    }

    #[test]
    fn line_ends_and_missing_padding_are_no_obstacle() {
        assert_eq!(decode_any(" QUJD\r\nRA== \n").unwrap(), b"ABCD");
        assert_eq!(decode_any("QUJDRA").unwrap(), b"ABCD");
        assert_eq!(decode_any("00 11\n22").unwrap(), [0, 0x11, 0x22]);
    }

    #[test]
    fn what_is_neither_hex_nor_base64_is_nothing() {
        for text in ["", "   ", "abc$", "一标段", "QUJDR", "====", "-_-_"] {
            assert_eq!(decode_any(text), None, "{text}");
        }
    }

    #[test]
    fn short_hex_digits_of_mixed_case_are_base64_and_long_ones_are_hex() {
        assert_eq!(decode_any("aBcD").unwrap(), BASE64_STANDARD.decode("aBcD").unwrap());
        assert_eq!(decode_any("00112233445566778899aabbccddEEFF").unwrap(), KEY);
    }

    #[test]
    fn a_key_is_read_in_every_form_that_was_seen() {
        let texts = [
            "00112233445566778899aabbccddeeff",
            "00112233445566778899AABBCCDDEEFF",
            "ABEiM0RVZneImaq7zN3u/w==",
        ];
        for text in texts {
            assert_eq!(KeyForm::Auto.read_sm4_key(text).unwrap().expose(), &KEY, "{text}");
            assert_eq!(KeyForm::Auto.read_sm4_key(&format!(" {text}\n")).unwrap().expose(), &KEY, "{text}");
        }
        assert_eq!(KeyForm::Auto.read_sm4_key("0123456789abcdef").unwrap().expose(), b"0123456789abcdef");
        assert_eq!(KeyForm::Utf8.read_sm4_key("0123456789abcdef").unwrap().expose(), b"0123456789abcdef");
        assert_eq!(KeyForm::Hex.read_sm4_key(texts[0]).unwrap().expose(), &KEY);
        assert_eq!(KeyForm::Base64.read_sm4_key(texts[2]).unwrap().expose(), &KEY);
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_without_being_repeated() {
        let texts = [
            "",
            "0123456789abcde",
            "0123456789abcdefg",
            "QUJDRA==",
            "一标段的密钥不在这里",
            "0123456789ABCDEF0123456789abcde",
        ];
        for text in texts {
            for form in [KeyForm::Auto, KeyForm::Base64, KeyForm::Hex, KeyForm::Utf8] {
                let complaint = form.read_sm4_key(text).unwrap_err().to_string();
                assert!(complaint.contains(&text.chars().count().to_string()), "{complaint}");
                assert!(text.is_empty() || !complaint.contains(text), "{complaint}");
            }
        }
        assert!(KeyForm::Hex.read_sm4_key("ABEiM0RVZneImaq7zN3u/w==").is_err());
    }

    #[test]
    fn settings_name_the_forms_in_kebab_case() {
        let form = |text: &str| serde_json::from_str::<TextForm>(text).unwrap();
        assert_eq!(form("\"hex-upper\""), TextForm::HexUpper);
        assert_eq!(form("\"base64\""), TextForm::Base64);
        assert_eq!(serde_json::from_str::<KeyForm>("\"utf8\"").unwrap(), KeyForm::Utf8);
    }

    #[test]
    fn pem_is_read_in_lines_of_any_length() {
        let pem = to_pem("THING", &[7; 100]);
        assert!(pem.lines().all(|line| line.len() <= 64));
        let one_line = pem.replace('\n', "");
        for text in [pem.as_str(), one_line.as_str(), &format!("a preface\n{pem}{pem}")] {
            let blocks = pem_blocks(text);
            assert_eq!(blocks[0].label, "THING");
            assert_eq!(blocks[0].der.as_slice(), [7; 100]);
        }
        assert!(pem_blocks("-----BEGIN THING-----\nProc-Type: 4\n\nAAAA\n-----END THING-----").is_empty());
        assert!(pem_blocks("-----BEGIN THING-----\nAAAA").is_empty());
    }

    #[test]
    fn a_refused_key_says_in_which_form_it_was_expected() {
        for (form, expected) in [
            (KeyForm::Auto, "expected 32 hex digits, Base64 of 16 bytes, or 16 bytes of text"),
            (KeyForm::Base64, "expected Base64 of 16 bytes, found 3"),
            (KeyForm::Hex, "expected 32 hex digits, found 3"),
            (KeyForm::Utf8, "expected 16 bytes of text, found 3"),
        ] {
            let complaint = form.read_sm4_key("abc").unwrap_err().to_string();
            assert!(complaint.contains(expected), "{complaint}");
        }
    }
}

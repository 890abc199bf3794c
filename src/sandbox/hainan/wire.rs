//! What the specification leaves open about the encrypted file.

use serde::Deserialize;

/// What A.3 to A.5 leave open about the encrypted file; the defaults are the likeliest readings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WireForm {
    /// The `index` of the first slice, 0 or 1.
    pub index_base: u64,
    pub public_key: PublicKeyText,
    pub slice: SliceText,
    pub cipher: FileCipher,
    /// The order of the three parts in the SM2 ciphertext of `key` and `iv`.
    pub order: Sm2Order,
    /// The text form of that ciphertext.
    pub wrap: BytesText,
    pub md5: Md5Text,
}

impl Default for WireForm {
    fn default() -> Self {
        Self {
            index_base: 1,
            public_key: PublicKeyText::default(),
            slice: SliceText::default(),
            cipher: FileCipher::default(),
            order: Sm2Order::default(),
            wrap: BytesText::default(),
            md5: Md5Text::default(),
        }
    }
}

/// How A.3 hands out the public key, a point of 65 bytes beginning with 04.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicKeyText {
    /// 130 hexadecimal digits.
    #[default]
    Hex,
    /// 128 hexadecimal digits, the 04 left off.
    HexWithout04,
    /// Base64 of all 65 bytes.
    Base64,
}

/// How a ciphertext becomes slices of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SliceText {
    /// The ciphertext is cut, and each piece is written as Base64.
    #[default]
    Base64OfEach,
    /// The ciphertext is written as Base64, and that text is cut.
    CutBase64,
    /// The ciphertext is cut, and each piece is written as hexadecimal digits.
    HexOfEach,
}

/// What encrypts the file; the padding is PKCS#7 in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileCipher {
    #[default]
    Sm4Cbc,
    Sm4Ecb,
}

/// The order of an SM2 ciphertext's parts behind its first point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sm2Order {
    /// GB/T 32918.4-2016.
    #[default]
    C1c3c2,
    /// What older libraries write.
    C1c2c3,
}

/// Bytes as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BytesText {
    #[default]
    Base64,
    Hex,
}

/// What `baohanfilemd5` is the MD5 of, and in which case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Md5Text {
    /// Of the OFD before encryption, lower case.
    #[default]
    Lower,
    /// Of the OFD before encryption, upper case.
    Upper,
    /// Of the whole ciphertext, lower case.
    CiphertextLower,
}

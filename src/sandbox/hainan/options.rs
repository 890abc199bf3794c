//! How a sandboxed Hainan platform is set up: its credentials, and what the specification leaves open about files.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::clock::Clock;

/// Everything that one sandboxed platform and its institution have agreed on.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Where the platform listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What the platform's pushes are addressed to, without the interface:
    /// `http://127.0.0.1:8080/platforms/hainan`.
    pub gateway: String,
    pub appkey: String,
    pub appsecret: String,
    pub platform_code: String,
    pub wire: WireForm,
    pub clock: Clock,
    /// How far a request's timestamp may be from the platform's clock, either way.
    pub timestamp_window: Duration,
    /// A.2 must have been accepted before A.4; otherwise either order is taken.
    pub notice_first: bool,
    /// A letter must carry at least one signature whose reference digests are right (A.4.2, item 2).
    pub seal_required: bool,
    /// Keep the accepted letters themselves; without them, a long run needs little memory.
    pub keep_letters: bool,
    /// How long the platform waits for the answer to a push.
    pub push_timeout: Duration,
}

impl SandboxOptions {
    /// A platform on a free loopback port with the usual choices.
    pub fn new(gateway: impl Into<String>, appkey: impl Into<String>, appsecret: impl Into<String>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            gateway: gateway.into(),
            appkey: appkey.into(),
            appsecret: appsecret.into(),
            platform_code: "460000".to_owned(),
            wire: WireForm::default(),
            clock: Clock::system(),
            timestamp_window: Duration::from_secs(15 * 60),
            notice_first: true,
            seal_required: true,
            keep_letters: true,
            push_timeout: Duration::from_secs(30),
        }
    }
}

/// What A.3 to A.5 leave open about the encrypted file; the defaults are those of a Hainan installation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
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

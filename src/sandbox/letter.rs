//! The two letters of a guarantee.

use md5::{Digest, Md5};
use serde::Serialize;

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

/// MD5 as 32 lower-case hexadecimal digits.
pub fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

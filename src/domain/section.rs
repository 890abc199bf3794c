//! The tender section and its beneficiary: ciphertext before the opening, plaintext after it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::particulars::Particulars;

/// A field as the platform encrypted it, in the text form in which it came; letters print it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ciphertext(String);

impl Ciphertext {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Until when the institution may not read the section and the beneficiary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secrecy {
    /// The platform hands over the key when the bids are opened.
    #[default]
    UntilOpening,
    /// The institution can read them from the start; there is nothing to restore.
    None,
}

impl Secrecy {
    pub const ALL: [Self; 2] = [Self::UntilOpening, Self::None];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::UntilOpening => "until-opening",
            Self::None => "none",
        }
    }
}

/// What an application tells of its tender section, in the texts in which it came: ciphertext where the platform
/// encrypts them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSection {
    pub number: Ciphertext,
    pub name: Ciphertext,
    pub beneficiary: Ciphertext,
    pub beneficiary_code: Option<Ciphertext>,
}

/// The same after the key has arrived. Debug prints nothing of it, and it is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, zeroize::ZeroizeOnDrop)]
pub struct RevealedSection {
    pub number: String,
    pub name: String,
    pub beneficiary: String,
    pub beneficiary_code: Option<String>,
    pub particulars: Particulars,
}

impl fmt::Debug for RevealedSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevealedSection")
    }
}

//! The tender section and its beneficiary: ciphertext before the opening, plaintext after it.

use std::fmt;

use serde::{Deserialize, Serialize};

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

/// What an application tells of its tender section before the opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSection {
    pub number: Ciphertext,
    pub name: Ciphertext,
    pub beneficiary: Ciphertext,
    pub beneficiary_code: Option<Ciphertext>,
}

/// The same after the key has arrived. Debug prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RevealedSection {
    pub number: String,
    pub name: String,
    pub beneficiary: String,
    pub beneficiary_code: Option<String>,
}

impl fmt::Debug for RevealedSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevealedSection")
    }
}

//! Texts that must not be seen: application secrets, passwords, keys in text form.

use std::fmt;

use serde::Deserialize;
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// A secret text. Debug prints nothing of it, it can't be serialised, it is compared in constant time, and it
/// is wiped when dropped.
#[derive(Clone, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// How long it takes tells the lengths and nothing else.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("6f1d2c9a")), "Secret");
    }

    #[test]
    fn only_the_same_text_is_the_same_secret() {
        let secret = Secret::new("6f1d2c9a");
        assert_eq!(secret, Secret::new("6f1d2c9a"));
        for other in ["", "6f1d2c9", "6f1d2c9b", "7f1d2c9a", "6f1d2c9a0"] {
            assert_ne!(secret, Secret::new(other));
        }
    }
}

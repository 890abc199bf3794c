//! Where applicants go on after an application: an address of the institution's, with a token by which its core system
//! knows who has come.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crypto::token::{self, SHORTEST_SECRET, TokenError};
use crate::domain::Guarantee;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, PlatformId};
use crate::secret::Secret;

/// What the tokens are for, as they say themselves (`aud`).
pub const AUDIENCE: &str = "baohan-redirect";

/// What stands for the token in an address.
pub const PLACEHOLDER: &str = "{token}";

/// The `[redirects]` section of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectOptions {
    /// Signs tokens: at least 32 characters, known to the gateway and to whoever verifies tokens offline.
    pub secret: Option<Secret>,
    /// The secret before it: tokens that it signed hold until they expire.
    pub previous_secret: Option<Secret>,
    /// How long a token holds.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub valid: Duration,
}

impl Default for RedirectOptions {
    fn default() -> Self {
        Self { secret: None, previous_secret: None, valid: Duration::from_secs(24 * 3600) }
    }
}

/// What a token says of the applicant who carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    #[serde(rename = "sub")]
    pub guarantee: GuaranteeId,
    pub platform: PlatformId,
    pub application: ApplicationNumber,
}

/// Makes tokens and verifies them.
#[derive(Clone, Debug)]
pub struct Redirects {
    secret: Secret,
    /// All that verify, the one that signs among them.
    secrets: Vec<Secret>,
    valid: Duration,
}

/// A secret that can't sign.
#[derive(Debug, thiserror::Error)]
#[error("redirects.{key}: expected at least {SHORTEST_SECRET} characters, found {found}")]
pub struct ShortSecret {
    key: &'static str,
    found: usize,
}

impl Redirects {
    /// None where the settings name no secret.
    ///
    /// # Errors
    /// When a secret is too short.
    pub fn new(options: &RedirectOptions) -> Result<Option<Self>, ShortSecret> {
        let named = [("secret", &options.secret), ("previous_secret", &options.previous_secret)];
        let mut secrets = Vec::new();
        for (key, secret) in named {
            let Some(secret) = secret else { continue };
            let found = secret.expose().len();
            if found < SHORTEST_SECRET {
                return Err(ShortSecret { key, found });
            }
            secrets.push(secret.clone());
        }
        let redirects = |secret| Self { secret, secrets, valid: options.valid };
        Ok(options.secret.clone().map(redirects))
    }

    /// A token for the applicant of a guarantee.
    ///
    /// # Errors
    /// None that can happen: the claims are an object of texts.
    pub fn token(&self, guarantee: &Guarantee, at: Timestamp) -> anyhow::Result<Secret> {
        let visit = Visit {
            guarantee: guarantee.id.clone(),
            platform: guarantee.platform.clone(),
            application: guarantee.application.number.clone(),
        };
        let until = at.saturating_add(self.valid).unwrap_or(Timestamp::MAX);
        token::sign(&visit, AUDIENCE, &self.secret, at, until)
    }

    /// Who carries a token, and until when it holds.
    ///
    /// # Errors
    /// When it is none of ours, or its time is over.
    pub fn verify(&self, token: &str, at: Timestamp) -> Result<(Visit, Timestamp), TokenError> {
        token::verify(token, AUDIENCE, &self.secrets, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_can_be_guessed_is_refused_by_its_key_and_none_means_no_tokens() {
        let with = |secret: Option<&str>, previous_secret: Option<&str>| RedirectOptions {
            secret: secret.map(Secret::new),
            previous_secret: previous_secret.map(Secret::new),
            ..RedirectOptions::default()
        };
        assert!(Redirects::new(&with(None, None)).unwrap().is_none());
        let long = "0123456789abcdef0123456789abcdef";
        assert!(Redirects::new(&with(Some(long), Some(long))).unwrap().is_some());
        let short = Redirects::new(&with(Some(long), Some("0123"))).unwrap_err().to_string();
        assert_eq!(short, "redirects.previous_secret: expected at least 32 characters, found 4");
    }
}

//! The `[proposals]` section of the settings.

use std::time::Duration;

use serde::Deserialize;

/// How long proposals and grants hold, and what takes two people.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProposalOptions {
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub expires: Duration,
    /// Of keys of openings, which are urgent or worth nothing.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub keys_expire: Duration,
    /// How long somebody may see what is masked otherwise.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub unmask_for: Duration,
}

impl Default for ProposalOptions {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self { expires: minutes(24 * 60), keys_expire: minutes(120), unmask_for: minutes(15) }
    }
}

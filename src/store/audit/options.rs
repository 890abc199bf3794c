//! How often the trail is anchored and looked through.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditOptions {
    /// How long after an entry its number and code are noted outside of the database, at most.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub anchor_every: Duration,
    /// The file to note them in, beside the log.
    pub anchor_file: Option<PathBuf>,
    /// How often the entries that are new are looked through.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub verify_every: Duration,
    /// How often all entries are.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub verify_all_every: Duration,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self {
            anchor_every: Duration::from_secs(10),
            anchor_file: None,
            verify_every: Duration::from_secs(300),
            verify_all_every: Duration::from_secs(86_400),
        }
    }
}

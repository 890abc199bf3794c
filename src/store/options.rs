//! Where the database is and how many hands reach for it.

use std::time::Duration;

use serde::Deserialize;

use crate::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreOptions {
    /// `sqlite:PATH` (or just a path) or `postgres://…`; a secret, because it may hold a password.
    pub url: Secret,
    /// Connections to PostgreSQL per process. A transaction is bound by round trips: 16 to 32 serve a network.
    pub connections: u32,
    /// Whether workers pass over jobs that another one is claiming (`SKIP LOCKED`), or wait for it, as some engines of
    /// PostgreSQL's family need it.
    pub skip_locked: bool,
    /// Read-only connections to SQLite; writes have one of their own.
    pub readers: u32,
    /// Writes that may wait for SQLite's writer before callers are told that the store is busy.
    pub queue: u32,
    /// How long a caller waits for a free connection before it is told that the store is busy.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub wait: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            url: Secret::new("sqlite:data/baohan.db"),
            connections: 16,
            skip_locked: true,
            readers: 4,
            queue: 1024,
            wait: Duration::from_secs(5),
        }
    }
}

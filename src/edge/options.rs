//! The sections `server.limits` and `platforms.ID.edge` of the settings.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::Networks;

/// What anybody may do at most on the listener that platforms reach, before it is known who it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOptions {
    /// Connections at a time, for each thread of the server.
    pub connections: usize,
    /// Connections at a time from one address; those of proxies are not counted.
    pub connections_per_address: u32,
    /// Header fields of a request.
    pub headers: usize,
    /// Bytes of a request's first line and header.
    pub header_bytes: usize,
    /// How long a connection stays open on which nothing is asked.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub keep_alive: Duration,
    /// A body that is longer than a usual one has a further second for so many bytes.
    pub body_bytes_per_second: NonZeroU32,
    /// Requests of one address on average.
    pub requests_per_second: NonZeroU32,
    /// Requests of one address at once.
    pub burst: NonZeroU32,
    /// Requests of one address that may be nobody's, at once.
    pub failures: NonZeroU32,
    /// One more of these may come after each such time.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub failure_interval: Duration,
    /// Messages of strangers that are put on record at once, from all addresses together.
    pub records: NonZeroU32,
    /// So many more in each minute.
    pub records_per_minute: NonZeroU32,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            connections: 8_192,
            connections_per_address: 2_048,
            headers: 64,
            header_bytes: 16_384,
            keep_alive: Duration::from_secs(15),
            body_bytes_per_second: positive(65_536),
            requests_per_second: positive(200),
            burst: positive(3_000),
            failures: positive(200),
            failure_interval: Duration::from_secs(1),
            records: positive(5_000),
            records_per_minute: positive(60),
        }
    }
}

/// Who may push for one platform, and how much.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeOptions {
    /// The addresses that pushes come from; any, if empty.
    pub allow: Networks,
    /// Certificates of which a caller has to show one: SHA-256 fingerprints, or subjects as RFC 4514 writes them.
    pub client_certificates: Vec<String>,
    /// Pushes on average, from all addresses.
    pub requests_per_second: NonZeroU32,
    /// Pushes at once.
    pub burst: NonZeroU32,
    /// Questions in a digital envelope in each minute, which nothing authenticates.
    pub enveloped_per_minute: NonZeroU32,
    /// The longest body of single interfaces, where it is not `server.body_bytes`.
    pub body_bytes: BTreeMap<String, usize>,
    /// A message that was refused, or a question, may come again to the letter for so long.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub again_within: Duration,
    /// For how many days messages are known again.
    #[serde(deserialize_with = "at_least_one")]
    pub remember_days: u32,
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self {
            allow: Networks::default(),
            client_certificates: Vec::new(),
            requests_per_second: positive(200),
            burst: positive(3_000),
            enveloped_per_minute: positive(120),
            body_bytes: BTreeMap::new(),
            again_within: Duration::from_hours(24),
            remember_days: 1_100,
        }
    }
}

/// Why an empty list is worth a warning.
pub const OPEN: &str = "whoever has the platform's secret may push from anywhere; name the addresses that the platform pushes \
                        from in `allow`";

/// A number that is known to be no zero.
pub const fn positive(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(D::Error::custom("expected one day or more, found `0`")),
        days => Ok(days),
    }
}

//! The `[console]` section of the settings.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::access::sessions::Lifetime;
use crate::edge::{Networks, TlsOptions};

/// Pages for the institution's people. Without an address there are none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleOptions {
    /// Where browsers call: a listener of its own, which platforms need not reach.
    pub listen: Option<SocketAddr>,
    /// The address under which browsers reach it, where a proxy stands in front.
    pub public_url: Option<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub proxies: Networks,
    /// A longer body is refused.
    pub body_bytes: usize,
    /// A session ends when nothing was asked in it for so long.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub idle: Duration,
    /// A session ends so long after it began.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub longest: Duration,
    /// More jobs at once than this are retried or discarded by two people.
    pub batch_above: usize,
    pub tls: Option<TlsOptions>,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self {
            listen: None,
            public_url: None,
            proxies: Networks::default(),
            body_bytes: 2 * 1_048_576,
            idle: Duration::from_mins(15),
            longest: Duration::from_hours(10),
            batch_above: 20,
            tls: None,
        }
    }
}

/// Why [`ConsoleOptions::is_exposed`] is worth a warning.
pub const EXPOSED: &str = "console.listen: others than this machine can call, and without console.tls passwords and \
                           personal data cross the network in the clear";

impl ConsoleOptions {
    /// Whether browsers on other machines send passwords in the clear. A proxy in front may do TLS for us, so that this
    /// is no error.
    pub fn is_exposed(&self) -> bool {
        self.tls.is_none() && self.listen.is_some_and(|listen| !listen.ip().is_loopback())
    }

    /// Whether browsers reach the console by TLS, ours or a proxy's, so that its cookies may be for TLS only.
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some() || self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }

    pub fn lifetime(&self) -> Lifetime {
        Lifetime { idle: self.idle, longest: self.longest }
    }

    /// The name of the session's cookie. A browser takes the longer one over TLS only, and from no neighbouring host.
    pub fn cookie(&self) -> &'static str {
        if self.is_encrypted() { "__Host-baohan" } else { "baohan" }
    }
}

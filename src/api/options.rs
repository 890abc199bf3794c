//! The `[api]` section of the settings.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use serde::Deserialize;

use crate::edge::{TlsOptions, positive};

/// The core system's interface. Without an address there is none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiOptions {
    /// Where the core system calls: a listener of its own, which platforms need not reach.
    pub listen: Option<SocketAddr>,
    /// A longer JSON body is refused.
    pub body_bytes: usize,
    /// A longer file is refused.
    pub file_bytes: usize,
    /// From the end of the header to the end of the body; a slower one is refused.
    pub body_seconds: u64,
    /// How many days an answer is kept for whoever sends the same request again.
    pub answers_days: u32,
    /// Whether the page that shows the interface is served.
    pub docs: bool,
    /// How many requests a client may send on average; one that sends more is told to wait.
    pub requests_per_second: NonZeroU32,
    /// How many it may send at once.
    pub burst: NonZeroU32,
    pub tls: Option<TlsOptions>,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            listen: None,
            body_bytes: 262_144,
            file_bytes: 10 * 1_048_576,
            body_seconds: 30,
            answers_days: 30,
            docs: false,
            requests_per_second: positive(50),
            burst: positive(200),
            tls: None,
        }
    }
}

/// Why [`ApiOptions::is_exposed`] is worth a warning.
pub const EXPOSED: &str = "api.listen: others than this machine can call, and without api.tls keys and personal data \
                           cross the network in the clear";

impl ApiOptions {
    /// Whether callers on other machines send their keys in the clear. A proxy in front may do TLS for us, so that this
    /// is no error.
    pub fn is_exposed(&self) -> bool {
        self.tls.is_none() && self.listen.is_some_and(|listen| !listen.ip().is_loopback())
    }
}

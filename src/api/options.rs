//! The `[api]` section of the settings.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

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
    /// How many days an answer is kept for whoever sends the same request again.
    pub answers_days: u32,
    /// Whether the page that shows the interface is served.
    pub docs: bool,
    /// How many requests a client may send on average; one that sends more is told to wait.
    pub requests_per_second: u32,
    /// How many it may send at once.
    pub burst: u32,
    pub tls: Option<TlsOptions>,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            listen: None,
            body_bytes: 262_144,
            file_bytes: 10 * 1_048_576,
            answers_days: 30,
            docs: false,
            requests_per_second: 50,
            burst: 200,
            tls: None,
        }
    }
}

/// TLS of the core system's listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// The certificate, and behind it those of its issuers (PEM).
    pub certificate: PathBuf,
    /// Its key (PEM).
    pub key: PathBuf,
    /// Authorities whose certificates callers have to show (PEM); without it, keys alone tell who calls.
    pub client_ca: Option<PathBuf>,
}

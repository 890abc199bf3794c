//! TLS of a listener, as the settings say it.

use std::path::PathBuf;

use serde::Deserialize;

use crate::crypto::tls::ServerFiles;

/// TLS of a listener of ours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// The certificate, and behind it those of its issuers (PEM).
    pub certificate: PathBuf,
    /// Its key (PEM).
    pub key: PathBuf,
    /// Authorities of callers' certificates (PEM); without it, callers are asked for none.
    pub client_ca: Option<PathBuf>,
}

impl TlsOptions {
    pub fn files(&self) -> ServerFiles {
        let Self { certificate, key, client_ca } = self.clone();
        ServerFiles { certificate, key, client_ca }
    }
}

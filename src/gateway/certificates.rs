//! When the certificates of this gateway end: those of the seal, of PDF letters, and of its TLS listeners.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::crypto::certificate::Certificate;
use crate::seal::sealer::Sealer;
use crate::settings::Settings;

/// Which certificates there are, by a word each that stands in metrics and alarms.
#[derive(Clone, Debug, Default)]
pub struct Certificates {
    /// Those that are read once, at the start.
    kept: Vec<(&'static str, Timestamp)>,
    /// Those that may be renewed while the gateway runs.
    files: Vec<(&'static str, PathBuf)>,
}

impl Certificates {
    pub(super) fn of(settings: &Settings, sealer: &Sealer) -> Self {
        let (seal, signer) = sealer.ends();
        let mut kept = vec![("seal", seal), ("seal-signer", signer)];
        if let Some(end) = settings.seal.pdf_certificates.as_deref().and_then(first_end) {
            kept.push(("pdf-signer", end));
        }
        let listeners = [("api-tls", &settings.api.tls), ("console-tls", &settings.console.tls)];
        let files =
            listeners.into_iter().filter_map(|(name, tls)| Some((name, tls.as_ref()?.certificate.clone())));
        let files = files.collect();
        Self { kept, files }
    }

    /// The last moment of each. A file that can't be read at present is left out.
    pub fn ends(&self) -> Vec<(&'static str, Timestamp)> {
        let renewed = self.files.iter().filter_map(|(name, file)| Some((*name, first_end(file)?)));
        self.kept.iter().copied().chain(renewed).collect()
    }
}

/// Of a file (PEM) with the certificate first and those of its issuers behind it: the first end of all.
fn first_end(file: &Path) -> Option<Timestamp> {
    let pem = std::fs::read_to_string(file).ok()?;
    Certificate::all_from_pem(&pem).ok()?.iter().map(Certificate::not_after).min()
}

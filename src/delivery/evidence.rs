//! Fetching a file that a message from outside names by its address: through the strictest guard, bounded in size and time,
//! as it comes, and only what is one of a few kinds of documents.

mod kind;

use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use serde::Deserialize;

pub use self::kind::FileKind;
use super::client::{ClientOptions, Failure, failure};
use super::guard::{Guard, OutboundOptions};
use super::transport::Transport;

/// The section `[evidence]` of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceOptions {
    /// A longer file is refused.
    pub file_bytes: u64,
    /// For one file, from the connection to the last byte.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
}

impl Default for EvidenceOptions {
    fn default() -> Self {
        Self { file_bytes: 20 * 1024 * 1024, timeout: Duration::from_secs(60) }
    }
}

/// Fetches files.
#[derive(Clone)]
pub struct EvidenceClient {
    transport: Transport,
    guard: Guard,
    largest: u64,
}

/// A file that may be kept.
pub struct Fetched {
    pub bytes: Vec<u8>,
    pub kind: FileKind,
}

/// Why there is no file, in a word: the address and what came back are for nobody's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFetched {
    /// Asking again would not help, as things stand.
    Refused(&'static str),
    /// The other side could not do it now.
    Failed(String),
}

impl EvidenceClient {
    /// # Errors
    /// When the CA file can't be read or TLS can't be set up.
    pub fn new(
        options: &EvidenceOptions,
        client: &ClientOptions,
        outbound: &OutboundOptions,
    ) -> anyhow::Result<Self> {
        let guard = Guard::messages("evidence", outbound);
        let transport = Transport::builder(guard.clone(), Duration::from_secs(client.connect_seconds))
            .timeout(options.timeout)
            .trusting("delivery.ca_file", client.ca_file.as_deref())?
            .build()?;
        Ok(Self { transport, guard, largest: options.file_bytes })
    }

    /// Fetches what is behind an address.
    ///
    /// # Errors
    /// Why it was refused, or did not arrive.
    pub async fn fetch(&self, address: &str) -> Result<Fetched, NotFetched> {
        let url = self.guard.admit(address).map_err(|refusal| NotFetched::Refused(refusal.rule.name()))?;
        let mut response = self.transport.send(self.transport.get(url)).await.map_err(not_fetched)?;
        match response.status().as_u16() {
            200 => {}
            300..=399 => return Err(NotFetched::Refused("redirect")),
            status => return Err(NotFetched::Failed(format!("http-{status}"))),
        }
        // What would have to be unpacked first could be anything, and of any size.
        let is_plain =
            |value: &reqwest::header::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if !response.headers().get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return Err(NotFetched::Refused("encoding"));
        }
        let declared = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if declared.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > self.largest) {
            return Err(NotFetched::Refused("too-large"));
        }
        let largest = usize::try_from(self.largest).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| not_fetched(failure(error)))? {
            if bytes.len().saturating_add(chunk.len()) > largest {
                return Err(NotFetched::Refused("too-large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        let kind = FileKind::of(&bytes).map_err(NotFetched::Refused)?;
        Ok(Fetched { bytes, kind })
    }
}

fn not_fetched(failure: Failure) -> NotFetched {
    match failure {
        Failure::Refused(refusal) => NotFetched::Refused(refusal.rule.name()),
        Failure::TooLarge => NotFetched::Refused("too-large"),
        Failure::Timeout => NotFetched::Failed("timeout".to_owned()),
        Failure::Connect(_) => NotFetched::Failed("unreachable".to_owned()),
        Failure::Broken(_) => NotFetched::Failed("broken".to_owned()),
    }
}

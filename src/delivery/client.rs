//! Calls to platforms and to the identity provider: bounded in time and size, following no redirects.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::guard::{Guard, Refusal};
use super::transport::Transport;
use crate::dialect::Outgoing;
use crate::secret::Secret;

/// An answer longer than this is not a platform's answer.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// The `[delivery]` section of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientOptions {
    pub connect_seconds: u64,
    /// For a whole exchange, the body's upload included.
    pub exchange_seconds: u64,
    /// A PEM file of further certificate authorities to trust, beside those of the system.
    pub ca_file: Option<PathBuf>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { connect_seconds: 5, exchange_seconds: 60, ca_file: None }
    }
}

#[derive(Clone)]
pub struct Client {
    transport: Transport,
}

/// What came back, whatever its status.
pub struct Received {
    pub status: u16,
    /// What the header `Date` says, in whole seconds: the time by the other side's clock.
    pub date: Option<Timestamp>,
    pub body: Vec<u8>,
}

/// Why nothing usable came back. After a timeout or a broken exchange the platform may still have acted.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("could not connect: {0}")]
    Connect(String),
    #[error("no answer in time")]
    Timeout,
    #[error("the exchange broke off: {0}")]
    Broken(String),
    #[error("the answer is longer than {LARGEST_ANSWER} bytes")]
    TooLarge,
    /// Nothing was sent.
    #[error("{0}")]
    Refused(Refusal),
}

impl Client {
    /// # Errors
    /// When the CA file can't be read or TLS can't be set up.
    pub fn new(options: &ClientOptions, guard: Guard) -> anyhow::Result<Self> {
        let transport = Transport::builder(guard, Duration::from_secs(options.connect_seconds))
            .timeout(Duration::from_secs(options.exchange_seconds))
            .trusting("delivery.ca_file", options.ca_file.as_deref())?;
        Ok(Self { transport: transport.build()? })
    }

    /// Posts a message's body, with its digest beside it where the dialect has it in a header, and reads the answer.
    ///
    /// # Errors
    /// When no whole answer came back in time.
    pub async fn post(&self, outgoing: Outgoing) -> Result<Received, Failure> {
        let Outgoing { url, content_type, digest_header, body, .. } = outgoing;
        let mut request = self.transport.post(url).header(reqwest::header::CONTENT_TYPE, content_type);
        request = request.body(body);
        if let Some((name, digest)) = digest_header {
            request = request.header(name, digest);
        }
        received(self.transport.send(request).await?).await
    }

    /// Gets what stands under an address.
    ///
    /// # Errors
    /// As with [`Self::post`].
    pub async fn get(&self, url: &str) -> Result<Received, Failure> {
        received(self.transport.send(self.transport.get(url)).await?).await
    }

    /// Posts the fields of a form, with a client's name and secret where it has them (RFC 6749, 2.3.1).
    ///
    /// # Errors
    /// As with [`Self::post`].
    pub async fn submit(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        credentials: Option<(&str, &Secret)>,
    ) -> Result<Received, Failure> {
        let mut request = self.transport.post(url).form(fields);
        if let Some((client, secret)) = credentials {
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            request = request.basic_auth(encoded(client), Some(encoded(secret.expose())));
        }
        received(self.transport.send(request).await?).await
    }

    /// Whether a connection to the URL's host comes about; any HTTP answer will do.
    ///
    /// # Errors
    /// When it does not.
    pub async fn reach(&self, url: &str) -> Result<u16, Failure> {
        Ok(self.transport.send(self.transport.head(url)).await?.status().as_u16())
    }
}

async fn received(response: reqwest::Response) -> Result<Received, Failure> {
    let date = response.headers().get(reqwest::header::DATE).and_then(|value| value.to_str().ok());
    let date = date.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
    Ok(Received { status: response.status().as_u16(), date, body: whole_body(response).await? })
}

/// Reads an answer to its end, if it ends soon enough.
pub(super) async fn whole_body(mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The library's errors carry the URL, which may hold a token: only their causes are told.
pub(super) fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        // The guard has judged what the name means.
        if let Some(refusal) = next.downcast_ref::<Refusal>() {
            return Failure::Refused(refusal.clone());
        }
        text = format!("{text}: {next}");
        cause = next.source();
    }
    if error.is_timeout() {
        return Failure::Timeout;
    }
    if error.is_connect() { Failure::Connect(text) } else { Failure::Broken(text) }
}

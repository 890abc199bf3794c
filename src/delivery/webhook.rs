//! Callbacks to the core system, on their way: the same client as for platforms, with an address and a time of its own.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use super::client::Failure;
use super::guard::Guard;
use super::transport::Transport;
use crate::secret::Secret;

/// So much of an answer is looked at; what matters is its status.
const KEPT: usize = 1024;

/// No connection takes longer, whatever the whole exchange may take.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// Where callbacks go, and in which time.
#[derive(Clone, Debug)]
pub struct WebhookAddress {
    /// May hold a token, or a user and a password.
    pub url: Secret,
    pub timeout: Duration,
    /// A PEM file of further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// Posts to one address. Cheap to clone.
#[derive(Clone)]
pub struct WebhookClient {
    transport: Transport,
    url: reqwest::Url,
}

/// What the core system answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAnswer {
    pub status: u16,
    /// The header `Retry-After`, as it was written.
    pub retry_after: Option<String>,
    /// The beginning of the body of an answer that is no success.
    pub body: Vec<u8>,
}

/// The headers of one attempt (Standard Webhooks).
#[derive(Clone, Debug)]
pub struct WebhookHeaders {
    pub id: String,
    /// Unix time in seconds.
    pub timestamp: i64,
    /// Signatures with one space between them.
    pub signature: String,
}

impl WebhookClient {
    /// # Errors
    /// When the address is none, or the authorities can't be read.
    pub fn new(address: &WebhookAddress) -> anyhow::Result<Self> {
        let expected = "expected an address that begins with `http://` or `https://`";
        // The address is not repeated: it may hold a password.
        let url: reqwest::Url =
            address.url.expose().parse().ok().with_context(|| format!("callbacks.url: {expected}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("callbacks.url: {expected}, found `{}:`", url.scheme());
        }
        let guard = Guard::own("callbacks", address.url.expose())?;
        let transport = Transport::builder(guard, LONGEST_CONNECT.min(address.timeout))
            .timeout(address.timeout)
            .trusting("callbacks.ca_file", address.ca_file.as_deref())?;
        Ok(Self { transport: transport.build()?, url })
    }

    /// # Errors
    /// When no answer came in time.
    pub async fn post(&self, headers: WebhookHeaders, body: Vec<u8>) -> Result<WebhookAnswer, Failure> {
        let request = self.transport.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let request = request
            .header("webhook-id", headers.id)
            .header("webhook-timestamp", headers.timestamp)
            .header("webhook-signature", headers.signature);
        let mut response = self.transport.send(request.body(body)).await?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        // A success needs no words, and the status of a failure is known even where its words break off.
        while !status.is_success() && body.len() < KEPT {
            let Ok(Some(chunk)) = response.chunk().await else { break };
            body.extend(chunk.iter().take(KEPT - body.len()));
        }
        Ok(WebhookAnswer { status: status.as_u16(), retry_after, body })
    }
}

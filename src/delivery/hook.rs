//! Messages to a group chat's robot, or to any address that takes JSON: one URL, which holds the secret that lets one in.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;

use super::client::{Failure, whole_body};
use super::guard::Guard;
use super::transport::Transport;
use crate::secret::Secret;

/// No connection takes longer, whatever the whole exchange may take.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// Posts to one address.
pub struct Hook {
    transport: Transport,
    url: Url,
}

/// What was answered, whatever the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookAnswer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Hook {
    /// `within` is the section of the settings that says so.
    ///
    /// # Errors
    /// When the address is none, or the authorities can't be read.
    pub fn new(
        within: &str,
        url: &Secret,
        timeout: Duration,
        ca_file: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let (expected, text) = ("expected an address that begins with `http://` or `https://`", url.expose());
        // The address is not repeated: whoever has it may write to the chat.
        let url: Url = text.parse().ok().with_context(|| format!("{within}.url: {expected}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("{within}.url: {expected}, found `{}:`", url.scheme());
        }
        let transport = Transport::builder(Guard::own(within, text)?, LONGEST_CONNECT.min(timeout))
            .timeout(timeout)
            .trusting(&format!("{within}.ca_file"), ca_file)?;
        Ok(Self { transport: transport.build()?, url })
    }

    /// Posts JSON, with more parameters in the address and more headers.
    ///
    /// # Errors
    /// When no whole answer came back in time.
    pub async fn post(
        &self,
        parameters: &[(&str, String)],
        headers: &[(&'static str, String)],
        json: Vec<u8>,
    ) -> Result<HookAnswer, Failure> {
        let mut url = self.url.clone();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let mut request = self.transport.post(url).header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = self.transport.send(request.body(json)).await?;
        Ok(HookAnswer { status: response.status().as_u16(), body: whole_body(response).await? })
    }
}

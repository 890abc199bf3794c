//! A service that the institution calls in JSON with a bearer token, such as the one that signs for it.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Url};

use super::client::{Failure, whole_body};
use super::guard::Guard;
use super::transport::Transport;
use crate::clock::Clock;
use crate::crypto::private_file;
use crate::secret::Secret;

/// What it takes to speak to a service. `within` is the section of the settings that says so.
pub struct Access<'a> {
    pub within: &'a str,
    pub url: &'a str,
    pub token: &'a Secret,
    pub connect: Duration,
    /// A PEM file of further certificate authorities to trust.
    pub ca_file: Option<&'a Path>,
    /// A PEM file with the private key and the certificates by which the service knows its client.
    pub identity: Option<&'a Path>,
}

/// The way to one service.
pub struct Service {
    transport: Transport,
    base: Url,
    token: Secret,
    clock: Clock,
}

/// What it answered, whatever the status.
pub struct Answer {
    pub status: u16,
    /// For how long it asks to be left alone.
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

impl Service {
    /// # Errors
    /// When the URL would send the token in the clear or hides a secret itself, or a file can't be used: which key of the
    /// settings, and why.
    pub fn new(access: &Access<'_>, clock: &Clock) -> anyhow::Result<Self> {
        let Access { within, url, .. } = access;
        let base = base(url).with_context(|| format!("{within}.url"))?;
        let guard = Guard::own(within, url)?;
        let mut builder = Transport::builder(guard, access.connect)
            .trusting(&format!("{within}.ca_file"), access.ca_file)?;
        if let Some(path) = access.identity {
            let identity = || {
                let pem = private_file::read(path)?;
                reqwest::Identity::from_pem(&pem)
                    .context("expected a private key without a password and its certificates, as PEM")
            };
            let shown = path.display();
            builder = builder.identity(identity().with_context(|| format!("{within}.identity: `{shown}`"))?);
        }
        let transport = builder.build().with_context(|| within.to_string())?;
        Ok(Self { transport, base, token: access.token.clone(), clock: clock.clone() })
    }

    /// The service's address, which holds no secret.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Asks for what is under a path, given segment by segment.
    ///
    /// # Errors
    /// When no whole answer came back within the time.
    pub async fn get(&self, path: &[&str], within: Duration) -> Result<Answer, Failure> {
        self.exchange(self.transport.get(self.under(path)), within).await
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// As [`get`](Self::get). After a timeout or a broken exchange the service may have acted.
    pub async fn post(&self, path: &[&str], json: Vec<u8>, within: Duration) -> Result<Answer, Failure> {
        let request = self.transport.post(self.under(path));
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(json);
        self.exchange(request, within).await
    }

    async fn exchange(&self, request: RequestBuilder, within: Duration) -> Result<Answer, Failure> {
        let request = request
            .header(reqwest::header::ACCEPT, "application/json")
            .bearer_auth(self.token.expose())
            .timeout(within);
        let response = self.transport.send(request).await?;
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = asked.and_then(|text| self.pause(text));
        Ok(Answer { status: response.status().as_u16(), retry_after, body: whole_body(response).await? })
    }

    /// RFC 9110, 10.2.3: seconds, or a date.
    fn pause(&self, text: &str) -> Option<Duration> {
        if let Ok(seconds) = text.trim().parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
        Some(until.duration_since(self.clock.now()).try_into().unwrap_or_default())
    }

    fn under(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// A token must not cross a network that others listen on.
fn base(url: &str) -> anyhow::Result<Url> {
    let base = Url::parse(url).with_context(|| format!("expected an address, found `{url}`"))?;
    let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let at_home = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match base.scheme() {
        "https" => {}
        "http" if at_home => {}
        scheme => bail!("expected `https`, or `http` to this machine itself, found `{scheme}`"),
    }
    let plain = base.username().is_empty()
        && base.password().is_none()
        && base.query().is_none()
        && base.fragment().is_none();
    ensure!(plain, "expected an address without user, query or fragment");
    Ok(base)
}

#[cfg(test)]
mod tests;

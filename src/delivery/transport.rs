//! What every client of the gateway has in common: a guard that says where it may go, the same TLS, no redirects, no proxy
//! that the environment names, and bodies as they come.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, ClientBuilder, IntoUrl, RequestBuilder, Response};

use super::client::{Failure, failure};
use super::guard::Guard;

/// A client behind its guard: all that is sent goes through [`send`](Self::send).
#[derive(Clone, Debug)]
pub(super) struct Transport {
    http: Client,
    guard: Guard,
}

/// A [`Transport`] that is being put together.
pub(super) struct TransportBuilder {
    http: ClientBuilder,
    guard: Guard,
}

impl Transport {
    /// Certificates are always verified, by TLS 1.2 at least; nothing in the settings changes that.
    pub(super) fn builder(guard: Guard, connect: Duration) -> TransportBuilder {
        let http = Client::builder()
            .connect_timeout(connect)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .dns_resolver(guard.clone())
            .user_agent(concat!("baohan-gateway/", env!("CARGO_PKG_VERSION")));
        TransportBuilder { http, guard }
    }

    pub(super) fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.http.get(url)
    }

    pub(super) fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.http.head(url)
    }

    pub(super) fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.http.post(url)
    }

    /// Sends what the guard lets through.
    ///
    /// # Errors
    /// When it is refused, or no answer begins in time.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        self.execute(request.build().map_err(failure)?).await
    }

    /// As [`send`](Self::send).
    pub(super) async fn execute(&self, request: reqwest::Request) -> Result<Response, Failure> {
        self.guard.check(request.url()).map_err(Failure::Refused)?;
        self.http.execute(request).await.map_err(failure)
    }
}

impl TransportBuilder {
    /// For a whole exchange, the bodies included.
    pub(super) fn timeout(self, whole: Duration) -> Self {
        Self { http: self.http.timeout(whole), ..self }
    }

    /// Also trusts the authorities of a PEM file. `key` is where the settings name it.
    pub(super) fn trusting(self, key: &str, path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(self) };
        let pem = std::fs::read(path).with_context(|| format!("{key}: can't read `{}`", path.display()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .with_context(|| format!("{key}: expected PEM certificates in `{}`", path.display()))?;
        Ok(Self { http: self.http.tls_certs_merge(certificates), ..self })
    }

    /// Shows this certificate to servers that ask for one.
    pub(super) fn identity(self, identity: reqwest::Identity) -> Self {
        Self { http: self.http.identity(identity), ..self }
    }

    pub(super) fn build(self) -> anyhow::Result<Transport> {
        let http = self.http.build().context("can't set up TLS")?;
        Ok(Transport { http, guard: self.guard })
    }
}

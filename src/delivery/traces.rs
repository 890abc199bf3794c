//! Traces on their way to a collector, by the same client as all that leaves the house.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use futures_util::future::BoxFuture;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::runtime::Handle;

use super::client::whole_body;
use super::guard::Guard;
use super::transport::Transport;
use crate::supervise;

/// For one batch.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Takes batches of spans to a collector. They are sent by the program's own runtime, whoever asks for it.
#[derive(Debug)]
pub struct TraceClient {
    transport: Transport,
    headers: HeaderMap,
    runtime: Handle,
}

impl TraceClient {
    /// Within a runtime.
    ///
    /// # Errors
    /// When the endpoint is no address, or the file of headers can't be read.
    pub fn new(endpoint: &str, headers_file: Option<&Path>) -> anyhow::Result<Self> {
        let expected = "expected an address that begins with `http://` or `https://`";
        let url: reqwest::Url =
            endpoint.parse().with_context(|| format!("telemetry.otlp.endpoint: {expected}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("telemetry.otlp.endpoint: {expected}, found `{}:`", url.scheme());
        }
        let headers = headers_file.map(read).transpose().context("telemetry.otlp.headers_file")?;
        let guard = Guard::own("telemetry.otlp", endpoint)?;
        let transport = Transport::builder(guard, TIMEOUT).timeout(TIMEOUT).build()?;
        Ok(Self { transport, headers: headers.unwrap_or_default(), runtime: Handle::current() })
    }
}

fn read(file: &Path) -> anyhow::Result<HeaderMap> {
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read `{}`", file.display()))?;
    let mut headers = HeaderMap::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        // The line may be a secret and is not repeated.
        let wrong = || format!("line {}: expected `name: value`", index + 1);
        let (name, value) = line.split_once(':').with_context(wrong)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).with_context(wrong)?;
        let mut value = HeaderValue::from_str(value.trim()).with_context(wrong)?;
        ensure!(!value.is_empty(), wrong());
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

impl HttpClient for TraceClient {
    fn send_bytes<'client, 'sent>(
        &'client self,
        request: Request<Bytes>,
    ) -> BoxFuture<'sent, Result<Response<Bytes>, HttpError>>
    where
        'client: 'sent,
        Self: 'sent,
    {
        let (transport, headers) = (self.transport.clone(), self.headers.clone());
        let exchange = async move {
            let mut request = reqwest::Request::try_from(request.map(reqwest::Body::from))?;
            request.headers_mut().extend(headers);
            let response = transport.execute(request).await?;
            let status = response.status();
            let body = whole_body(response).await?;
            Ok::<_, HttpError>(Response::builder().status(status).body(Bytes::from(body))?)
        };
        // Whoever sends batches has a thread without a runtime.
        let within = self.runtime.enter();
        let task = supervise::spawn("traces", exchange);
        drop(within);
        Box::pin(async move {
            match task.await {
                Ok(Some(answered)) => answered,
                _ => Err("the exchange was given up".into()),
            }
        })
    }
}

#[cfg(test)]
mod tests;

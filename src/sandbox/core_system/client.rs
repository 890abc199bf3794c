//! Calls of the interface, as any client would make them.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Longer than this no answer takes.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) struct Client {
    base: String,
    key: String,
    client: reqwest::Client,
}

impl Client {
    pub(super) fn new(gateway: &str, key: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build();
        let client = client.context("the core system's HTTP client")?;
        Ok(Self { base: format!("{gateway}/api/v1"), key: key.to_owned(), client })
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        answer_to(self.request(Method::GET, path)).await
    }

    /// Under a key of idempotency, so that it may be sent again.
    pub(super) async fn post(
        &self,
        path: &str,
        idempotency_key: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).header("idempotency-key", idempotency_key);
        answer_to(request.header("content-type", "application/json").body(body.to_string())).await
    }

    /// Hands in a file; yields its digest.
    pub(super) async fn upload(
        &self,
        name: &str,
        idempotency_key: &str,
        text: String,
    ) -> anyhow::Result<String> {
        let request = self.request(Method::POST, &format!("/files?name={name}"));
        let request = request.header("idempotency-key", idempotency_key).header("content-type", "text/plain");
        let answer = answer_to(request.body(text)).await?;
        let digest = answer.get("digest").and_then(Value::as_str);
        digest.map(str::to_owned).context("the answer to a file has no digest")
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }
}

async fn answer_to(request: RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await?;
    let (status, body) = (response.status(), response.bytes().await?);
    ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).context("the answer is no JSON")
}

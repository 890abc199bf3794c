//! The core system's side: its keys, and how it calls.

mod access;
mod acts;
mod callbacks;
mod description;
mod documents;
mod encryption;
mod errors;
mod examples;
mod files;
mod lists;
mod lives;
mod made_up;
pub mod receiver;
mod refusals;
mod tokens;
mod view;

use baohan_gateway::api::Scope;
use baohan_gateway::store::api_keys::{self, ApiKey, NewKey};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::house::House;
use crate::pushes;

/// A gateway with an interface for the core system.
pub const API: &str = "[api]\nlisten = \"127.0.0.1:0\"\n";

/// A core system with a key.
pub struct Core {
    pub base: String,
    pub key: String,
    client: reqwest::Client,
}

/// An answer of the interface.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub media_type: String,
    /// Null where the answer is no JSON.
    pub body: Value,
    /// Whether it was given before.
    pub again: bool,
}

impl Reply {
    /// The stable code of a problem.
    pub fn code(&self) -> &str {
        assert_eq!(self.media_type, "application/problem+json", "{self:?}");
        self.body["code"].as_str().unwrap()
    }
}

impl<Platform> House<Platform> {
    /// A core system that may do everything.
    pub async fn core(&self) -> Core {
        self.core_allowed("core", &Scope::ALL).await
    }

    /// A core system of this name with a key of its own for these scopes.
    pub async fn core_allowed(&self, client: &str, scopes: &[Scope]) -> Core {
        let (key, now) = (ApiKey::generate(), self.gateway.assembly.clock.now());
        let new = NewKey {
            client: client.to_owned(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            expires_at: None,
        };
        let shown = key.expose().to_owned();
        self.gateway
            .assembly
            .store
            .write(move |connection| api_keys::insert(connection, &key, &new, now))
            .await
            .unwrap();
        let address = self.gateway.core_system_address().expect("the test's settings have an [api] section");
        Core { base: format!("http://{address}/api/v1"), key: shown, client: pushes::client() }
    }

    /// The gateway's id of an application.
    pub async fn id_of(&self, applyno: &str) -> String {
        self.stored(applyno).await.unwrap().id.to_string()
    }
}

impl Core {
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Reply {
        reply_to(self.request(Method::GET, path)).await
    }

    /// Under a fresh key of idempotency.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.post_as(&uuid::Uuid::now_v7().to_string(), path, body).await
    }

    /// An act that has to be carried out.
    pub async fn act(&self, id: &str, act: &str, body: Value) -> Reply {
        let reply = self.post(&format!("/guarantees/{id}/{act}"), body).await;
        assert_eq!(reply.status, StatusCode::OK, "{act}: {reply:?}");
        reply
    }

    /// An act that has to be refused: status and code of the problem, and the code of the rule that refused.
    pub async fn refused(&self, id: &str, act: &str, body: Value, expected: (u16, &str, &str)) -> Reply {
        let reply = self.post(&format!("/guarantees/{id}/{act}"), body).await;
        let refusal = reply.body["refusal"].as_str().unwrap_or_default();
        assert_eq!((reply.status.as_u16(), reply.code(), refusal), expected, "{act}: {reply:?}");
        reply
    }

    /// Hands in a file, under a fresh key of idempotency.
    pub async fn upload(&self, query: &str, media_type: &str, bytes: &[u8]) -> Reply {
        let request = self.request(Method::POST, &format!("/files{query}"));
        let request = request.header("Idempotency-Key", uuid::Uuid::now_v7().to_string());
        reply_to(request.header(header::CONTENT_TYPE, media_type).body(bytes.to_vec())).await
    }

    pub async fn post_as(&self, idempotency_key: &str, path: &str, body: Value) -> Reply {
        let request = self.request(Method::POST, path).header("Idempotency-Key", idempotency_key);
        reply_to(json_body(request, &body)).await
    }
}

/// A payment from the account that it has to come from.
pub fn paid() -> Value {
    json!({
        "payer": {"number": "46050100163600001111", "bank": "示例银行"},
        "basic_account": "confirmed",
        "method": "online-banking",
    })
}

pub fn json_body(request: reqwest::RequestBuilder, body: &Value) -> reqwest::RequestBuilder {
    request.header(header::CONTENT_TYPE, "application/json").body(body.to_string())
}

pub async fn reply_to(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let text = |name: header::HeaderName| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    let (status, etag) = (response.status(), text(header::ETAG));
    let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let again = response.headers().contains_key("idempotency-replayed");
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    Reply { status, etag, media_type, body, again }
}

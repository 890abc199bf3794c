//! Pushes as files hold them, altered and signed anew where a test needs it, and what comes back over HTTP.

use std::time::Duration;

use baohan_gateway::cli::demo::cast::Role;
use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::store::messages::{self, Message};
use serde_json::{Map, Value};

use crate::files;
use crate::house::House;

pub const APPLICATION: &str = include_str!("../inputs/hainan/01-baohanapply.json");
pub const RESTORATION: &str = include_str!("../inputs/hainan/02-baohanrestore.json");
pub const INVOICE: &str = include_str!("../inputs/hainan/03-invoiceapply.json");
pub const CLAIM: &str = include_str!("../inputs/hainan/04-claimsnotice.json");
pub const SURRENDER: &str = include_str!("../inputs/hainan/05-quitapply.json");
pub const CANCELLATION: &str = include_str!("../inputs/hainan/06-canclenotice.json");
pub const WAIVER: &str = include_str!("../inputs/hainan/07-giveupapply.json");

/// The application that all the files are about.
pub const APPLYNO: &str = "TBHN202406030915270001";
/// How the gateway answers a push that it has carried out.
pub const SUCCESS: &str = r#"{"code":"1","message":"成功"}"#;
pub const JSON: &str = "application/json; charset=UTF-8";

pub fn credential(name: &str) -> String {
    files::credential(Role::Hainan, name)
}

pub fn digest(fields: &Map<String, Value>) -> String {
    files::digest(Role::Hainan, fields)
}

/// A push with some fields changed and a digest that is right again. A field with the value `-` is left out.
pub fn altered(push: &str, changes: &[(&str, &str)]) -> String {
    let mut fields: Map<String, Value> = serde_json::from_str(push).unwrap();
    for (name, value) in changes {
        match *value {
            "-" => drop(fields.remove(*name)),
            value => drop(fields.insert((*name).to_owned(), value.into())),
        }
    }
    fields.insert("sign".to_owned(), digest(&fields).into());
    Value::Object(fields).to_string()
}

/// See [`files::filled`].
pub fn filled(push: &str, number: &str) -> String {
    files::filled(Role::Hainan, push, number)
}

/// The answer that says no, and nothing beside its reason.
pub fn failure(message: &str) -> String {
    format!(r#"{{"code":"0","message":"{message}"}}"#)
}

/// What a platform gets.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub request_id: String,
    pub body: String,
}

pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap()
}

pub async fn reply_to(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let header = |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (content_type, request_id) = (header("content-type"), header("x-request-id"));
    let status = response.status().as_u16();
    Reply { status, content_type, request_id, body: response.text().await.unwrap() }
}

impl<Platform> House<Platform> {
    /// Posts a body to an interface as it is.
    pub async fn post(&self, interface: &str, body: impl Into<reqwest::Body>) -> Reply {
        let request = client().post(self.address(interface)).header("content-type", JSON);
        reply_to(request.body(body)).await
    }

    /// The one message that was stored of a request.
    pub async fn record(&self, request_id: &str) -> Message {
        let ids = self.ledger().messages(request_id);
        assert_eq!(ids.len(), 1, "messages of request `{request_id}`");
        let id = ids[0].clone();
        self.gateway.assembly.store.read(move |c| messages::find(c, &id)).await.unwrap().unwrap()
    }

    /// Asserts that a request was answered with a failure for this reason alone, and that exactly this is on record.
    pub async fn assert_refused(&self, case: &str, reply: &Reply, outcome: &str, message: &str) {
        self.assert_failed(case, reply, "0", outcome, message).await;
    }

    /// The same for platforms whose failures have codes.
    pub async fn assert_failed(&self, case: &str, reply: &Reply, code: &str, outcome: &str, message: &str) {
        let answer = format!(r#"{{"code":"{code}","message":"{message}"}}"#);
        assert_eq!((reply.status, reply.body.as_str()), (200, answer.as_str()), "{case}");
        assert_eq!(reply.content_type, JSON, "{case}");
        let record = self.record(&reply.request_id).await;
        assert_eq!(record.header.outcome, outcome, "{case}");
        assert_eq!(record.header.detail.as_deref(), Some(message), "{case}");
        assert_eq!(record.answer.unwrap().as_slice(), reply.body.as_bytes(), "{case}");
        assert_ne!(record.header.platform, PlatformId::new(""), "{case}");
    }
}

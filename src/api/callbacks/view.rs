//! Callbacks as the interface shows them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::jobs::AttemptView;
use crate::api::values::{uuid, words};
use crate::casework::CallbackType;
use crate::store::callbacks::{CallbackState, Record};
use crate::store::jobs::Attempt;

/// A callback, without what it said.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Callback)]
pub struct CallbackView {
    /// Also the `webhook-id` of every attempt.
    #[schema(schema_with = uuid)]
    pub id: String,
    #[serde(rename = "type")]
    #[schema(rename = "type", schema_with = types)]
    pub kind: String,
    #[schema(schema_with = states)]
    pub state: &'static str,
    /// The platform's id in the settings, where it is about one.
    pub platform: Option<String>,
    pub guarantee_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the core system took it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub delivered_at: Option<Timestamp>,
    /// How often it was tried; of one that is sent anew after it was delivered, since then.
    pub attempts: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// Why the last attempt failed.
    #[schema(example = "unreachable")]
    pub cause: Option<String>,
    /// In which words.
    #[schema(example = "the core system answered HTTP 503")]
    pub detail: Option<String>,
}

/// A page of callbacks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallbackList {
    pub items: Vec<CallbackView>,
    /// The cursor of the next page, where there is one.
    pub next_cursor: Option<String>,
}

/// A callback with what it says and how sending it went.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallbackDetail {
    #[serde(flatten)]
    pub callback: CallbackView,
    /// The job that sends it.
    #[schema(schema_with = uuid)]
    pub job_id: String,
    /// What is sent.
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
    pub history: Vec<AttemptView>,
}

impl From<Record> for CallbackView {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            kind: record.kind,
            state: record.state.name(),
            platform: record.platform.map(|platform| platform.to_string()),
            guarantee_id: record.guarantee.map(|guarantee| guarantee.to_string()),
            created_at: record.created_at,
            delivered_at: record.delivered_at,
            attempts: record.attempts,
            next_attempt_at: record.next_attempt_at,
            cause: record.cause,
            detail: record.detail,
        }
    }
}

impl CallbackDetail {
    pub(super) fn new(record: Record, body: Option<&[u8]>, attempts: Vec<Attempt>) -> Self {
        Self {
            job_id: record.job.to_string(),
            callback: record.into(),
            body: body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default(),
            history: attempts.into_iter().map(AttemptView::from).collect(),
        }
    }
}

fn types() -> utoipa::openapi::schema::ObjectBuilder {
    words(CallbackType::ALL.iter().map(|kind| kind.name()))
}

fn states() -> utoipa::openapi::schema::ObjectBuilder {
    words(CallbackState::ALL.map(CallbackState::name))
}

//! Callbacks sent anew: one, or those of a time in which the core system lost what it was told.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::no_callback;
use super::view::CallbackView;
use crate::api::act::{self, Deed, Done, OnceParameters, Request};
use crate::api::body::{Body, Nothing};
use crate::api::caller::Caller;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::api::{Api, query};
use crate::casework::{CallbackType, callback};
use crate::store::callbacks::{self, CallbackState, Filter, Order};

/// So many are sent anew by one request: it is one transaction.
const MOST: u32 = 1_000;

/// Send a callback again
///
/// With the same id and the same body, behind what waits for the same guarantee. One that waits for its next attempt is
/// tried at once.
#[utoipa::path(
    post,
    path = "/api/v1/callbacks/{id}/replay",
    tag = "callbacks",
    operation_id = "replayCallback",
    params(("id" = String, Path, description = "The `webhook-id` of the callback"),
           OnceParameters),
    request_body = Nothing,
    responses(
        (status = 200, body = CallbackView),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["callbacks"]))
)]
pub(in crate::api) async fn one(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Callbacks)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let (id, at) = (id.into_inner(), api.clock.now());
    act::once(&api, request, move |connection| {
        if callback::replay(connection, &id, at)?.is_none() {
            return Ok(Err(no_callback(&id)));
        }
        let Some(record) = callbacks::find(connection, &id)? else { return Ok(Err(no_callback(&id))) };
        let guarantee = record.guarantee.clone();
        let deed = Deed::new("callback.replay", "callback", &id);
        Ok(Ok(Done { guarantee, ..Done::showing(StatusCode::OK, &CallbackView::from(record), deed)? }))
    })
    .await
}

/// Which callbacks to send anew. Those that are pending are left alone: they will come.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Those that came about at this moment or later.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Those that came about before this moment.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Of these types; of all, if it is not given.
    #[schema(example = json!(["claim.received"]))]
    pub types: Option<Vec<String>>,
    /// `delivered` or `dead`; both, if it is not given.
    #[schema(pattern = "^(delivered|dead)$")]
    pub state: Option<String>,
    /// `next_cursor` of the answer before.
    pub cursor: Option<String>,
}

/// How many callbacks are sent anew.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Replayed {
    pub replayed: u32,
    /// Where there are more in this time: the cursor of the request that sends those behind, since one request sends 1000
    /// at most.
    pub next_cursor: Option<String>,
}

/// Send the callbacks of a time again
///
/// The oldest first, each with its own id and body. A core system that has them already knows them by their ids.
#[utoipa::path(
    post,
    path = "/api/v1/callbacks/replay",
    tag = "callbacks",
    operation_id = "replayCallbacks",
    params(OnceParameters),
    request_body = Replay,
    responses(
        (status = 200, body = Replayed),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["callbacks"]))
)]
pub(in crate::api) async fn several(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    body: Body<Replay>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Callbacks)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let asked = format!("{}/{}", body.value.from, body.value.until);
    let (filter, at) = (body.value.filter()?, api.clock.now());
    act::once(&api, request, move |connection| {
        let found = callbacks::list(connection, &filter)?;
        let (found, next_cursor) = query::cut(found, MOST, |record| record.id.clone());
        let mut replayed = 0_u32;
        for record in found.iter().filter(|record| record.state != CallbackState::Pending) {
            callback::replay(connection, &record.id, at)?;
            replayed = replayed.saturating_add(1);
        }
        let deed = Deed::new("callback.replay", "callbacks", &asked);
        Done::showing(StatusCode::OK, &Replayed { replayed, next_cursor }, deed).map(Ok)
    })
    .await
}

impl Replay {
    fn filter(self) -> Result<Filter, Problem> {
        if self.from >= self.until {
            return Err(Problem::at("/until", "expected a moment after `from`"));
        }
        let mut kinds = Vec::new();
        for (index, name) in self.types.unwrap_or_default().into_iter().enumerate() {
            let kind = name.parse::<CallbackType>();
            let kind = kind.map_err(|error| Problem::at(format!("/types/{index}"), error.to_string()))?;
            kinds.push(kind.name().to_owned());
        }
        let state = match self.state.as_deref() {
            None => None,
            Some("delivered") => Some(CallbackState::Delivered),
            Some("dead") => Some(CallbackState::Dead),
            Some(other) => {
                let detail = format!("expected `delivered` or `dead`, found `{other}`");
                return Err(Problem::at("/state", detail));
            }
        };
        let cursor = self.cursor.map(|text| {
            query::uuid("cursor", text).map_err(|problem| Problem::at("/cursor", problem.detail))
        });
        Ok(Filter {
            state,
            kinds,
            guarantee: None,
            from: Some(self.from),
            until: Some(self.until),
            order: Order::OldestFirst,
            behind: cursor.transpose()?,
            limit: MOST.saturating_add(1),
        })
    }
}

//! What the core system was told and is being told: to look through, to have told again, to try out.

pub(in crate::api) mod replay;
pub(in crate::api) mod test;
mod view;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use self::view::{CallbackDetail, CallbackList, CallbackView};
use super::caller::Caller;
use super::problem::{Code, Problem, ProblemBody};
use super::scope::Scope;
use super::{Api, query};
use crate::casework::CallbackType;
use crate::domain::identity::GuaranteeId;
use crate::store::callbacks::{self, CallbackState, Filter, Order};
use crate::store::jobs;

/// Which callbacks to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Wish {
    /// `pending`, `delivered` or `dead`.
    #[param(pattern = "^(pending|delivered|dead)$")]
    state: Option<String>,
    /// One type, such as `claim.received`.
    #[serde(rename = "type")]
    #[param(rename = "type", pattern = "^[a-z.-]+$")]
    kind: Option<String>,
    /// The gateway's id of a guarantee.
    #[param(pattern = "^[0-9a-fA-F-]{36}$")]
    guarantee: Option<String>,
    /// Those that came about at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Those that came about before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-fA-F-]{36}$")]
    cursor: Option<String>,
    /// At most so many, up to 500; 50 if it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

impl Wish {
    fn filter(self) -> Result<(Filter, u32), Problem> {
        let limit = query::limit(self.limit)?;
        let state = self.state.as_deref();
        let state = state.map(|text| query::word("state", text, &CallbackState::ALL, CallbackState::name));
        let kind = self.kind.as_deref();
        let kind = kind.map(|text| query::word("type", text, CallbackType::ALL, CallbackType::name));
        let guarantee = self.guarantee.map(|text| query::uuid("guarantee", text)).transpose()?;
        let filter = Filter {
            state: state.transpose()?,
            kinds: kind.transpose()?.map(|kind| kind.name().to_owned()).into_iter().collect(),
            guarantee: guarantee.map(GuaranteeId::new),
            from: self.from,
            until: self.until,
            order: Order::NewestFirst,
            behind: self.cursor.map(|text| query::uuid("cursor", text)).transpose()?,
            limit: limit.saturating_add(1),
        };
        Ok((filter, limit))
    }
}

/// Callbacks, the newest first
#[utoipa::path(
    get,
    path = "/api/v1/callbacks",
    tag = "callbacks",
    operation_id = "listCallbacks",
    params(Wish),
    responses(
        (status = 200, body = CallbackList),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["callbacks"]))
)]
pub(in crate::api) async fn list(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Callbacks)?;
    let (filter, limit) = query::read::<Wish>(&request)?.filter()?;
    let found = api.store.read(move |connection| callbacks::list(connection, &filter)).await?;
    let (found, next_cursor) = query::cut(found, limit, |record| record.id.clone());
    let items = found.into_iter().map(CallbackView::from).collect();
    Ok(HttpResponse::Ok().json(CallbackList { items, next_cursor }))
}

/// One callback, with its body and how sending it went
#[utoipa::path(
    get,
    path = "/api/v1/callbacks/{id}",
    tag = "callbacks",
    operation_id = "getCallback",
    params(("id" = String, Path, description = "The `webhook-id` of the callback")),
    responses(
        (status = 200, body = CallbackDetail),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["callbacks"]))
)]
pub(in crate::api) async fn read(
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Callbacks)?;
    let id = id.into_inner();
    let wanted = id.clone();
    let found = api.store.read(move |connection| {
        let Some(record) = callbacks::find(connection, &wanted)? else { return Ok(None) };
        let body = callbacks::body(connection, &wanted)?;
        let attempts = jobs::attempts(connection, &record.job)?;
        Ok(Some(CallbackDetail::new(record, body.as_deref().map(Vec::as_slice), attempts)))
    });
    let shown = found.await?.ok_or_else(|| no_callback(&id))?;
    Ok(HttpResponse::Ok().json(shown))
}

fn no_callback(id: &str) -> Problem {
    Problem::new(Code::NotFound, format!("no callback `{id}` is stored"))
}

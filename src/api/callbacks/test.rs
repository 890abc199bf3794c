//! A callback that says nothing, to see whether the core system takes it.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::no_callback;
use super::view::CallbackView;
use crate::api::Api;
use crate::api::act::{self, Deed, Done, OnceParameters, Request};
use crate::api::body::{Body, Nothing};
use crate::api::caller::Caller;
use crate::api::problem::{Code, Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::casework::callback;
use crate::store::callbacks;

/// Send a test
///
/// A callback of the type `ping`, whatever types are wanted. What became of it is shown under its id.
#[utoipa::path(
    post,
    path = "/api/v1/callbacks/test",
    tag = "callbacks",
    operation_id = "testCallbacks",
    params(OnceParameters),
    request_body = Nothing,
    responses(
        (status = 202, body = CallbackView),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["callbacks"]))
)]
pub(in crate::api) async fn post(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Callbacks)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    if api.platforms.callbacks().is_nothing() {
        let detail = "the settings name no address for callbacks, or no types";
        return Err(Problem::new(Code::IllegalState, detail));
    }
    let at = api.clock.now();
    act::once(&api, request, move |connection| {
        let id = callback::ping(connection, at)?;
        let Some(record) = callbacks::find(connection, &id)? else { return Ok(Err(no_callback(&id))) };
        let deed = Deed::new("callback.test", "callback", &id);
        Done::showing(StatusCode::ACCEPTED, &CallbackView::from(record), deed).map(Ok)
    })
    .await
}

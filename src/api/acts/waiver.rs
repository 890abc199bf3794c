//! Giving an application up.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::act::{self, Parameters, Request};
use crate::api::body::Body;
use crate::api::caller::Caller;
use crate::api::guarantees::view::GuaranteeView;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::casework::decisions;
use crate::domain::identity::GuaranteeId;

/// Nothing needs to be said.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct Waiver {}

/// Give the application up
///
/// A platform that wants to be asked is asked first; until it has answered, nothing else is decided. Elsewhere the
/// application is given up at once.
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/waiver",
    tag = "acts",
    operation_id = "waive",
    params(Parameters),
    request_body = Waiver,
    responses(
        (status = 200, body = GuaranteeView, headers(("ETag" = String, description = "The version"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["underwrite"]))
)]
pub(in crate::api) async fn post(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<Waiver>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Underwrite)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |case| {
        Ok(vec![decisions::waive(case.platform, case.guarantee)])
    })
    .await
}

//! Declining an application.

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
use crate::api::texts::Reason;
use crate::casework::decisions;
use crate::domain::identity::GuaranteeId;

/// Why an application is declined.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"reason": "资信不足"})))]
pub struct Decline {
    /// A platform whose notice has a field for it is told.
    pub reason: Reason,
}

/// Decline the application
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/decline",
    tag = "acts",
    operation_id = "decline",
    params(Parameters),
    request_body = Decline,
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
    body: Body<Decline>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Underwrite)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |case| {
        Ok(vec![decisions::decline(case.platform, body.value.reason.to_text())])
    })
    .await
}

//! Declining an application.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::act::{self, Request};
use crate::api::body::Body;
use crate::api::caller::Caller;
use crate::api::guarantees::view::GuaranteeView;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::domain::Command;
use crate::domain::identity::GuaranteeId;

/// Why an application is declined.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// A platform whose notice has a field for it is told.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Decline the application
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/decline",
    tag = "acts",
    operation_id = "decline",
    params(("id" = String, Path, description = "The gateway's id of the guarantee"),
           ("Idempotency-Key" = String, Header, description = "1 to 255 visible characters, one for each act"),
           ("If-Match" = Option<String>, Header, description = "The version that the decision is about")),
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
    let Decline { reason } = body.value;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |platform, _, _| {
        Ok(vec![Command::Decline { reason: reason.clone(), issuer: platform.rules.issuer().to_owned() }])
    })
    .await
}

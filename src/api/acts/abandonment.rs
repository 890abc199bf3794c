//! Giving up an issue whose premium was paid.

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
use crate::domain::Command;
use crate::domain::identity::GuaranteeId;

/// Why a guarantee is not issued though its premium was paid.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"reason": "保函内容含有无法打印的字符"})))]
pub struct Abandonment {
    /// A platform that follows each step is told.
    pub reason: Reason,
}

/// Give up issuing
///
/// For a guarantee whose letter can't be made. The premium has to be paid back outside the gateway.
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/abandonment",
    tag = "acts",
    operation_id = "abandonIssue",
    params(Parameters),
    request_body = Abandonment,
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
    body: Body<Abandonment>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Underwrite)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |_| {
        Ok(vec![Command::AbandonIssue { reason: body.value.reason.to_text() }])
    })
    .await
}

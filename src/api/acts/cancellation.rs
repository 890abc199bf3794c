//! Answering a platform that wants to cancel an order before issue.

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

/// Whether the platform may cancel the order (订单取消).
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(
    json!({"outcome": "granted"}),
    json!({"outcome": "refused", "reason": "保费已支付，保函正在出具"}),
))]
pub struct Cancellation {
    pub outcome: CancellationOutcome,
    /// With `refused` only; the platform is told.
    pub reason: Option<Reason>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CancellationOutcome {
    Granted,
    /// What was held up goes on.
    Refused,
}

impl Cancellation {
    /// # Errors
    /// When the reason is missing, or there is nobody whom it would be told.
    fn command(&self) -> Result<Command, Problem> {
        match (self.outcome, &self.reason) {
            (CancellationOutcome::Granted, None) => Ok(Command::GrantCancellation),
            (CancellationOutcome::Granted, Some(_)) => {
                Err(Problem::at("/reason", "expected no reason with `granted`, found one"))
            }
            (CancellationOutcome::Refused, Some(reason)) => {
                Ok(Command::RefuseCancellation { reason: reason.to_text() })
            }
            (CancellationOutcome::Refused, None) => {
                Err(Problem::at("/reason", "expected a reason with `refused`, found none"))
            }
        }
    }
}

/// Answer a platform that wants to cancel the order
///
/// Before issue; while the question is open, nothing is approved, paid or sealed.
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/cancellation",
    tag = "acts",
    operation_id = "answerCancellation",
    params(Parameters),
    request_body = Cancellation,
    responses(
        (status = 200, body = GuaranteeView, headers(("ETag" = String, description = "The version"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["service"]))
)]
pub(in crate::api) async fn post(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<Cancellation>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Service)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let command = body.value.command()?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |_| Ok(vec![command.clone()]))
        .await
}

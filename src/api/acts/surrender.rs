//! Answering a request to surrender, or surrendering as agreed with the applicant.

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

/// What becomes of a guarantee that somebody wants to give back (退保).
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(
    json!({"outcome": "granted"}),
    json!({"outcome": "refused", "reason": "项目已进入开标程序"}),
    json!({"outcome": "agreed", "reason": "投标人不再参加投标"}),
))]
pub struct Surrender {
    pub outcome: SurrenderOutcome,
    /// With `refused` and `agreed` only. A platform whose notice has a field for it is told why it was refused; why it was
    /// agreed is for the records.
    pub reason: Option<Reason>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurrenderOutcome {
    /// The request of the platform is granted.
    Granted,
    /// It is refused.
    Refused,
    /// Surrendered as agreed with the applicant, whether the platform has asked for it or not.
    Agreed,
}

impl Surrender {
    /// # Errors
    /// When the reason is missing, or there is nobody whom it would be told.
    fn command(&self) -> Result<Command, Problem> {
        match (self.outcome, &self.reason) {
            (SurrenderOutcome::Granted, None) => Ok(Command::GrantSurrender),
            (SurrenderOutcome::Granted, Some(_)) => {
                Err(Problem::at("/reason", "expected no reason with `granted`, found one"))
            }
            (SurrenderOutcome::Refused, Some(reason)) => {
                Ok(Command::RefuseSurrender { reason: reason.to_text() })
            }
            (SurrenderOutcome::Agreed, Some(reason)) => Ok(Command::Surrender { reason: reason.to_text() }),
            (SurrenderOutcome::Refused | SurrenderOutcome::Agreed, None) => {
                Err(Problem::at("/reason", "expected a reason with `refused` and `agreed`, found none"))
            }
        }
    }
}

/// Answer a request to surrender, or surrender as agreed
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/surrender",
    tag = "acts",
    operation_id = "answerSurrender",
    params(Parameters),
    request_body = Surrender,
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
    body: Body<Surrender>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Service)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let command = body.value.command()?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |_| Ok(vec![command.clone()]))
        .await
}

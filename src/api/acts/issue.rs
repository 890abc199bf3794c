//! Approval and premium at once, for whoever has the money before it decides.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::act::{self, Parameters, Request};
use crate::api::acts::approval::Approval;
use crate::api::acts::premium::Premium;
use crate::api::body::Body;
use crate::api::caller::Caller;
use crate::api::guarantees::view::GuaranteeView;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::domain::identity::GuaranteeId;

/// Whatever is still lacking before a guarantee is issued.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "approval": {"premium": "3200.00"},
    "premium": {
        "payer": {"number": "46050100163600001111", "bank": "中国建设银行海口国兴支行"},
        "basic_account": "confirmed",
        "method": "online-banking",
    },
})))]
pub struct Issue {
    /// For an application that is not approved yet; `{}` approves on the rules' terms. Left out, the application has to be
    /// approved already: nothing is approved unsaid.
    pub approval: Option<Approval>,
    pub premium: Premium,
}

/// Approve and record the premium at once
///
/// Both or neither: if one of them is refused, nothing has happened.
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/issue",
    tag = "acts",
    operation_id = "issue",
    params(Parameters),
    request_body = Issue,
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
    body: Body<Issue>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Underwrite)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |case| {
        let Issue { approval, premium } = &body.value;
        let approval = approval.as_ref().map(|approval| approval.command(case, "/approval")).transpose()?;
        let premium = premium.command(case, "/premium")?;
        Ok(approval.into_iter().chain([premium]).collect())
    })
    .await
}

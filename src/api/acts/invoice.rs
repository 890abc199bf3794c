//! Answering a request for an invoice.

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
use crate::api::texts::{Number, Reason, Word};
use crate::casework::decisions::content;
use crate::domain::Command;
use crate::domain::identity::GuaranteeId;
use crate::domain::invoice;

/// The invoice for the premium (发票), or why there is none.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(
    json!({"outcome": "issued", "url": "https://invoice.example.com/46002200111.pdf", "number": "24462000000012345678"}),
    json!({"outcome": "refused", "reason": "开票信息与付款人不一致"}),
))]
pub struct Invoice {
    pub outcome: InvoiceOutcome,
    /// Where an electronic invoice can be fetched (http or https). An invoice that is issued has this, a number or both.
    pub url: Option<Word<1000>>,
    /// 发票代码; an invoice of the digital system (数电票) has none.
    pub code: Option<Number>,
    /// 发票号码
    pub number: Option<Number>,
    /// With `refused` only; for the records.
    pub reason: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InvoiceOutcome {
    Issued,
    Refused,
}

impl Invoice {
    /// # Errors
    /// When something is missing, or does not go with the outcome.
    fn command(&self) -> Result<Command, Problem> {
        let Self { outcome, url, code, number, reason } = self;
        match outcome {
            InvoiceOutcome::Issued => {
                let out_of_place = reason.as_ref().map(|_| "/reason");
                expect_absent(out_of_place, "issued")?;
                let invoice = invoice::Invoice {
                    url: url.as_ref().map(Word::to_text),
                    code: code.as_ref().map(Word::to_text),
                    number: number.as_ref().map(Word::to_text),
                };
                content::expect_found(&invoice).map_err(|misfit| Problem::misfit("", &misfit))?;
                Ok(Command::IssueInvoice { invoice })
            }
            InvoiceOutcome::Refused => {
                let out_of_place = url.as_ref().map(|_| "/url");
                let out_of_place = out_of_place.or(code.as_ref().map(|_| "/code"));
                expect_absent(out_of_place.or(number.as_ref().map(|_| "/number")), "refused")?;
                let reason = reason.as_ref().map(Reason::to_text);
                let reason = reason
                    .ok_or_else(|| Problem::at("/reason", "expected a reason with `refused`, found none"))?;
                Ok(Command::RefuseInvoice { reason })
            }
        }
    }
}

fn expect_absent(pointer: Option<&str>, outcome: &str) -> Result<(), Problem> {
    let problem =
        |pointer| Problem::at(pointer, format!("expected nothing here with `{outcome}`, found something"));
    pointer.map_or(Ok(()), |pointer| Err(problem(pointer)))
}

/// Answer a request for an invoice
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/invoice",
    tag = "acts",
    operation_id = "answerInvoiceRequest",
    params(Parameters),
    request_body = Invoice,
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
    body: Body<Invoice>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Service)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let command = body.value.command()?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |_| Ok(vec![command.clone()]))
        .await
}

//! Answering a claim, until it is paid or rejected.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::act::{self, Parameters, Request};
use crate::api::body::Body;
use crate::api::caller::Caller;
use crate::api::guarantees::view::GuaranteeView;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::api::texts::{Name, Number, Phone, Phrase, Reason};
use crate::api::values::Yuan;
use crate::casework::decisions::content;
use crate::domain::Command;
use crate::domain::claim::{self, ClaimResult};
use crate::domain::identity::GuaranteeId;
use crate::domain::party::{Account, Contact};

/// How a claim (索赔) stands. It may be answered several times; `paid` and `rejected` close it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "status": "paid",
    "amount": "800000.00",
    "paid_at": "2024-12-20T16:00:00+08:00",
    "payer": {
        "code": "91460000MA0EXAMP7X",
        "contact": {"name": "陈某某", "phone": "0898-66000000"},
        "account": {"holder": "示例财产保险股份有限公司", "number": "46050100163600009999", "bank": "中国建设银行海口国兴支行"},
    },
    "beneficiary": {
        "code": "11460000MA271828X0",
        "contact": {"name": "王某某", "phone": "13900001111"},
        "account": {"holder": "海口市示例住房和城乡建设局", "number": "46050100163600001234", "bank": "中国建设银行海口美兰支行"},
    },
})))]
pub struct ClaimAnswer {
    pub status: ClaimStatus,
    /// Why; `rejected` and `other` need one.
    pub remark: Option<Reason>,
    /// What is or will be paid; `to-be-paid` and `paid` need it. All that is paid stays within the guarantee.
    pub amount: Option<Yuan>,
    /// With `paid` only.
    pub paid_at: Option<Timestamp>,
    /// The institution's side of the payment.
    pub payer: ClaimSide,
    /// The other one, as the claim names it.
    pub beneficiary: ClaimSide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimStatus {
    InHandling,
    ToBePaid,
    Paid,
    Rejected,
    Other,
}

/// One side of a payment on a claim.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimSide {
    /// 统一社会信用代码
    pub code: Number,
    pub contact: ClaimContact,
    pub account: ClaimAccount,
}

/// Whom to ask about a payment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimContact {
    pub name: Name,
    pub phone: Phone,
}

/// Where a payment comes from or goes to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimAccount {
    pub holder: Name,
    pub number: Number,
    /// The bank that keeps the account.
    pub bank: Name,
}

impl ClaimAnswer {
    /// # Errors
    /// When something is missing that the status needs, or does not go with it.
    fn result(&self, now: Timestamp) -> Result<ClaimResult, Problem> {
        let answer = content::ClaimAnswer {
            status: self.status.into(),
            remark: self.remark.as_ref().map(Phrase::to_text),
            amount: self.amount.map(|Yuan(amount)| amount),
            paid_at: self.paid_at,
            payer: self.payer.known(),
            beneficiary: self.beneficiary.known(),
        };
        answer.result(now).map_err(|misfit| Problem::misfit("", &misfit))
    }
}

impl ClaimSide {
    fn known(&self) -> claim::ClaimSide {
        let Self { code, contact, account } = self;
        claim::ClaimSide {
            code: code.to_text(),
            contact: Contact { name: Some(contact.name.to_text()), phone: Some(contact.phone.to_text()) },
            account: Account {
                holder: account.holder.to_text(),
                number: account.number.to_text(),
                bank: Some(account.bank.to_text()),
            },
        }
    }
}

impl From<ClaimStatus> for claim::ClaimStatus {
    fn from(status: ClaimStatus) -> Self {
        match status {
            ClaimStatus::InHandling => Self::InHandling,
            ClaimStatus::ToBePaid => Self::ToBePaid,
            ClaimStatus::Paid => Self::Paid,
            ClaimStatus::Rejected => Self::Rejected,
            ClaimStatus::Other => Self::Other,
        }
    }
}

/// Answer the claim
///
/// A platform that has words for it is told each answer.
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/claim",
    tag = "acts",
    operation_id = "answerClaim",
    params(Parameters),
    request_body = ClaimAnswer,
    responses(
        (status = 200, body = GuaranteeView, headers(("ETag" = String, description = "The version"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["claims"]))
)]
pub(in crate::api) async fn post(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<ClaimAnswer>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Claims)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let result = body.value.result(api.clock.now())?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |_| {
        Ok(vec![Command::AnswerClaim { result: result.clone() }])
    })
    .await
}

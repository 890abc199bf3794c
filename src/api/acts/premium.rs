//! Recording that the premium was paid.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::act::{self, Case, Parameters, Request, Stop};
use crate::api::acts::paper::PaperReference;
use crate::api::body::Body;
use crate::api::caller::Caller;
use crate::api::guarantees::view::GuaranteeView;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::api::texts::{Name, Number, Phrase};
use crate::api::values::Yuan;
use crate::casework::decisions::{self, content};
use crate::domain::Command;
use crate::domain::identity::GuaranteeId;
use crate::domain::party::Account;
use crate::domain::terms::{self, Payment};

/// How the premium was paid.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "payer": {"holder": "海峡示例建设有限公司", "number": "46050100163600001111", "bank": "中国建设银行海口国兴支行"},
    "basic_account": "confirmed",
    "method": "online-banking",
    "paid_at": "2024-12-03T10:15:30+08:00",
    "amount": "3200.00",
})))]
pub struct Premium {
    /// The account that it came from.
    pub payer: Payer,
    /// Whether that is the applicant's basic account (基本户). Where the rules ask for one, only `confirmed` will do.
    pub basic_account: BasicAccount,
    pub method: PaymentMethod,
    /// Now, if not given.
    pub paid_at: Option<Timestamp>,
    /// At least the premium; the premium, if not given.
    pub amount: Option<Yuan>,
    /// What shows that it arrived (到账凭证): a file that was handed in. A dossier's proof of payment comes before it.
    pub voucher: Option<PaperReference>,
}

/// A payer's bank account.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// The applicant, if not given.
    pub holder: Option<Name>,
    pub number: Number,
    /// The bank that keeps the account.
    pub bank: Option<Name>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BasicAccount {
    Confirmed,
    NotBasic,
    Unchecked,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentMethod {
    /// 网银转账
    OnlineBanking,
    Wechat,
    Alipay,
    Other,
}

impl Premium {
    /// What is recorded; the body stands at `pointer`.
    ///
    /// # Errors
    /// When the time is still to come, or the voucher was not handed in.
    pub(super) fn command(&self, case: &mut Case<'_>, pointer: &str) -> Result<Command, Stop> {
        content::expect_past("paid_at", self.paid_at, case.at)
            .map_err(|misfit| Problem::misfit(pointer, &misfit))?;
        let voucher = self.voucher.as_ref();
        let voucher = voucher
            .map(|voucher| voucher.paper(case.connection, "payment-proof", &format!("{pointer}/voucher")))
            .transpose()?;
        let holder = self.payer.holder.as_ref().map(Phrase::to_text);
        let payment = Payment {
            payer: Account {
                holder: holder.unwrap_or_else(|| case.guarantee.application.applicant.name.clone()),
                number: self.payer.number.to_text(),
                bank: self.payer.bank.as_ref().map(Phrase::to_text),
            },
            basic_account: self.basic_account.into(),
            method: self.method.into(),
            paid_at: self.paid_at,
            amount: self.amount.map(|Yuan(amount)| amount),
            voucher,
        };
        Ok(decisions::premium(case.platform, case.guarantee, payment))
    }
}

impl From<BasicAccount> for terms::BasicAccount {
    fn from(answer: BasicAccount) -> Self {
        match answer {
            BasicAccount::Confirmed => Self::Confirmed,
            BasicAccount::NotBasic => Self::NotBasic,
            BasicAccount::Unchecked => Self::Unchecked,
        }
    }
}

impl From<PaymentMethod> for terms::PaymentMethod {
    fn from(method: PaymentMethod) -> Self {
        match method {
            PaymentMethod::OnlineBanking => Self::OnlineBanking,
            PaymentMethod::Wechat => Self::Wechat,
            PaymentMethod::Alipay => Self::Alipay,
            PaymentMethod::Other => Self::Other,
        }
    }
}

/// Record the premium as paid
///
/// Then the guarantee is issued.
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/premium",
    tag = "acts",
    operation_id = "recordPremium",
    params(Parameters),
    request_body = Premium,
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
    body: Body<Premium>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Underwrite)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |case| {
        Ok(vec![body.value.command(case, "")?])
    })
    .await
}

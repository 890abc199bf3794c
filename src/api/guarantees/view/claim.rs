//! The latest claim on a guarantee, and the institution's latest answer.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Reader;
use super::application::ContactView;
use super::terms::AccountView;
use crate::api::values::{Yuan, words};
use crate::domain::claim::{ClaimResult, ClaimSide, ClaimStatus};
use crate::domain::guarantee::Claim;

/// The beneficiary's demand for payment (索赔).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClaimView {
    /// The amount demanded (索赔金额), where the platform sends one.
    amount: Option<Yuan>,
    /// 索赔原因
    reason: Option<String>,
    /// The account to pay into (收款账号).
    payee_account: Option<String>,
    /// 收款开户行
    payee_bank: Option<String>,
    /// Who claims (索赔人).
    claimant: ContactView,
    /// The number of the claimant's identity document (索赔人证件号码); only for keys with the scope `dossiers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    claimant_id: Option<String>,
    /// Links to the evidence (索赔材料). The gateway fetches them at an operator's word only.
    evidence: Vec<String>,
    /// The institution's latest answer (理赔结果).
    result: Option<ClaimResultView>,
}

impl ClaimView {
    pub(super) fn of(claim: &Claim, reader: Reader) -> Self {
        let request = &claim.request;
        Self {
            amount: request.amount.map(Yuan),
            reason: request.reason.clone(),
            payee_account: request.payee_account.clone(),
            payee_bank: request.payee_bank.clone(),
            claimant: ContactView::of(&request.claimant),
            claimant_id: request.claimant_id.clone().filter(|_| reader.people),
            evidence: request.evidence.clone(),
            result: claim.result.as_ref().map(ClaimResultView::of),
        }
    }
}

/// The institution's answer to a claim (理赔结果).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClaimResultView {
    /// `in-handling` 处理中, `to-be-paid` 待赔付, `paid` 已赔付, `rejected` 不予赔付, `other` 其他
    #[schema(schema_with = statuses)]
    status: &'static str,
    /// 说明
    remark: Option<String>,
    /// 赔付金额
    amount: Yuan,
    /// 赔付时间
    paid_at: Option<Timestamp>,
    /// 赔付方
    payer: ClaimSideView,
    /// 收款方
    beneficiary: ClaimSideView,
}

impl ClaimResultView {
    fn of(result: &ClaimResult) -> Self {
        Self {
            status: result.status.name(),
            remark: result.remark.clone(),
            amount: Yuan(result.amount),
            paid_at: result.paid_at,
            payer: ClaimSideView::of(&result.payer),
            beneficiary: ClaimSideView::of(&result.beneficiary),
        }
    }
}

/// One side of a payment on a claim.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClaimSideView {
    /// 统一社会信用代码
    code: String,
    /// 联系人
    contact: ContactView,
    /// 银行账户
    account: AccountView,
}

impl ClaimSideView {
    fn of(side: &ClaimSide) -> Self {
        Self {
            code: side.code.clone(),
            contact: ContactView::of(&side.contact),
            account: AccountView::of(&side.account),
        }
    }
}

/// The schema of how a claim stands.
pub(in crate::api::guarantees) fn statuses() -> utoipa::openapi::schema::ObjectBuilder {
    words(ClaimStatus::ALL.map(ClaimStatus::name))
}

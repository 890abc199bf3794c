//! What platforms ask of a guarantee besides claims, and how it was answered.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::application::PartyView;
use crate::api::values::{Yuan, words};
use crate::domain::abnormality::{Abnormality, AbnormalityKind};
use crate::domain::guarantee::{
    Cancellation, CancellationKind, InvoiceCase, OrderCancellation, OrderCancellationOutcome, Surrender,
    SurrenderOutcome,
};
use crate::domain::invoice::{InvoiceKind, InvoiceOutcome};

const ASKED: &str = "asked";
const GRANTED: &str = "granted";
const REFUSED: &str = "refused";
const ISSUED: &str = "issued";

/// The applicant's wish to give the guarantee back (退保).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SurrenderView {
    /// 退保原因
    reason: String,
    /// 办理状态
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    /// Why it was refused (未通过原因).
    refusal: Option<String>,
}

impl SurrenderView {
    pub(super) fn of(surrender: &Surrender) -> Self {
        let (outcome, refusal) = match &surrender.outcome {
            SurrenderOutcome::Asked => (ASKED, None),
            SurrenderOutcome::Granted => (GRANTED, None),
            SurrenderOutcome::Refused { reason } => (REFUSED, Some(reason.clone())),
        };
        Self { reason: surrender.reason.clone(), outcome, refusal }
    }
}

/// The platform's wish to end the application before its letter is sealed (订单取消).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderCancellationView {
    /// 取消原因
    reason: String,
    /// 办理状态
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    /// Why it was refused (未通过原因).
    refusal: Option<String>,
}

impl OrderCancellationView {
    pub(super) fn of(asked: &OrderCancellation) -> Self {
        let (outcome, refusal) = match &asked.outcome {
            OrderCancellationOutcome::Asked => (ASKED, None),
            OrderCancellationOutcome::Granted => (GRANTED, None),
            OrderCancellationOutcome::Refused { reason } => (REFUSED, Some(reason.clone())),
        };
        Self { reason: asked.reason.clone(), outcome, refusal }
    }
}

/// The beneficiary's word that the guarantee is no longer needed (注销).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CancellationView {
    /// `unstated` 未说明, `fulfilled` 项目履约完成, `defective` 保函文件格式错误
    #[schema(schema_with = cancellations)]
    kind: &'static str,
    /// When it is to end (注销时间).
    effective_at: Option<Timestamp>,
    /// 备注
    remark: Option<String>,
}

impl CancellationView {
    pub(super) fn of(cancellation: &Cancellation) -> Self {
        Self {
            kind: cancellation.kind.name(),
            effective_at: cancellation.effective_at,
            remark: cancellation.remark.clone(),
        }
    }
}

/// An invoice that was asked for, and what came of it (发票).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvoiceView {
    /// `ordinary` 增值税普通发票, `special` 增值税专用发票
    #[schema(schema_with = invoices)]
    kind: &'static str,
    /// 购方
    buyer: PartyView,
    /// 开票金额
    amount: Yuan,
    /// 购方地址
    address: Option<String>,
    /// 购方电话
    phone: Option<String>,
    /// 购方开户行
    bank: Option<String>,
    /// 购方账号
    account: Option<String>,
    /// 收票邮箱
    email: Option<String>,
    /// 收票手机
    mobile: Option<String>,
    /// 收件人
    recipient: Option<String>,
    /// 收件地址
    recipient_address: Option<String>,
    /// 办理状态
    #[schema(schema_with = invoice_outcomes)]
    outcome: &'static str,
    /// Why it was refused (未开具原因).
    refusal: Option<String>,
    /// Where the invoice is (发票下载地址).
    url: Option<String>,
    /// 发票代码
    code: Option<String>,
    /// 发票号码
    number: Option<String>,
}

impl InvoiceView {
    pub(super) fn of(case: &InvoiceCase) -> Self {
        let (outcome, refusal, issued) = match &case.outcome {
            InvoiceOutcome::Asked => (ASKED, None, None),
            InvoiceOutcome::Issued(invoice) => (ISSUED, None, Some(invoice)),
            InvoiceOutcome::Refused { reason } => (REFUSED, Some(reason.clone()), None),
        };
        let request = case.request.clone();
        Self {
            kind: request.kind.name(),
            buyer: PartyView::of(&request.buyer),
            amount: Yuan(request.amount),
            address: request.address,
            phone: request.phone,
            bank: request.bank,
            account: request.account,
            email: request.email,
            mobile: request.mobile,
            recipient: request.recipient,
            recipient_address: request.recipient_address,
            outcome,
            refusal,
            url: issued.and_then(|invoice| invoice.url.clone()),
            code: issued.and_then(|invoice| invoice.code.clone()),
            number: issued.and_then(|invoice| invoice.number.clone()),
        }
    }
}

/// What the platform said of the whole tender section (标段异常).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AbnormalityView {
    /// `failed` 流标, `terminated` 终止, `suspended` 暂停, `voided` 作废
    #[schema(schema_with = abnormalities)]
    kind: &'static str,
    /// 说明
    remark: String,
    /// 认定时间
    decided_at: Timestamp,
}

impl AbnormalityView {
    pub(super) fn of(abnormality: &Abnormality) -> Self {
        Self {
            kind: abnormality.kind.name(),
            remark: abnormality.remark.clone(),
            decided_at: abnormality.decided_at,
        }
    }
}

fn outcomes() -> utoipa::openapi::schema::ObjectBuilder {
    words([ASKED, GRANTED, REFUSED])
}

fn invoice_outcomes() -> utoipa::openapi::schema::ObjectBuilder {
    words([ASKED, ISSUED, REFUSED])
}

fn cancellations() -> utoipa::openapi::schema::ObjectBuilder {
    words(CancellationKind::ALL.map(CancellationKind::name))
}

fn invoices() -> utoipa::openapi::schema::ObjectBuilder {
    words(InvoiceKind::ALL.map(InvoiceKind::name))
}

/// The schema of what may be wrong with a section.
pub(in crate::api::guarantees) fn abnormalities() -> utoipa::openapi::schema::ObjectBuilder {
    words(AbnormalityKind::ALL.map(AbnormalityKind::name))
}

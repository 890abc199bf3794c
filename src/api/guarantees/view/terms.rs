//! What the institution agreed to, and how the premium was paid.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::dossier::PaperView;
use crate::api::values::{RateText, Yuan, words};
use crate::domain::Guarantee;
use crate::domain::party::Account;
use crate::domain::terms::{BasicAccount, Payment, PaymentMethod, Terms};

/// What the institution agreed to (承保条件).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TermsView {
    /// 保函编号
    guarantee_number: String,
    /// 保费
    premium: Yuan,
    /// 费率
    rate: RateText,
    /// The organisation that issues (出单机构).
    issuer: String,
    validity: ValidityView,
}

/// How long the guarantee holds (有效期).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ValidityView {
    /// The first day in China, where it is not the day of issue (起始日).
    #[schema(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// Days after the end of bid validity (投标有效期满后天数).
    days_after_bid_validity: u32,
    /// The last day in China in any case (最迟截止日).
    #[schema(value_type = String, format = Date)]
    latest: Date,
    /// The first moment (生效时间), once it is issued.
    first_moment: Option<Timestamp>,
    /// The last second (失效时间), once it is issued.
    last_moment: Option<Timestamp>,
}

impl TermsView {
    pub(super) fn of(guarantee: &Guarantee, terms: &Terms) -> Self {
        let bounds = guarantee.issued_letter.as_ref().map(|letter| terms.validity.bounds(letter.sealed_at));
        Self {
            guarantee_number: terms.guarantee_number.to_string(),
            premium: Yuan(terms.premium),
            rate: RateText(terms.rate),
            issuer: terms.issuer.clone(),
            validity: ValidityView {
                from: terms.validity.from,
                days_after_bid_validity: terms.validity.days_after_bid_validity,
                latest: terms.validity.latest,
                first_moment: bounds.map(|(first, _)| first),
                last_moment: bounds.map(|(_, last)| last),
            },
        }
    }
}

/// The premium as it was paid (保费支付).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaymentView {
    /// 付款账户
    payer: AccountView,
    /// Whether the account is the applicant's basic one (是否基本户).
    #[schema(schema_with = basic_accounts)]
    basic_account: &'static str,
    /// 支付方式
    #[schema(schema_with = methods)]
    method: &'static str,
    /// When it was paid (支付时间), where that is known.
    paid_at: Option<Timestamp>,
    /// How much was paid (实付金额), where that is known.
    amount: Option<Yuan>,
    /// What shows that it arrived (到账凭证).
    voucher: Option<PaperView>,
}

impl PaymentView {
    pub(super) fn of(guarantee: &Guarantee, payment: &Payment) -> Self {
        Self {
            payer: AccountView::of(&payment.payer),
            basic_account: payment.basic_account.name(),
            method: payment.method.name(),
            paid_at: payment.paid_at,
            amount: payment.amount.map(Yuan),
            voucher: payment.voucher.as_ref().map(|paper| PaperView::of(guarantee, paper)),
        }
    }
}

/// A bank account (银行账户).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// 户名
    holder: String,
    /// 账号
    number: String,
    /// 开户行
    bank: Option<String>,
}

impl AccountView {
    pub(super) fn of(account: &Account) -> Self {
        Self { holder: account.holder.clone(), number: account.number.clone(), bank: account.bank.clone() }
    }
}

fn basic_accounts() -> utoipa::openapi::schema::ObjectBuilder {
    words(BasicAccount::ALL.map(BasicAccount::name))
}

fn methods() -> utoipa::openapi::schema::ObjectBuilder {
    words(PaymentMethod::ALL.map(PaymentMethod::name))
}

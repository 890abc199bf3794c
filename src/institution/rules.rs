//! Built-in underwriting: a rate, limits and tiers per platform, decided at once or left to people.

mod agreed;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;

pub use agreed::Agreed;

use super::{Institution, Unanswered};
use crate::clock::china_date;
use crate::domain::command::PayerRule;
use crate::domain::decision::Question;
use crate::domain::money::Fen;
use crate::domain::particulars::Particular;
use crate::domain::party::Account;
use crate::domain::premium::{PremiumRule, Quote, Rate, Tier};
use crate::domain::terms::{BasicAccount, Payment, PaymentMethod, Terms, Validity};
use crate::domain::{Command, Guarantee, Refusal};

/// With date and random digits, a number stays below the 50 characters that platforms take.
const LONGEST_PREFIX: usize = 20;

/// The `[platforms.ID.underwriting]` section of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnderwritingOptions {
    /// Who underwrites: the rules at once, or people (`baohan decide`).
    #[serde(default)]
    pub mode: Mode,
    /// The premium rate as a decimal text, `"0.005"` for five per mille.
    pub rate: Decimal,
    /// Rates for smaller amounts, ascending.
    #[serde(default)]
    pub tiers: Vec<TierOptions>,
    /// Yuan.
    pub minimum_premium: String,
    /// Yuan.
    pub smallest_amount: String,
    /// Yuan.
    pub largest_amount: String,
    /// Whether the premium has to come from the applicant's basic account (基本户).
    #[serde(default)]
    pub payer: PayerOptions,
    #[serde(default)]
    pub premium: Collection,
    /// Who answers a request to surrender.
    #[serde(default)]
    pub surrender: Mode,
    /// Who answers a platform that wants to cancel an order before issue.
    #[serde(default = "automatic")]
    pub cancellation: Mode,
    /// Days of validity after the end of bid validity.
    #[serde(default = "thirty")]
    pub days_after_bid_validity: u32,
    /// The last day of validity, counted in days from issue.
    #[serde(default = "half_a_year")]
    pub longest_validity_days: u32,
    /// What guarantee numbers begin with: at most 20 letters, digits and hyphens.
    #[serde(default = "number_prefix")]
    pub number_prefix: String,
}

fn automatic() -> Mode {
    Mode::Automatic
}

fn thirty() -> u32 {
    30
}

fn half_a_year() -> u32 {
    180
}

fn number_prefix() -> String {
    "BH".to_owned()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Automatic,
    /// The safe default: nothing is issued without a person's word.
    #[default]
    Manual,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierOptions {
    /// Yuan.
    pub up_to: String,
    pub rate: Decimal,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PayerOptions {
    #[default]
    BasicAccount,
    AnyAccount,
}

impl PayerOptions {
    pub fn rule(self) -> PayerRule {
        match self {
            Self::BasicAccount => PayerRule::BasicAccountOnly,
            Self::AnyAccount => PayerRule::AnyAccount,
        }
    }
}

/// How the gateway learns that the premium was paid.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "collection", deny_unknown_fields)]
pub enum Collection {
    /// Somebody records each payment.
    #[default]
    Recorded,
    /// Every applicant is taken to have paid from this account, its basic account: for trials and demonstrations.
    Assumed { account: String, bank: Option<String> },
}

/// The rules of one platform, read and checked once.
#[derive(Clone, Debug)]
pub struct Rules {
    options: UnderwritingOptions,
    premium: PremiumRule,
    issuer: String,
}

/// A rule that can't be applied: which key, what was expected, what was found.
#[derive(Debug, thiserror::Error)]
#[error("underwriting.{key}: expected {expected}, found `{found}`")]
pub struct RuleError {
    pub key: &'static str,
    pub expected: &'static str,
    pub found: String,
}

impl Rules {
    /// # Errors
    /// When an amount can't be read, a rate is not between 0 and 1, tiers and limits are not ascending, or the prefix of
    /// guarantee numbers is too long or not plain.
    pub fn new(options: UnderwritingOptions, issuer: &str) -> Result<Self, RuleError> {
        let amount = |key, text: &str| {
            let expected = "an amount in yuan, for instance \"200.00\"";
            text.parse::<Fen>().map_err(|_| RuleError { key, expected, found: text.to_owned() })
        };
        let rate = |key, rate: Decimal| {
            let expected = "a fraction above 0 and below 1, for instance \"0.005\"";
            let usable = rate > Decimal::ZERO && rate < Decimal::ONE;
            usable.then_some(Rate(rate)).ok_or_else(|| RuleError { key, expected, found: rate.to_string() })
        };
        let mut tiers: Vec<Tier> = Vec::with_capacity(options.tiers.len());
        for tier in &options.tiers {
            let up_to = amount("tiers.up_to", &tier.up_to)?;
            if tiers.last().is_some_and(|last| last.up_to >= up_to) {
                let expected = "amounts in ascending order";
                return Err(RuleError { key: "tiers.up_to", expected, found: tier.up_to.clone() });
            }
            tiers.push(Tier { up_to, rate: rate("tiers.rate", tier.rate)? });
        }
        let premium = PremiumRule {
            rate: rate("rate", options.rate)?,
            tiers,
            minimum_premium: amount("minimum_premium", &options.minimum_premium)?,
            smallest_amount: amount("smallest_amount", &options.smallest_amount)?,
            largest_amount: amount("largest_amount", &options.largest_amount)?,
        };
        if premium.smallest_amount > premium.largest_amount {
            let expected = "an amount not below smallest_amount";
            let found = options.largest_amount.clone();
            return Err(RuleError { key: "largest_amount", expected, found });
        }
        let prefix = &options.number_prefix;
        let plain = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !plain || prefix.len() > LONGEST_PREFIX {
            let expected = "at most 20 letters, digits and hyphens";
            return Err(RuleError { key: "number_prefix", expected, found: prefix.clone() });
        }
        Ok(Self { options, premium, issuer: issuer.to_owned() })
    }

    pub fn options(&self) -> &UnderwritingOptions {
        &self.options
    }

    /// The organisation in whose name these rules decide.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What a guarantee of this amount costs.
    ///
    /// # Errors
    /// When the amount is outside the limits.
    pub fn quote(&self, amount: Fen) -> Result<Quote, Refusal> {
        self.premium.quote(amount)
    }

    /// The terms that the rules give an application.
    ///
    /// # Errors
    /// When the amount is outside the limits.
    pub fn terms(&self, guarantee: &Guarantee, at: Timestamp) -> Result<Terms, Refusal> {
        self.complete(Agreed::default(), guarantee, at)
    }

    /// As long as the application asks for, from the day it asks for; where it asks for nothing, as the rules say.
    fn validity(&self, guarantee: &Guarantee, from: Option<Date>, at: Timestamp) -> Validity {
        let particulars = &guarantee.application.particulars;
        let date = |particular| particulars.get(particular).and_then(|text| text.parse::<Date>().ok());
        let from = from.or_else(|| date(Particular::GuaranteeFrom));
        let first = from.unwrap_or_else(|| china_date(at));
        let months = particulars.get(Particular::GuaranteeMonths).and_then(|text| text.parse::<i64>().ok());
        let after_months = || {
            let end = first.checked_add(Span::new().try_months(months?).ok()?).ok()?;
            end.yesterday().ok()
        };
        let by_rule = || {
            let days = Span::new().try_days(self.options.longest_validity_days);
            days.and_then(|days| first.checked_add(days)).unwrap_or(Date::MAX)
        };
        Validity {
            from,
            days_after_bid_validity: self.options.days_after_bid_validity,
            latest: date(Particular::GuaranteeUntil).or_else(after_months).unwrap_or_else(by_rule),
        }
    }

    fn underwrite(&self, guarantee: &Guarantee, at: Timestamp) -> Vec<Command> {
        if self.options.mode == Mode::Manual {
            return Vec::new();
        }
        let terms = match self.terms(guarantee, at) {
            Ok(terms) => terms,
            Err(refusal) => {
                return vec![Command::Decline { reason: refusal.to_string(), issuer: self.issuer.clone() }];
            }
        };
        let mut commands = vec![Command::Approve { terms }];
        if let Collection::Assumed { account, bank } = &self.options.premium {
            let holder = guarantee.application.applicant.name.clone();
            let payer = Account { holder, number: account.clone(), bank: bank.clone() };
            let payment = Payment {
                payer,
                basic_account: BasicAccount::Confirmed,
                method: PaymentMethod::OnlineBanking,
                paid_at: Some(at),
                amount: None,
                voucher: None,
            };
            commands.push(Command::RecordPremium { payment, payer: self.options.payer.rule() });
        }
        commands
    }
}

impl Institution for Rules {
    fn consult<'a>(
        &'a self,
        question: Question,
        guarantee: &'a Guarantee,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Command>, Unanswered>> {
        let commands = match question {
            Question::Underwriting => self.underwrite(guarantee, at),
            Question::Surrender if self.options.surrender == Mode::Automatic => vec![Command::GrantSurrender],
            Question::Cancellation if self.options.cancellation == Mode::Automatic => {
                vec![Command::GrantCancellation]
            }
            // An invoice comes from the tax system and a claim is paid by people: no rule can answer for them.
            Question::Surrender | Question::Cancellation | Question::Invoice | Question::Claim => Vec::new(),
        };
        std::future::ready(Ok(commands)).boxed()
    }
}

#[cfg(test)]
mod tests;

//! The values of underwriting keys, each checked when it is read.

use std::path::PathBuf;
use std::time::Duration;

use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::blacklist::Codes;
use crate::domain::command::PayerRule;
use crate::domain::money::Fen;
use crate::domain::premium::{Rate, Rounding, Tier};
use crate::institution::hours::Window;

/// With date and random digits, a number stays below the 50 characters that platforms take.
const LONGEST_PREFIX: usize = 20;

/// Who answers a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The rules.
    Automatic,
    /// The safe default: nothing is issued without a person's word.
    #[default]
    Manual,
    /// The core system: a callback has told it, and it answers over its interface.
    Callback,
}

/// Who answers a question that no rule can answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Desk {
    #[default]
    Manual,
    Callback,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "collection", deny_unknown_fields)]
pub enum Collection {
    /// Somebody records each payment.
    #[default]
    Recorded,
    /// Every applicant is taken to have paid from this account, its basic account: for trials and demonstrations.
    Assumed { account: String, bank: Option<String> },
}

/// What becomes of an automatic decision that falls outside working hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutsideHours {
    #[default]
    Wait,
    Manual,
    Decline,
}

/// What becomes of an applicant on the blacklist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blacklisted {
    #[default]
    Decline,
    Manual,
}

/// A rate above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PremiumRate(pub Rate);

impl<'de> Deserialize<'de> for PremiumRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rate: Decimal = Deserialize::deserialize(deserializer)?;
        if rate > Decimal::ZERO && rate < Decimal::ONE {
            return Ok(Self(Rate(rate)));
        }
        let expected = "expected a fraction above 0 and below 1, for instance \"0.005\"";
        Err(D::Error::custom(format!("{expected}, found `{rate}`")))
    }
}

/// An amount that is written in yuan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yuan(pub Fen);

impl<'de> Deserialize<'de> for Yuan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        yuan(&String::deserialize(deserializer)?).map(Self)
    }
}

fn yuan<E: serde::de::Error>(text: &str) -> Result<Fen, E> {
    let expected = "expected an amount in yuan, for instance \"200.00\"";
    text.parse().map_err(|_| E::custom(format!("{expected}, found `{text}`")))
}

/// An amount in yuan, or `"none"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceiling(pub Option<Fen>);

impl<'de> Deserialize<'de> for Ceiling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "none" => Ok(Self(None)),
            amount => yuan(amount).map(Some).map(Self),
        }
    }
}

/// Rates for smaller amounts, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiers(pub Vec<Tier>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierOptions {
    up_to: Yuan,
    rate: PremiumRate,
}

impl<'de> Deserialize<'de> for Tiers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut tiers: Vec<Tier> = Vec::new();
        for TierOptions { up_to: Yuan(up_to), rate: PremiumRate(rate) } in Vec::deserialize(deserializer)? {
            if let Some(last) = tiers.last().filter(|last| last.up_to >= up_to) {
                let expected = "expected amounts in ascending order under `up_to`";
                return Err(D::Error::custom(format!("{expected}, found `{up_to}` after `{}`", last.up_to)));
            }
            tiers.push(Tier { up_to, rate });
        }
        Ok(Self(tiers))
    }
}

/// What guarantee numbers begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberPrefix(pub String);

impl<'de> Deserialize<'de> for NumberPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let prefix = String::deserialize(deserializer)?;
        let plain = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && prefix.len() <= LONGEST_PREFIX {
            return Ok(Self(prefix));
        }
        let expected = format!("expected at most {LONGEST_PREFIX} letters, digits and hyphens");
        Err(D::Error::custom(format!("{expected}, found `{prefix}`")))
    }
}

/// A length of time such as `30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Wait(
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")] pub Duration,
);

/// A value as people read it: an amount with two digits, words as the settings have them.
pub trait Shown {
    fn shown(&self) -> String;
}

/// What an empty list or text is shown as.
fn or_none(text: String) -> String {
    if text.is_empty() { "无".to_owned() } else { text }
}

impl Shown for Mode {
    fn shown(&self) -> String {
        let text = match self {
            Self::Automatic => "automatic（规则自动）",
            Self::Manual => "manual（人工）",
            Self::Callback => "callback（核心系统）",
        };
        text.to_owned()
    }
}

impl Shown for Desk {
    fn shown(&self) -> String {
        match self {
            Self::Manual => Mode::Manual.shown(),
            Self::Callback => Mode::Callback.shown(),
        }
    }
}

impl Shown for PayerOptions {
    fn shown(&self) -> String {
        let text = match self {
            Self::BasicAccount => "basic-account（须从基本户转出）",
            Self::AnyAccount => "any-account（不限账户）",
        };
        text.to_owned()
    }
}

impl Shown for Collection {
    fn shown(&self) -> String {
        let text = match self {
            Self::Recorded => "recorded（逐笔登记）",
            Self::Assumed { .. } => "assumed（视为已付，仅限试用）",
        };
        text.to_owned()
    }
}

impl Shown for OutsideHours {
    fn shown(&self) -> String {
        let text = match self {
            Self::Wait => "wait（等到下次开门）",
            Self::Manual => "manual（转人工）",
            Self::Decline => "decline（不予承保）",
        };
        text.to_owned()
    }
}

impl Shown for Blacklisted {
    fn shown(&self) -> String {
        let text = match self {
            Self::Decline => "decline（不予承保）",
            Self::Manual => "manual（转人工）",
        };
        text.to_owned()
    }
}

impl Shown for PremiumRate {
    fn shown(&self) -> String {
        self.0.to_string()
    }
}

impl Shown for Yuan {
    fn shown(&self) -> String {
        format!("{} 元", self.0)
    }
}

impl Shown for Ceiling {
    fn shown(&self) -> String {
        or_none(self.0.map(|it| format!("{it} 元")).unwrap_or_default())
    }
}

impl Shown for Tiers {
    fn shown(&self) -> String {
        let tiers = self.0.iter().map(|tier| format!("不超过 {} 元：{}", tier.up_to, tier.rate));
        or_none(tiers.collect::<Vec<_>>().join("；"))
    }
}

impl Shown for Rounding {
    fn shown(&self) -> String {
        format!("{}（{}）", self.name(), self.title())
    }
}

impl Shown for NumberPrefix {
    fn shown(&self) -> String {
        or_none(self.0.clone())
    }
}

impl Shown for u32 {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for bool {
    fn shown(&self) -> String {
        if *self { "是".to_owned() } else { "否".to_owned() }
    }
}

impl Shown for Wait {
    fn shown(&self) -> String {
        let printer = SpanPrinter::new().designator(Designator::Compact).spacing(Spacing::None);
        printer.unsigned_duration_to_string(&self.0)
    }
}

impl Shown for Vec<Window> {
    fn shown(&self) -> String {
        let windows = self.iter().map(Window::to_string).collect::<Vec<_>>().join("，");
        if windows.is_empty() { "全天".to_owned() } else { windows }
    }
}

/// The codes themselves are not repeated everywhere.
impl Shown for Codes {
    fn shown(&self) -> String {
        match self.0.len() {
            0 => or_none(String::new()),
            codes => format!("{codes} 家企业"),
        }
    }
}

impl Shown for PathBuf {
    fn shown(&self) -> String {
        or_none(self.display().to_string())
    }
}

//! What the institution agreed to: number, premium, validity; and how the premium was paid.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::dossier::Paper;
use super::identity::GuaranteeNumber;
use super::money::Fen;
use super::party::Account;
use super::premium::Rate;
use super::refusal::Refusal;

/// Days of validity are days in China.
const CHINA_STANDARD_TIME: Offset = Offset::constant(8);

/// What platforms take of a guarantee number, in characters.
const LONGEST_NUMBER: usize = 50;

/// The terms of an approved guarantee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub guarantee_number: GuaranteeNumber,
    pub premium: Fen,
    pub rate: Rate,
    /// The organisation that issues (出单机构).
    pub issuer: String,
    pub validity: Validity,
}

impl Terms {
    /// Whether a guarantee can be issued on them: they may come from outside, and platforms take no number that is
    /// longer than 50 characters or can't be printed.
    ///
    /// # Errors
    /// Which of them can't be used.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.premium == Fen::ZERO {
            return Err(Refusal::PremiumMissing);
        }
        let number = self.guarantee_number.as_str();
        let printable = number.chars().all(|it| !it.is_control() && !it.is_whitespace());
        if number.is_empty() || !printable || number.chars().count() > LONGEST_NUMBER {
            return Err(Refusal::NumberUnusable);
        }
        Ok(())
    }
}

/// How long the guarantee holds (建市〔2021〕11号, annex 1, clause 3): from issue until some days after the bid
/// validity ends, at the latest on a fixed day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// The first day (China date), where it is not the day of issue.
    #[serde(default)]
    pub from: Option<Date>,
    /// Days after the end of bid validity.
    pub days_after_bid_validity: u32,
    /// The last day in any case (China date).
    pub latest: Date,
}

impl Validity {
    /// The first and the last second, of a guarantee issued at `issued_at`.
    pub fn bounds(&self, issued_at: Timestamp) -> (Timestamp, Timestamp) {
        let at = |date: Date, hour: i8, minute: i8, second: i8| {
            let local = date.at(hour, minute, second, 0);
            CHINA_STANDARD_TIME.to_timestamp(local).unwrap_or(Timestamp::MAX)
        };
        let first = self.from.map_or(issued_at, |from| at(from, 0, 0, 0));
        (first, at(self.latest, 23, 59, 59))
    }

    /// Whether its last second has passed.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.bounds(at).1.as_second() < at.as_second()
    }
}

/// The premium as it was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub payer: Account,
    /// Whether the payer's account is the applicant's basic account (基本户), where that is known.
    pub basic_account: BasicAccount,
    #[serde(default)]
    pub method: PaymentMethod,
    /// When it was paid, where that is known; otherwise the time of its recording counts.
    #[serde(default)]
    pub paid_at: Option<Timestamp>,
    /// How much was paid, where that is known; otherwise it counts as the premium.
    #[serde(default)]
    pub amount: Option<Fen>,
    /// What shows that it arrived (到账凭证).
    #[serde(default)]
    pub voucher: Option<Paper>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentMethod {
    /// 网银转账
    OnlineBanking,
    Wechat,
    Alipay,
    #[default]
    Other,
}

impl PaymentMethod {
    pub const ALL: [Self; 4] = [Self::OnlineBanking, Self::Wechat, Self::Alipay, Self::Other];

    pub fn name(self) -> &'static str {
        match self {
            Self::OnlineBanking => "online-banking",
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
            Self::Other => "other",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasicAccount {
    Confirmed,
    NotBasic,
    Unchecked,
}

impl BasicAccount {
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::NotBasic, Self::Unchecked];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::NotBasic => "not-basic",
            Self::Unchecked => "unchecked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(from: Option<&str>, issued_at: &str) -> (String, String) {
        let from = from.map(|from| from.parse().unwrap());
        let validity = Validity { from, days_after_bid_validity: 30, latest: "2024-12-01".parse().unwrap() };
        let (first, last) = validity.bounds(issued_at.parse().unwrap());
        (first.to_string(), last.to_string())
    }

    #[test]
    fn a_guarantee_holds_from_issue_to_the_last_second_of_its_last_day_in_china() {
        let (first, last) = bounds(None, "2024-06-03T01:15:27Z");
        assert_eq!((first.as_str(), last.as_str()), ("2024-06-03T01:15:27Z", "2024-12-01T15:59:59Z"));
    }

    #[test]
    fn a_guarantee_with_a_first_day_holds_from_its_midnight_in_china_whenever_it_is_issued() {
        for issued_at in ["2024-06-03T01:15:27Z", "2024-07-20T00:00:00Z"] {
            assert_eq!(bounds(Some("2024-07-01"), issued_at).0, "2024-06-30T16:00:00Z");
        }
    }
}

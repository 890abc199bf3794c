//! Rate rules: from the guaranteed amount to the premium.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::money::Fen;
use super::refusal::Refusal;

/// A premium rate as a plain decimal fraction: 0.005 is five per mille.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(#[serde(with = "rust_decimal::serde::str")] pub Decimal);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.normalize())
    }
}

/// What a guarantee of some amount costs, and which amounts are guaranteed at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PremiumRule {
    /// Applies above the last tier.
    pub rate: Rate,
    /// Ascending; the first tier whose `up_to` is not below the amount applies.
    pub tiers: Vec<Tier>,
    pub minimum_premium: Fen,
    pub smallest_amount: Fen,
    pub largest_amount: Fen,
}

/// One step of a tiered tariff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub up_to: Fen,
    pub rate: Rate,
}

/// A premium and the rate it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    pub premium: Fen,
    pub rate: Rate,
}

impl PremiumRule {
    /// The premium: amount × rate, rounded to fen (half up), at least the minimum.
    ///
    /// # Errors
    /// When the amount is outside the rule's limits.
    pub fn quote(&self, amount: Fen) -> Result<Quote, Refusal> {
        if amount < self.smallest_amount || amount > self.largest_amount {
            return Err(Refusal::AmountOutsideLimits {
                amount,
                smallest: self.smallest_amount,
                largest: self.largest_amount,
            });
        }
        let rate = self.tiers.iter().find(|tier| amount <= tier.up_to).map_or(self.rate, |tier| tier.rate);
        let yuan = amount.to_decimal().checked_mul(rate.0).ok_or(Refusal::PremiumNotComputable)?;
        let premium = Fen::from_decimal_rounded(yuan).map_err(|_| Refusal::PremiumNotComputable)?;
        Ok(Quote { premium: premium.max(self.minimum_premium), rate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yuan(text: &str) -> Fen {
        text.parse().unwrap()
    }

    fn rate(text: &str) -> Rate {
        Rate(text.parse().unwrap())
    }

    fn rule() -> PremiumRule {
        PremiumRule {
            rate: rate("0.004"),
            tiers: vec![
                Tier { up_to: yuan("100000"), rate: rate("0.006") },
                Tier { up_to: yuan("500000"), rate: rate("0.005") },
            ],
            minimum_premium: yuan("200"),
            smallest_amount: yuan("1000"),
            largest_amount: yuan("800000"),
        }
    }

    #[test]
    fn the_first_tier_that_holds_the_amount_sets_the_rate() {
        assert_eq!(
            rule().quote(yuan("100000")).unwrap(),
            Quote { premium: yuan("600"), rate: rate("0.006") }
        );
        assert_eq!(rule().quote(yuan("100000.01")).unwrap().rate, rate("0.005"));
        assert_eq!(
            rule().quote(yuan("800000")).unwrap(),
            Quote { premium: yuan("3200"), rate: rate("0.004") }
        );
    }

    #[test]
    fn a_small_premium_is_raised_to_the_minimum() {
        assert_eq!(rule().quote(yuan("1000")).unwrap().premium, yuan("200"));
    }

    #[test]
    fn half_a_fen_is_rounded_up() {
        assert_eq!(rule().quote(yuan("100001")).unwrap().premium, yuan("500.01"));
    }

    #[test]
    fn amounts_outside_the_limits_are_refused() {
        assert!(matches!(rule().quote(yuan("999.99")), Err(Refusal::AmountOutsideLimits { .. })));
        assert!(matches!(rule().quote(yuan("800000.01")), Err(Refusal::AmountOutsideLimits { .. })));
    }
}

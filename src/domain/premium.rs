//! Rate rules: from the guaranteed amount to the premium.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
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
    /// Ascending; the first tier whose `up_to` is not below the amount applies, and its rate to the whole amount.
    pub tiers: Vec<Tier>,
    pub rounding: Rounding,
    pub minimum_premium: Fen,
    /// Not below the minimum.
    pub maximum_premium: Option<Fen>,
    pub smallest_amount: Fen,
    pub largest_amount: Fen,
}

/// One step of a tiered tariff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub up_to: Fen,
    pub rate: Rate,
}

/// What becomes of the digits that amount × rate has too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    #[default]
    FenHalfUp,
    FenUp,
    YuanHalfUp,
    YuanUp,
}

impl Rounding {
    fn round(self, yuan: Decimal) -> Decimal {
        let (digits, strategy) = match self {
            Self::FenHalfUp => (2, RoundingStrategy::MidpointAwayFromZero),
            Self::FenUp => (2, RoundingStrategy::AwayFromZero),
            Self::YuanHalfUp => (0, RoundingStrategy::MidpointAwayFromZero),
            Self::YuanUp => (0, RoundingStrategy::AwayFromZero),
        };
        yuan.round_dp_with_strategy(digits, strategy)
    }

    /// As the settings write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FenHalfUp => "fen-half-up",
            Self::FenUp => "fen-up",
            Self::YuanHalfUp => "yuan-half-up",
            Self::YuanUp => "yuan-up",
        }
    }

    /// How people call it, in Chinese.
    pub fn title(self) -> &'static str {
        match self {
            Self::FenHalfUp => "四舍五入到分",
            Self::FenUp => "进位到分",
            Self::YuanHalfUp => "四舍五入到元",
            Self::YuanUp => "进位到元",
        }
    }
}

/// A premium and the rate it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    pub premium: Fen,
    pub rate: Rate,
}

/// How a premium came about, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reckoning {
    pub amount: Fen,
    /// The tier that holds the amount; None above the last one.
    pub tier: Option<Tier>,
    pub rate: Rate,
    /// Amount × rate in yuan, with all its digits.
    pub product: Decimal,
    pub rounded: Fen,
    /// What was changed about the rounded premium.
    pub bound: Bound,
    pub premium: Fen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    None,
    RaisedToMinimum,
    LoweredToMaximum,
}

impl PremiumRule {
    /// The premium: amount × rate, rounded, then at least the minimum and at most the maximum.
    ///
    /// # Errors
    /// When the amount is outside the rule's limits.
    pub fn quote(&self, amount: Fen) -> Result<Quote, Refusal> {
        self.reckon(amount).map(|it| Quote { premium: it.premium, rate: it.rate })
    }

    /// The same, with every step on the way.
    ///
    /// # Errors
    /// As [`PremiumRule::quote`].
    pub fn reckon(&self, amount: Fen) -> Result<Reckoning, Refusal> {
        if amount < self.smallest_amount || amount > self.largest_amount {
            return Err(Refusal::AmountOutsideLimits {
                amount,
                smallest: self.smallest_amount,
                largest: self.largest_amount,
            });
        }
        let tier = self.tiers.iter().find(|tier| amount <= tier.up_to).copied();
        let rate = tier.map_or(self.rate, |tier| tier.rate);
        let product = amount.to_decimal().checked_mul(rate.0).ok_or(Refusal::PremiumNotComputable)?;
        let rounded = Fen::from_decimal_rounded(self.rounding.round(product));
        let rounded = rounded.map_err(|_| Refusal::PremiumNotComputable)?;
        let (bound, premium) = match self.maximum_premium {
            _ if rounded < self.minimum_premium => (Bound::RaisedToMinimum, self.minimum_premium),
            Some(maximum) if rounded > maximum => (Bound::LoweredToMaximum, maximum),
            _ => (Bound::None, rounded),
        };
        Ok(Reckoning { amount, tier, rate, product: product.normalize(), rounded, bound, premium })
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
            rounding: Rounding::default(),
            minimum_premium: yuan("200"),
            maximum_premium: None,
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
    fn a_large_premium_is_lowered_to_the_maximum_and_one_that_is_equal_stays() {
        for (maximum, bound) in [("3199.99", Bound::LoweredToMaximum), ("3200", Bound::None)] {
            let bounded = PremiumRule { maximum_premium: Some(yuan(maximum)), ..rule() };
            let reckoned = bounded.reckon(yuan("800000")).unwrap();
            assert_eq!((reckoned.premium, reckoned.bound), (yuan(maximum), bound));
            assert_eq!(reckoned.rounded, yuan("3200"));
        }
    }

    #[test]
    fn half_a_fen_is_rounded_up() {
        assert_eq!(rule().quote(yuan("100001")).unwrap().premium, yuan("500.01"));
    }

    #[test]
    fn each_rounding_has_its_own_edge() {
        // Amount, then half up and up to fen, half up and up to yuan; at a rate of 0.004.
        let rows = [
            ("600000.00", ["2400", "2400", "2400", "2400"]),
            ("600001.00", ["2400", "2400.01", "2400", "2401"]),
            ("600001.25", ["2400.01", "2400.01", "2400", "2401"]),
            ("600124.99", ["2400.50", "2400.50", "2400", "2401"]),
            ("600125.00", ["2400.50", "2400.50", "2401", "2401"]),
            ("600249.99", ["2401", "2401", "2401", "2401"]),
        ];
        let ways = [Rounding::FenHalfUp, Rounding::FenUp, Rounding::YuanHalfUp, Rounding::YuanUp];
        for (amount, premiums) in rows {
            for (rounding, premium) in ways.into_iter().zip(premiums) {
                let quote = PremiumRule { rounding, ..rule() }.quote(yuan(amount)).unwrap();
                assert_eq!(quote.premium, yuan(premium), "{amount} {rounding:?}");
            }
        }
    }

    #[test]
    fn amounts_outside_the_limits_are_refused() {
        assert!(matches!(rule().quote(yuan("999.99")), Err(Refusal::AmountOutsideLimits { .. })));
        assert!(matches!(rule().quote(yuan("800000.01")), Err(Refusal::AmountOutsideLimits { .. })));
    }

    #[test]
    fn a_premium_that_is_the_minimum_already_is_not_said_to_be_raised() {
        let reckoned = rule().reckon(yuan("33333.33")).unwrap();
        assert_eq!((reckoned.rounded, reckoned.bound), (yuan("200"), Bound::None));
        let below = rule().reckon(yuan("33331.66")).unwrap();
        assert_eq!((below.rounded, below.bound), (yuan("199.99"), Bound::RaisedToMinimum));
        assert_eq!(below.premium, yuan("200"));
    }
}

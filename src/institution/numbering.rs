//! Guarantee numbers where the institution's core system gives none.

use jiff::Timestamp;

use crate::clock::china_date;
use crate::domain::identity::GuaranteeNumber;

/// Digits that make a number unique on its day: 10^12 possibilities. The database refuses the rare double, and the
/// next attempt draws another.
const RANDOM_DIGITS: u64 = 1_000_000_000_000;

/// A fresh number: prefix, China date, twelve random digits.
pub fn guarantee_number(prefix: &str, at: Timestamp) -> GuaranteeNumber {
    let date = china_date(at).strftime("%Y%m%d");
    let digits = rand::random_range(0..RANDOM_DIGITS);
    GuaranteeNumber::new(format!("{prefix}{date}{digits:012}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_carries_prefix_and_china_date_and_is_never_the_same_twice() {
        let evening_before_in_utc = "2024-06-02T16:30:00Z".parse().unwrap();
        let first = guarantee_number("BH", evening_before_in_utc);
        assert!(first.as_str().starts_with("BH20240603"), "{first}");
        assert_eq!(first.as_str().len(), 2 + 8 + 12);
        assert_ne!(first, guarantee_number("BH", evening_before_in_utc));
    }
}

//! Amounts in fen, exact, in figures and in the words that a letter must carry.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// The largest amount that is accepted: below 10^12 yuan, so that the words stay within 亿 and no sum overflows.
const LARGEST: i64 = 99_999_999_999_999;

/// An amount of renminbi in integer fen (1 yuan = 100 fen); never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Fen(i64);

/// Why a text is not an amount.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("应为以元为单位的数字，例如 800000.00")]
    NotAnAmount,
    #[error("精度不得超过分（两位小数）")]
    FinerThanFen,
    #[error("金额超出可处理的范围")]
    TooLarge,
}

impl Fen {
    pub const ZERO: Self = Self(0);

    /// # Errors
    /// When the amount is negative or beyond the accepted range.
    pub fn new(fen: i64) -> Result<Self, AmountError> {
        match fen {
            0..=LARGEST => Ok(Self(fen)),
            i64::MIN..0 => Err(AmountError::NotAnAmount),
            _ => Err(AmountError::TooLarge),
        }
    }

    /// The amount in fen.
    pub fn fen(self) -> i64 {
        self.0
    }

    /// The sum; more than any amount may be, it stays at the largest.
    pub fn saturating_add(self, other: Self) -> Self {
        Self((self.0 + other.0).min(LARGEST))
    }

    /// The amount in yuan.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// Rounds yuan to fen, half away from zero.
    ///
    /// # Errors
    /// When the amount is negative or beyond the accepted range.
    pub fn from_decimal_rounded(yuan: Decimal) -> Result<Self, AmountError> {
        let fen = yuan
            .checked_mul(Decimal::ONE_HUNDRED)
            .ok_or(AmountError::TooLarge)?
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        Self::new(i64::try_from(fen).map_err(|_| AmountError::TooLarge)?)
    }

    /// Figures with thousands separated, as a letter prints them: `800,000.00`.
    pub fn grouped(self) -> String {
        let yuan = (self.0 / 100).to_string();
        let mut text = String::new();
        for (place, digit) in yuan.chars().enumerate() {
            if place > 0 && (yuan.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        format!("{text}.{:02}", self.0 % 100)
    }

    /// The amount in capital Chinese numerals, as 《正确填写票据和结算凭证的基本规定》 asks: `人民币捌拾万元整`.
    pub fn in_words(self) -> String {
        let (yuan, jiao, fen) = (self.0 / 100, self.0 / 10 % 10, self.0 % 10);
        let mut text = String::from("人民币");
        if yuan > 0 {
            text.push_str(&integer_in_words(yuan));
            text.push('元');
        }
        match (jiao, fen) {
            (0, 0) if yuan == 0 => text.push_str("零元整"),
            (0, 0) => text.push('整'),
            (jiao, 0) => {
                text.push_str(numeral(jiao));
                text.push_str("角整");
            }
            (0, fen) => {
                if yuan > 0 {
                    text.push('零');
                }
                text.push_str(numeral(fen));
                text.push('分');
            }
            (jiao, fen) => {
                text.push_str(numeral(jiao));
                text.push('角');
                text.push_str(numeral(fen));
                text.push('分');
            }
        }
        text
    }
}

impl TryFrom<i64> for Fen {
    type Error = AmountError;

    fn try_from(fen: i64) -> Result<Self, AmountError> {
        Self::new(fen)
    }
}

impl From<Fen> for i64 {
    fn from(amount: Fen) -> Self {
        amount.0
    }
}

/// Plain decimal yuan with two places, as platforms want it: `800000.00`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Reads decimal yuan as platforms send it: `800000.00`, `350000`, `3200.0`. Signs, exponents, blanks, separators
/// and more than two significant places are refused.
impl FromStr for Fen {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (yuan, places) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(yuan) || !digits(places) {
            return Err(AmountError::NotAnAmount);
        }
        let places = places.trim_end_matches('0');
        if places.len() > 2 {
            return Err(AmountError::FinerThanFen);
        }
        let yuan: i64 = yuan.parse().map_err(|_| AmountError::TooLarge)?;
        let fen: i64 = format!("{places:0<2}").parse().map_err(|_| AmountError::NotAnAmount)?;
        let total = yuan.checked_mul(100).and_then(|whole| whole.checked_add(fen));
        Self::new(total.ok_or(AmountError::TooLarge)?)
    }
}

fn numeral(digit: i64) -> &'static str {
    match digit {
        1 => "壹",
        2 => "贰",
        3 => "叁",
        4 => "肆",
        5 => "伍",
        6 => "陆",
        7 => "柒",
        8 => "捌",
        9 => "玖",
        _ => "零",
    }
}

/// Groups of four digits are read one by one; a gap of zeros between two spoken digits is said once.
fn integer_in_words(value: i64) -> String {
    let mut text = String::new();
    let mut gap = false;
    for (scale, unit) in [(100_000_000_i64, "亿"), (10_000, "万"), (1, "")] {
        let group = value / scale % 10_000;
        if group == 0 {
            gap = gap || !text.is_empty();
            continue;
        }
        for (place, name) in [(1000, "仟"), (100, "佰"), (10, "拾"), (1, "")] {
            let digit = group / place % 10;
            if digit == 0 {
                gap = gap || !text.is_empty();
                continue;
            }
            if gap {
                text.push('零');
                gap = false;
            }
            text.push_str(numeral(digit));
            text.push_str(name);
        }
        text.push_str(unit);
        gap = false;
        if group % 10 == 0 && scale > 1 {
            gap = true;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_read_exactly() {
        for (text, fen) in
            [("800000.00", 80_000_000), ("350000", 35_000_000), ("3200.0", 320_000), ("0.05", 5)]
        {
            assert_eq!(text.parse::<Fen>().map(Fen::fen), Ok(fen), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_amount_in_fen_is_refused() {
        for text in ["", ".5", "5.", "-1", "+1", "1e3", "1,000", " 1", "1.005", "一万", "NaN"] {
            assert!(text.parse::<Fen>().is_err(), "{text}");
        }
        assert_eq!("9999999999999999999999".parse::<Fen>(), Err(AmountError::TooLarge));
    }

    #[test]
    fn an_amount_out_of_range_is_not_read_from_json_either() {
        assert_eq!(serde_json::from_str::<Fen>("320000").unwrap(), "3200".parse().unwrap());
        assert_eq!(serde_json::to_string(&Fen(320_000)).unwrap(), "320000");
        for text in ["-1", "100000000000000", "3200.5"] {
            assert!(serde_json::from_str::<Fen>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn figures_are_printed_with_two_places() {
        let amount = Fen::new(123_456_705).unwrap();
        assert_eq!(amount.to_string(), "1234567.05");
        assert_eq!(amount.grouped(), "1,234,567.05");
        assert_eq!(Fen::new(5).unwrap().grouped(), "0.05");
    }

    #[test]
    fn words_follow_the_rules_for_bills() {
        for (text, words) in [
            ("0", "人民币零元整"),
            ("800000.00", "人民币捌拾万元整"),
            ("120000.50", "人民币壹拾贰万元伍角整"),
            ("1409.50", "人民币壹仟肆佰零玖元伍角整"),
            ("6007.14", "人民币陆仟零柒元壹角肆分"),
            ("107000.53", "人民币壹拾万零柒仟元伍角叁分"),
            ("16409.02", "人民币壹万陆仟肆佰零玖元零贰分"),
            ("325.04", "人民币叁佰贰拾伍元零肆分"),
            ("100000000", "人民币壹亿元整"),
            ("100010000", "人民币壹亿零壹万元整"),
            ("100000001", "人民币壹亿零壹元整"),
            ("20010010", "人民币贰仟零壹万零壹拾元整"),
            ("0.30", "人民币叁角整"),
            ("0.03", "人民币叁分"),
        ] {
            assert_eq!(text.parse::<Fen>().unwrap().in_words(), words, "{text}");
        }
    }

    #[test]
    fn no_separator_stands_before_the_first_figure() {
        for (fen, figures) in
            [(0, "0.00"), (12_345, "123.45"), (100_000, "1,000.00"), (12_345_600, "123,456.00")]
        {
            assert_eq!(Fen::new(fen).unwrap().grouped(), figures);
        }
    }

    #[test]
    fn a_gap_of_four_zeros_is_said_once() {
        for (text, words) in [
            ("100001000", "人民币壹亿零壹仟元整"),
            ("100002030.04", "人民币壹亿零贰仟零叁拾元零肆分"),
            ("999999999999.99", "人民币玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        ] {
            assert_eq!(text.parse::<Fen>().unwrap().in_words(), words, "{text}");
        }
    }
}

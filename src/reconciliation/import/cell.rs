//! What stands in a cell of a platform's file, and how it is read.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::money::Fen;

/// More digits than these a spreadsheet's number does not hold.
const DIGITS_OF_A_NUMBER: usize = 15;

/// How much of a cell a complaint repeats.
const REPEATED: usize = 40;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    /// A number of a workbook, in plain decimal digits.
    Number(String),
    /// A date of a workbook.
    Date(Date),
    /// What a workbook shows in place of a value, such as `#REF!`.
    Broken(String),
}

/// What was expected in a cell.
pub(super) type Expected = &'static str;

impl Cell {
    /// A text as a file has it: without blanks around, and without the one apostrophe by which a program has told a
    /// spreadsheet that it is a text.
    pub fn of_text(text: &str) -> Self {
        let text = text.trim_matches(|it: char| it.is_whitespace() || it == '\u{feff}');
        let text = text.strip_prefix('\'').unwrap_or(text);
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// What is there, for a complaint.
    pub fn found(&self) -> String {
        match self {
            Self::Empty => "nothing".to_owned(),
            Self::Text(text) | Self::Number(text) | Self::Broken(text) => {
                let more = if text.chars().count() > REPEATED { "…" } else { "" };
                format!("`{}{more}`", text.chars().take(REPEATED).collect::<String>())
            }
            Self::Date(date) => format!("the date {date}"),
        }
    }

    /// A heading or a word.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number that names something: every digit matters.
    pub fn identifier(&self) -> Result<Option<String>, Expected> {
        match self {
            Self::Empty => Ok(None),
            Self::Text(text) if is_power_of_ten(text) => Err(LOST_DIGITS),
            Self::Text(text) => Ok(Some(text.clone())),
            Self::Number(digits) if digits.contains(['.', '-']) => {
                Err("a number of a guarantee or application")
            }
            Self::Number(digits) if digits.len() > DIGITS_OF_A_NUMBER => Err(LOST_DIGITS),
            Self::Number(digits) => Ok(Some(digits.clone())),
            Self::Date(_) | Self::Broken(_) => Err("a number of a guarantee or application"),
        }
    }

    /// Yuan with or without thousands set apart, in half or full width.
    pub fn amount(&self) -> Result<Option<Fen>, Expected> {
        const EXPECTED: Expected = "yuan with at most two places, such as 800000.00";
        match self {
            Self::Empty => Ok(None),
            Self::Text(text) if matches!(text.as_str(), "-" | "--" | "—" | "/") => Ok(None),
            Self::Text(text) => yuan(text).map(Some).ok_or(EXPECTED),
            Self::Number(number) => of_a_number(number).map(Some).ok_or(EXPECTED),
            Self::Date(_) | Self::Broken(_) => Err(EXPECTED),
        }
    }

    /// A day, with or without a time behind it.
    pub fn date(&self) -> Result<Option<Date>, Expected> {
        const EXPECTED: Expected = "a day such as 2026-11-22, 2026/11/22 or 20261122";
        match self {
            Self::Empty => Ok(None),
            Self::Date(date) => Ok(Some(*date)),
            Self::Text(text) | Self::Number(text) => day(text).map(Some).ok_or(EXPECTED),
            Self::Broken(_) => Err(EXPECTED),
        }
    }
}

const LOST_DIGITS: Expected = "a number with all its digits (a spreadsheet has rounded it: format the column as text \
                               and export again)";

/// `4.6E+19`: what a spreadsheet makes of an identifier of digits.
fn is_power_of_ten(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    exponent.strip_prefix('+').is_some_and(digits) && digits(&mantissa.replacen('.', "", 1))
}

fn yuan(text: &str) -> Option<Fen> {
    let half: String = text.chars().map(half_width).filter(|it| !it.is_whitespace()).collect();
    let bare = half.strip_prefix(['¥', '￥']).unwrap_or(&half);
    let bare = bare.strip_prefix("CNY").or_else(|| bare.strip_prefix("RMB")).unwrap_or(bare);
    let bare = bare.strip_suffix('元').unwrap_or(bare);
    if bare.contains(',') && !in_thousands(bare) {
        return None;
    }
    bare.replace(',', "").parse().ok()
}

/// `1,234,567.05`: groups of three behind the first one.
fn in_thousands(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or(text);
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
}

/// Full-width forms stand in the same order as ASCII, 0xFEE0 further on.
fn half_width(it: char) -> char {
    match it {
        '\u{ff01}'..='\u{ff5e}' => u32::from(it).checked_sub(0xFEE0).and_then(char::from_u32).unwrap_or(it),
        '\u{3000}' => ' ',
        other => other,
    }
}

/// A spreadsheet computes in binary: `0.1 + 0.2` is `0.30000000000000004` there, and means thirty cents.
fn of_a_number(number: &str) -> Option<Fen> {
    let exact: Decimal = number.parse().ok()?;
    let rounded = exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    let off = (exact - rounded).abs();
    (off < Decimal::new(1, 6)).then(|| rounded.normalize().to_string().parse().ok()).flatten()
}

fn day(text: &str) -> Option<Date> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (year, month, day) = if digits >= 8 {
        (text.get(..4)?, text.get(4..6)?, text.get(6..8)?)
    } else {
        let text = text.split([' ', 'T', '日']).next().unwrap_or(text);
        let mut parts = text.split(['-', '/', '.', '年', '月']);
        let parts = (parts.next()?, parts.next()?, parts.next()?, parts.next());
        let (year, month, day, None) = parts else { return None };
        (year, month, day)
    };
    if year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::of_text(text)
    }

    fn number(text: &str) -> Cell {
        Cell::Number(text.to_owned())
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (written, fen) in [
            ("800000.00", 80_000_000),
            (" 1,234,567.05 ", 123_456_705),
            ("￥3,200.5", 320_050),
            ("３２００．５０元", 320_050),
            ("RMB 12", 1200),
        ] {
            assert_eq!(text(written).amount(), Ok(Some(Fen::new(fen).unwrap())), "{written}");
        }
        for none in ["", "-", "—", "/", " '"] {
            assert_eq!(text(none).amount(), Ok(None), "{none}");
        }
        for wrong in ["80万", "1.2.3", "12,34", "1,2345", "-5", "3200.005", "abc", "1E5", "12%"] {
            assert!(text(wrong).amount().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_of_a_workbook_is_read_to_the_fen() {
        let fen = |fen| Ok(Some(Fen::new(fen).unwrap()));
        assert_eq!(number("3200").amount(), fen(320_000));
        assert_eq!(number("0.30000000000000004").amount(), fen(30));
        assert_eq!(number("999999999999.99").amount(), fen(99_999_999_999_999));
        assert!(number("0.305").amount().is_err() && number("-1").amount().is_err());
    }

    #[test]
    fn an_identifier_that_a_spreadsheet_has_rounded_is_no_identifier() {
        assert_eq!(text("'46000120240603000001").identifier(), Ok(Some("46000120240603000001".into())));
        assert_eq!(number("460001202406030").identifier(), Ok(Some("460001202406030".into())));
        assert_eq!(text("BH1E+5").identifier(), Ok(Some("BH1E+5".into())));
        for rounded in [text("4.60001E+19"), text("5E+20"), number("46000120240603000000")] {
            assert_eq!(rounded.identifier(), Err(LOST_DIGITS), "{rounded:?}");
        }
        assert!(number("1.5").identifier().is_err());
    }

    #[test]
    fn days_are_read_in_the_forms_that_platforms_use() {
        let day = "2026-01-05".parse().unwrap();
        for written in [
            "2026-01-05",
            "2026/1/5",
            "2026.1.5",
            "20260105",
            "20260105093000",
            "2026-01-05 09:30:00",
            "2026-01-05T09:30:00",
            "2026年1月5日",
        ] {
            assert_eq!(text(written).date(), Ok(Some(day)), "{written}");
        }
        for wrong in ["2026-02-30", "26-1-5", "5/1/2026", "2026-01", "昨天", "2026-1-5-7"] {
            assert!(text(wrong).date().is_err(), "{wrong}");
        }
    }
}

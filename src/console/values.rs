//! Values as people read them.

use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use super::language::Language;
use crate::domain::money::Fen;

/// A text as a part of an address, so that nothing of it is read as anything else.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

/// Date and time in China Standard Time, to the second: `2026-11-22 09:30:00`.
pub(super) fn time(at: Timestamp) -> String {
    let there = at.to_zoned(TimeZone::fixed(Offset::constant(8)));
    strtime::format("%Y-%m-%d %H:%M:%S", &there).unwrap_or_default()
}

/// The time of a day in China Standard Time, to the second: `09:30:00`.
pub(super) fn clock_time(at: Timestamp) -> String {
    let there = at.to_zoned(TimeZone::fixed(Offset::constant(8)));
    strtime::format("%H:%M:%S", &there).unwrap_or_default()
}

/// Yuan with two places and separators of thousands: `1,234,567.89`.
pub(super) fn yuan(amount: Fen) -> String {
    let plain = amount.to_string();
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "00"));
    let mut grouped = String::with_capacity(plain.len() + whole.len() / 3);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{fraction}")
}

/// How long, in the largest unit that fits.
pub(super) fn span(span: SignedDuration, language: Language) -> String {
    let seconds = span.as_secs().unsigned_abs();
    let (count, chinese, english) = match seconds {
        0..=119 => (seconds, "秒", "s"),
        120..=7_199 => (seconds / 60, "分钟", "min"),
        7_200..=172_799 => (seconds / 3_600, "小时", "h"),
        _ => (seconds / 86_400, "天", "d"),
    };
    let unit = match language {
        Language::Chinese => chinese,
        Language::English => english,
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_by_thousands_and_has_two_places() {
        assert_eq!(yuan(Fen::new(123_456_789).unwrap()), "1,234,567.89");
        assert_eq!(yuan(Fen::new(100).unwrap()), "1.00");
        assert_eq!(yuan(Fen::new(99_999).unwrap()), "999.99");
    }

    #[test]
    fn a_span_is_told_in_the_unit_that_fits() {
        let span_of = |seconds| span(SignedDuration::from_secs(seconds), Language::English);
        assert_eq!(
            [span_of(45), span_of(150), span_of(7_300), span_of(200_000)],
            ["45 s", "2 min", "2 h", "2 d"]
        );
    }

    #[test]
    fn times_are_those_of_china() {
        assert_eq!(time("2026-11-22T01:30:00Z".parse().unwrap()), "2026-11-22 09:30:00");
    }
}

//! Times in seals: written as GeneralizedTime of whole seconds, read in the forms that occur.

use std::time::Duration;

use der::asn1::GeneralizedTime;
use jiff::{Timestamp, civil};

/// The GeneralizedTime of an instant after 1970, cut to whole seconds.
pub fn generalized(instant: Timestamp) -> der::Result<GeneralizedTime> {
    let seconds = u64::try_from(instant.as_second()).map_err(|_| der::ErrorKind::DateTime)?;
    GeneralizedTime::from_unix_duration(Duration::from_secs(seconds))
}

/// Reads `yyyyMMddHHmmss` or, as UTCTime has it, `yyMMddHHmmss`; then perhaps a fraction, which is dropped; then `Z`,
/// an offset such as `+0800`, or nothing, which means UTC too.
pub fn read(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (digits, rest) =
        text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()));
    let full = match digits.len() {
        14 => digits.to_owned(),
        // X.680 leaves the century of UTCTime open; RFC 5280 4.1.2.5.1 draws the line at 50.
        12 if digits < "50" => format!("20{digits}"),
        12 => format!("19{digits}"),
        _ => return None,
    };
    let local = civil::DateTime::strptime("%Y%m%d%H%M%S", &full).ok()?;
    let zone = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|character: char| character.is_ascii_digit()),
        None => rest,
    };
    let offset = match zone {
        "" | "Z" => jiff::tz::Offset::UTC,
        other => offset(other)?,
    };
    offset.to_timestamp(local).ok()
}

fn offset(text: &str) -> Option<jiff::tz::Offset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    jiff::tz::Offset::from_seconds(sign * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_vendors_write_mean_the_same_instant() {
        let instant = "2026-11-22T04:05:06Z".parse::<Timestamp>().unwrap();
        let forms = [
            "20261122040506Z",
            "20261122040506",
            "20261122040506.123Z",
            "261122040506Z",
            "20261122120506+0800",
        ];
        for form in forms {
            assert_eq!(read(form.as_bytes()), Some(instant), "{form}");
        }
        assert_eq!(generalized(instant).unwrap().to_unix_duration().as_secs(), 1_795_320_306);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026",
            "20261322040506Z",
            "20261122040506X",
            "20261122040506+08",
            "20261122040506+é00",
            "\u{ff}",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read(&[0xff, 0xfe]), None);
    }
}

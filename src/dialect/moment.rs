//! Times as a platform writes them.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, civil};

use super::options::{OutsideWindow, TimestampOptions};
use super::soundness::{Check, mismatch};
use crate::clock;

/// All platforms mean China Standard Time and write no zone.
const CHINA_STANDARD_TIME: Offset = Offset::constant(8);

/// Reads and writes times in one platform's forms.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    format: String,
    also: Vec<String>,
    /// The form as the specification prints it, for messages.
    pub printed: String,
    pub window: SignedDuration,
    pub outside: OutsideWindow,
}

impl Moments {
    pub fn new(options: &TimestampOptions) -> Check<Self> {
        Ok(Self {
            format: directives(&options.format, &MOMENT)?,
            also: options.also.iter().map(|format| directives(format, &MOMENT)).collect::<Result<_, _>>()?,
            printed: options.format.clone(),
            window: SignedDuration::from_mins(i64::from(options.window_minutes)),
            outside: options.outside,
        })
    }

    /// Writes a time in the platform's form, or in a field's own.
    pub fn write(&self, instant: Timestamp, own: Option<&str>) -> String {
        let own = own.and_then(|own| directives(own, &own_parts(own)).ok());
        let format = own.as_ref().unwrap_or(&self.format);
        CHINA_STANDARD_TIME.to_datetime(instant).strftime(format).to_string()
    }

    /// Reads a time in the platform's forms, or in a field's own.
    pub fn read_field(&self, text: &str, own: Option<&str>) -> Option<Timestamp> {
        match own {
            Some(own) => read(text, &directives(own, &MOMENT).ok()?),
            None => self.read(text),
        }
    }

    /// Reads a time whose form nobody has printed: as any other, or as a day or to the minute.
    pub fn read_loosely(&self, text: &str, own: Option<&str>) -> Option<Timestamp> {
        let text = text.trim();
        let day = || Self::read_date(text, own.unwrap_or("yyyy-MM-dd")).map(clock::china_midnight);
        self.read_field(text, own).or_else(|| self.read(&format!("{text}:00"))).or_else(day)
    }

    /// Reads a day of the Chinese calendar in a field's own form.
    pub fn read_date(text: &str, own: &str) -> Option<civil::Date> {
        let format = directives(own, &DATE).ok()?;
        let date = civil::Date::strptime(&format, text).ok()?;
        (date.year() >= 0 && date.strftime(&format).to_string() == text).then_some(date)
    }

    /// Whether a field's own form can be read and written.
    pub fn check(own: &str) -> Check {
        directives(own, &own_parts(own)).map(drop)
    }

    /// Reads a time in any of the forms, to the letter: what was read must be written the same.
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        std::iter::once(&self.format).chain(&self.also).find_map(|format| read(text, format))
    }
}

/// The parts of a format: year, month, day, hour, minute, second.
type Parts = [bool; 6];
const MOMENT: Parts = [true; 6];
const DATE: Parts = [true, true, true, false, false, false];

/// A field's own form is a day where it has no hours.
fn own_parts(format: &str) -> Parts {
    if format.contains('H') { MOMENT } else { DATE }
}

fn read(text: &str, format: &str) -> Option<Timestamp> {
    let local = civil::DateTime::strptime(format, text).ok()?;
    // A year has a sign in no form.
    let same = local.year() >= 0 && local.strftime(format).to_string() == text;
    let instant = local.to_zoned(TimeZone::fixed(CHINA_STANDARD_TIME)).ok()?.timestamp();
    same.then_some(instant)
}

/// `yyyy-MM-dd HH:mm:ss` as strftime has it.
fn directives(format: &str, expected: &Parts) -> Check<String> {
    let mut text = String::new();
    let mut rest = format;
    let mut found: Parts = [false; 6];
    while let Some(next) = rest.chars().next() {
        let parts = [
            ("yyyy", "%Y", 0),
            ("MM", "%m", 1),
            ("dd", "%d", 2),
            ("HH", "%H", 3),
            ("H", "%-H", 3),
            ("mm", "%M", 4),
            ("ss", "%S", 5),
        ];
        let part = parts.iter().find(|(letters, _, _)| rest.starts_with(letters));
        if let Some((letters, directive, place)) = part {
            text.push_str(directive);
            rest = rest.get(letters.len()..).unwrap_or_default();
            found.iter_mut().skip(*place).take(1).for_each(|it| *it = true);
        } else if next.is_ascii_alphabetic() || next == '%' {
            break;
        } else {
            text.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    if rest.is_empty() && found == *expected {
        return Ok(text);
    }
    mismatch("a format of yyyy, MM and dd, and for a time HH or H, mm and ss", format!("`{format}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(format: &str, also: &[&str]) -> Moments {
        let also = also.iter().map(|it| (*it).to_owned()).collect();
        let options = TimestampOptions { format: format.to_owned(), also, ..TimestampOptions::default() };
        Moments::new(&options).ok().unwrap()
    }

    #[test]
    fn every_printed_form_is_read_and_the_first_is_written() {
        let moments = moments("yyyyMMddHHmmss", &["yyyyMMddHH:mm:ss", "yyyyMMddH:mm:ss"]);
        let instant: Timestamp = "2022-01-25T01:05:00Z".parse().unwrap();
        for text in ["20220125090500", "2022012509:05:00", "202201259:05:00"] {
            assert_eq!(moments.read(text), Some(instant), "{text}");
        }
        assert_eq!(moments.write(instant, None), "20220125090500");
        assert_eq!(moments.write(instant, Some("yyyy-MM-dd")), "2022-01-25");
        assert_eq!(Moments::read_date("20220125", "yyyyMMdd"), Some(civil::date(2022, 1, 25)));
    }

    #[test]
    fn where_no_form_is_printed_a_day_and_a_time_to_the_minute_are_read_too() {
        let moments = moments("yyyy-MM-dd HH:mm:ss", &[]);
        for (text, read) in [
            ("2024-06-03 09:15:27", Some("2024-06-03T01:15:27Z")),
            ("2024-06-03 09:15", Some("2024-06-03T01:15:00Z")),
            (" 2024-06-03", Some("2024-06-02T16:00:00Z")),
            ("2024-06", None),
            ("", None),
        ] {
            assert_eq!(moments.read_loosely(text, None), read.map(|it| it.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_time_in_no_form_is_not_read() {
        let moments = moments("yyyy-MM-dd HH:mm:ss", &[]);
        for text in
            ["", "2024-02-30 09:30:00", "2024-6-3 9:15:27", "2024-06-03T09:15:27", "2024-06-03 09:15:27 "]
        {
            assert_eq!(moments.read(text), None, "{text}");
        }
        assert_eq!(moments.read("-999-06-03 09:15:27"), None);
        assert_eq!(Moments::read_date("-999-06-03", "yyyy-MM-dd"), None);
    }

    #[test]
    fn a_format_that_loses_something_is_refused() {
        for format in ["", "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss z", "%Y-%m-%d %H:%M:%S"] {
            assert!(directives(format, &MOMENT).is_err(), "{format}");
        }
    }
}

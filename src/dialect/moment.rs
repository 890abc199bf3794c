//! Times as a platform writes them.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, civil};

use super::options::{OutsideWindow, TimestampOptions};
use super::soundness::{Check, mismatch};

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
            format: directives(&options.format)?,
            also: options.also.iter().map(|format| directives(format)).collect::<Result<_, _>>()?,
            printed: options.format.clone(),
            window: SignedDuration::from_mins(i64::from(options.window_minutes)),
            outside: options.outside,
        })
    }

    pub fn write(&self, instant: Timestamp) -> String {
        CHINA_STANDARD_TIME.to_datetime(instant).strftime(&self.format).to_string()
    }

    /// Reads a time in any of the forms, to the letter: what was read must be written the same.
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        std::iter::once(&self.format).chain(&self.also).find_map(|format| {
            let local = civil::DateTime::strptime(format, text).ok()?;
            let same = local.strftime(format).to_string() == text;
            let instant = local.to_zoned(TimeZone::fixed(CHINA_STANDARD_TIME)).ok()?.timestamp();
            same.then_some(instant)
        })
    }
}

/// `yyyy-MM-dd HH:mm:ss` as strftime has it.
fn directives(format: &str) -> Check<String> {
    let mut text = String::new();
    let mut rest = format;
    let mut found = [false; 6];
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
    if rest.is_empty() && found == [true; 6] {
        return Ok(text);
    }
    mismatch("a time format of yyyy, MM, dd, HH or H, mm and ss", format!("`{format}`"))
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
        assert_eq!(moments.write(instant), "20220125090500");
    }

    #[test]
    fn a_time_in_no_form_is_not_read() {
        let moments = moments("yyyy-MM-dd HH:mm:ss", &[]);
        for text in
            ["", "2024-02-30 09:30:00", "2024-6-3 9:15:27", "2024-06-03T09:15:27", "2024-06-03 09:15:27 "]
        {
            assert_eq!(moments.read(text), None, "{text}");
        }
    }

    #[test]
    fn a_format_that_loses_something_is_refused() {
        for format in ["", "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss z", "%Y-%m-%d %H:%M:%S"] {
            assert!(directives(format).is_err(), "{format}");
        }
    }
}

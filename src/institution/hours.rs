//! When the institution's rules may decide: windows of the day, on all days or on working days.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::calendar::Calendar;
use crate::clock::{china_date, china_midnight};

const DAY: u16 = 24 * 60;

/// No row of holidays is longer.
const DAYS_AHEAD: u16 = 60;

/// A part of the day in China, as `08:30-20:00`: the first minute is inside, the last one is not. Where it ends before
/// it begins, it ends on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// In minutes after midnight, as the end is.
    start: u16,
    end: u16,
}

#[derive(Debug, thiserror::Error)]
#[error("expected times such as \"08:30-20:00\", \"22:00-06:00\" or \"00:00-24:00\", found `{0}`")]
pub struct WindowError(String);

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let read = || {
            let (start, end) = text.split_once('-')?;
            let (start, end) = (minutes(start)?, minutes(end)?);
            (start < DAY && start != end && end > 0).then_some(Self { start, end })
        };
        read().ok_or_else(|| WindowError(text.to_owned()))
    }
}

/// `08:30` in minutes; `24:00` is the end of the day.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| match text.len() {
        2 => text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok())?,
        _ => None,
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

impl Window {
    /// From when to when it lasts that begins on this day.
    fn on(self, day: Date) -> (Timestamp, Timestamp) {
        let end = if self.end > self.start { self.end } else { self.end + DAY };
        let at = |minutes: u16| {
            let since_midnight = SignedDuration::from_mins(i64::from(minutes));
            china_midnight(day).saturating_add(since_midnight).unwrap_or(Timestamp::MAX)
        };
        (at(self.start), at(end))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start, self.end);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Windows of the days that count.
#[derive(Clone, Copy, Debug)]
pub struct Hours<'a> {
    /// None at all means the whole day.
    pub windows: &'a [Window],
    pub working_days_only: bool,
    pub calendar: &'a Calendar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Open,
    /// When it opens next; None where it does not for months.
    Closed(Option<Timestamp>),
}

impl Hours<'_> {
    /// A window across midnight belongs to the day on which it begins.
    pub fn standing(&self, at: Timestamp) -> Standing {
        let today = china_date(at);
        let before = today.yesterday().unwrap_or(today);
        if self.on(before).chain(self.on(today)).any(|(start, end)| start <= at && at < end) {
            return Standing::Open;
        }
        let mut day = today;
        for _ in 0..DAYS_AHEAD {
            let opens = self.on(day).map(|(start, _)| start).filter(|start| *start > at).min();
            if opens.is_some() {
                return Standing::Closed(opens);
            }
            day = day.tomorrow().unwrap_or(day);
        }
        Standing::Closed(None)
    }

    /// How much of the time between two instants lies within the windows; days before the last sixty are left out.
    pub fn between(&self, from: Timestamp, until: Timestamp) -> SignedDuration {
        let mut total = SignedDuration::ZERO;
        let mut day = china_date(until);
        for _ in 0..DAYS_AHEAD {
            for (start, end) in self.on(day) {
                let inside = end.min(until).duration_since(start.max(from));
                total = total.saturating_add(inside.max(SignedDuration::ZERO));
            }
            if day < china_date(from) {
                break;
            }
            day = day.yesterday().unwrap_or(day);
        }
        total
    }

    fn on(&self, day: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        const ALL_DAY: &[Window] = &[Window { start: 0, end: DAY }];
        let counts = !self.working_days_only || self.calendar.is_working_day(day);
        let windows = if self.windows.is_empty() { ALL_DAY } else { self.windows };
        windows.iter().filter(move |_| counts).map(move |window| window.on(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        let text = "holidays = ['2026-10-01', '2026-10-02', '2026-10-05', '2026-10-06', '2026-10-07']\n\
                    workdays = ['2026-10-10']";
        Calendar::new(&toml::from_str(text).unwrap()).unwrap()
    }

    /// What a time in China means; `open`, or when it opens.
    fn standing(windows: &[&str], working_days_only: bool, at: &str) -> String {
        let windows: Vec<Window> = windows.iter().map(|it| it.parse().unwrap()).collect();
        let calendar = calendar();
        let hours = Hours { windows: &windows, working_days_only, calendar: &calendar };
        match hours.standing(crate::clock::from_wire(at).unwrap()) {
            Standing::Open => "open".to_owned(),
            Standing::Closed(opens) => opens.map_or("never".to_owned(), crate::clock::to_wire),
        }
    }

    #[test]
    fn windows_open_and_close_to_the_second() {
        let day: &[&str] = &["08:30-20:00"];
        let split: &[&str] = &["14:00-17:30", "09:00-12:00"];
        let night: &[&str] = &["22:00-06:00"];
        for (windows, working, at, expected) in [
            (day, false, "2026-10-01 08:29:59", "2026-10-01 08:30:00"),
            (day, false, "2026-10-01 08:30:00", "open"),
            (day, false, "2026-10-01 19:59:59", "open"),
            (day, false, "2026-10-01 20:00:00", "2026-10-02 08:30:00"),
            (split, false, "2026-10-01 12:00:00", "2026-10-01 14:00:00"),
            (split, false, "2026-10-01 03:00:00", "2026-10-01 09:00:00"),
            (split, false, "2026-10-01 17:29:59", "open"),
            // Across midnight.
            (night, false, "2026-10-01 21:59:59", "2026-10-01 22:00:00"),
            (night, false, "2026-10-01 22:00:00", "open"),
            (night, false, "2026-10-02 00:00:00", "open"),
            (night, false, "2026-10-02 05:59:59", "open"),
            (night, false, "2026-10-02 06:00:00", "2026-10-02 22:00:00"),
            // The night that began on a working day goes on into the holiday, and none begins on it.
            (night, true, "2026-10-01 05:59:59", "open"),
            (night, true, "2026-10-01 06:00:00", "2026-10-08 22:00:00"),
            (night, true, "2026-10-01 23:00:00", "2026-10-08 22:00:00"),
            // Holidays with the weekend between them, and the Saturday that makes up for it.
            (day, true, "2026-09-30 20:00:00", "2026-10-08 08:30:00"),
            (day, true, "2026-10-09 20:00:00", "2026-10-10 08:30:00"),
            (day, true, "2026-10-10 09:00:00", "open"),
            (day, true, "2026-10-10 20:00:00", "2026-10-12 08:30:00"),
            // Without windows, whole days.
            (&[], false, "2026-10-03 03:00:00", "open"),
            (&[], true, "2026-10-03 03:00:00", "2026-10-08 00:00:00"),
            (&["00:00-24:00"], true, "2026-10-08 23:59:59", "open"),
        ] {
            assert_eq!(standing(windows, working, at), expected, "{windows:?} {working} {at}");
        }
    }

    #[test]
    fn a_window_is_printed_as_it_is_written_and_nonsense_is_refused() {
        for text in ["08:30-20:00", "22:00-06:00", "00:00-24:00", "23:59-00:01"] {
            assert_eq!(text.parse::<Window>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "8:30-20:00",
            "08:30",
            "08:30-08:30",
            "08:60-20:00",
            "24:00-08:00",
            "08:30-24:01",
            "20:00-00:00",
            "+8:30-20:00",
            "08:30 - 20:00",
        ] {
            let error = text.parse::<Window>().unwrap_err().to_string();
            assert!(error.contains(&format!("found `{text}`")), "{error}");
        }
    }

    #[test]
    fn only_hours_of_working_days_count_between_two_instants() {
        let (known, window) = (calendar(), ["09:00-17:00".parse().unwrap()]);
        let hours = Hours { windows: &window, working_days_only: true, calendar: &known };
        let between = |from: &str, until: &str| {
            let instant = |text: &str| format!("{text}+08").parse::<Timestamp>().unwrap();
            hours.between(instant(from), instant(until)).as_mins()
        };
        // A Monday, its evening, and the weekend before it.
        assert_eq!(between("2026-11-16T10:00", "2026-11-16T12:30"), 150);
        assert_eq!(between("2026-11-16T16:00", "2026-11-16T23:00"), 60);
        assert_eq!(between("2026-11-13T16:00", "2026-11-16T10:00"), 120);
        assert_eq!(between("2026-11-14T10:00", "2026-11-15T10:00"), 0);
        assert_eq!(between("2026-11-16T12:00", "2026-11-16T11:00"), 0);
    }
}

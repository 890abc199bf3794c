//! Working days in China: Saturday and Sunday are free, unless the State Council's yearly notice says otherwise.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use serde::Deserialize;

/// The `[calendar]` section of the settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalendarOptions {
    /// 法定节假日: days that are free beside the weekends.
    pub holidays: Vec<Date>,
    /// 调休上班: Saturdays and Sundays on which people work.
    pub workdays: Vec<Date>,
}

/// Which days are worked on.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    holidays: BTreeSet<Date>,
    workdays: BTreeSet<Date>,
}

#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    #[error(
        "calendar.workdays: expected days that are no holidays, found `{0}`, which calendar.holidays has too"
    )]
    Both(Date),
    #[error("calendar.workdays: expected Saturdays and Sundays, found `{0}`, which is a working day anyway")]
    NotFree(Date),
}

impl Calendar {
    /// # Errors
    /// When a day is both a holiday and a working day, or a make-up day is none.
    pub fn new(options: &CalendarOptions) -> Result<Self, CalendarError> {
        let holidays: BTreeSet<Date> = options.holidays.iter().copied().collect();
        for &day in &options.workdays {
            if holidays.contains(&day) {
                return Err(CalendarError::Both(day));
            }
            if !is_weekend(day) {
                return Err(CalendarError::NotFree(day));
            }
        }
        Ok(Self { holidays, workdays: options.workdays.iter().copied().collect() })
    }

    pub fn is_working_day(&self, day: Date) -> bool {
        self.workdays.contains(&day) || !(is_weekend(day) || self.holidays.contains(&day))
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(text: &str) -> Result<Calendar, CalendarError> {
        Calendar::new(&toml::from_str(text).unwrap())
    }

    #[test]
    fn weekends_and_holidays_are_free_and_make_up_days_are_not() {
        let known = calendar("holidays = ['2026-10-01', '2026-10-02']\nworkdays = ['2026-10-10']").unwrap();
        for (day, works) in [
            ("2026-09-30", true),
            ("2026-10-01", false),
            ("2026-10-02", false),
            // A Saturday, a Sunday, and a Saturday on which people work.
            ("2026-10-03", false),
            ("2026-10-04", false),
            ("2026-10-10", true),
            ("2026-10-11", false),
        ] {
            assert_eq!(known.is_working_day(day.parse().unwrap()), works, "{day}");
        }
    }

    #[test]
    fn a_calendar_that_contradicts_itself_is_refused_with_the_day() {
        let both = calendar("holidays = ['2026-10-10']\nworkdays = ['2026-10-10']").unwrap_err().to_string();
        assert!(both.contains("calendar.workdays") && both.contains("`2026-10-10`"), "{both}");
        let monday = calendar("workdays = ['2026-10-12']").unwrap_err().to_string();
        assert!(monday.contains("`2026-10-12`") && monday.contains("working day anyway"), "{monday}");
    }
}

//! Time as the gateway sees it: one source for "now" and for waiting, so that a test can move both.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, civil};

/// The platforms write local times without a zone; all of them mean China Standard Time, UTC+8, which has had no
/// daylight saving since 1991.
const CHINA_STANDARD_TIME: Offset = Offset::constant(8);

/// The text form of times on the wire, `yyyy-MM-dd HH:mm:ss`.
const WIRE_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// Where the present comes from: the system, or a test's own clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Microseconds that are added to the system's time; zero outside tests.
    shift: Arc<AtomicI64>,
}

impl Clock {
    pub fn system() -> Self {
        Self::default()
    }

    /// The present instant.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    pub fn now(&self) -> Timestamp {
        let shift = jiff::SignedDuration::from_micros(self.shift.load(Ordering::Relaxed));
        Timestamp::now().saturating_add(shift).unwrap_or(Timestamp::MAX)
    }

    /// Moves this clock (and its clones) forward, for tests that would otherwise have to wait.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.shift.fetch_add(micros, Ordering::Relaxed);
    }

    /// Moves this clock (and its clones) backward, as a correction of the time would.
    pub fn set_back(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.shift.fetch_sub(micros, Ordering::Relaxed);
    }

    /// Waits in real time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    pub async fn wait(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// An instant as the platforms write it: `2024-06-24 09:30:00`, China Standard Time.
pub fn to_wire(instant: Timestamp) -> String {
    CHINA_STANDARD_TIME.to_datetime(instant).strftime(WIRE_FORMAT).to_string()
}

/// What clocks in China show at an instant.
pub fn china_time(instant: Timestamp) -> civil::DateTime {
    CHINA_STANDARD_TIME.to_datetime(instant)
}

/// The calendar date of an instant in China.
pub fn china_date(instant: Timestamp) -> civil::Date {
    china_time(instant).date()
}

/// The first moment of a day in China.
pub fn china_midnight(date: civil::Date) -> Timestamp {
    CHINA_STANDARD_TIME.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

/// Reads a platform's time text.
///
/// # Errors
/// When the text is not `yyyy-MM-dd HH:mm:ss` (the form without the blank, which the Hainan specification prints
/// once in A.12, is accepted too).
pub fn from_wire(text: &str) -> Result<Timestamp, jiff::Error> {
    civil::DateTime::strptime(WIRE_FORMAT, text)
        .or_else(|_| civil::DateTime::strptime("%Y-%m-%d%H:%M:%S", text))
        .and_then(|local| local.to_zoned(TimeZone::fixed(CHINA_STANDARD_TIME)))
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_times_are_china_standard_time() {
        let instant = from_wire("2024-06-24 09:30:00").unwrap();
        assert_eq!(instant.to_string(), "2024-06-24T01:30:00Z");
        assert_eq!(to_wire(instant), "2024-06-24 09:30:00");
    }

    #[test]
    fn a_time_that_does_not_exist_is_refused() {
        assert!(from_wire("2024-02-30 09:30:00").is_err());
        assert!(from_wire("2024-06-24T09:30:00Z").is_err());
        assert!(from_wire("").is_err());
    }
}

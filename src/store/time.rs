//! Times and lengths of time as the database holds them: microseconds.

use std::time::Duration;

use jiff::Timestamp;

use super::error::StoreError;

/// No lease or delay is longer than ten years, so that adding one to the present can't overflow.
const LONGEST: i64 = 10 * 366 * 86_400 * 1_000_000;

pub(super) fn to_micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

pub(super) fn from_micros(table: &'static str, row: &str, micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|error| StoreError::damaged(table, row, error))
}

pub(super) fn optional_from_micros(
    table: &'static str,
    row: &str,
    micros: Option<i64>,
) -> Result<Option<Timestamp>, StoreError> {
    micros.map(|micros| from_micros(table, row, micros)).transpose()
}

pub(super) fn length_in_micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).map_or(LONGEST, |micros| micros.min(LONGEST))
}

//! How a set of measured times is spread.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// Times in microseconds. A percentile is the smallest measured time that so many of a hundred do not exceed (nearest
/// rank), so that each figure is one that was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Spread {
    pub(super) count: usize,
    pub(super) min_us: u64,
    pub(super) p50_us: u64,
    pub(super) p99_us: u64,
    pub(super) max_us: u64,
}

impl Spread {
    /// Zeros where nothing was measured.
    pub(super) fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<u64> = times.into_iter().map(micros).collect();
        times.sort_unstable();
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).copied().unwrap_or_default()
        };
        Self { count: times.len(), min_us: at(0), p50_us: at(50), p99_us: at(99), max_us: at(100) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min_us, p50_us, p99_us, max_us, .. } = *self;
        let [min, p50, p99, max] = [min_us, p50_us, p99_us, max_us].map(milliseconds);
        write!(f, "min {min}, p50 {p50}, p99 {p99}, max {max} ms")
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// With one place.
pub(super) fn milliseconds(micros: u64) -> String {
    let tenths = micros.saturating_add(50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(times: impl IntoIterator<Item = u64>) -> [u64; 4] {
        let Spread { min_us, p50_us, p99_us, max_us, .. } =
            Spread::of(times.into_iter().map(Duration::from_micros));
        [min_us, p50_us, p99_us, max_us]
    }

    #[test]
    fn percentiles_are_measured_times_by_nearest_rank() {
        assert_eq!(spread((1..=100).rev()), [1, 50, 99, 100]);
        assert_eq!(spread(1..=500), [1, 250, 495, 500]);
        assert_eq!(spread([7]), [7; 4]);
        assert_eq!(spread([3, 1, 2]), [1, 2, 3, 3]);
        assert_eq!(spread([]), [0; 4]);
    }

    #[test]
    fn milliseconds_are_rounded_to_one_place() {
        assert_eq!([0, 49, 50, 1_949, 49_950].map(milliseconds), ["0.0", "0.0", "0.1", "1.9", "50.0"]);
    }
}

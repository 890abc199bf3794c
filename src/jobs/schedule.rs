//! When a failed job is tried again.

use std::time::Duration;

use rand::{Rng, RngExt as _};
use serde::Deserialize;

/// Delays after the first, second, … failed attempt; after the last one the job is dead.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// As texts: `["1s", "5s", "15m", "4h"]`.
    pub delays: Vec<Delay>,
    /// How many more times the last delay is used.
    #[serde(default)]
    pub repeat_last: u32,
    /// Each delay is shortened or lengthened by up to this many hundredths at random, so that jobs that failed
    /// together don't come back together.
    #[serde(default = "default_jitter")]
    pub jitter_percent: u8,
}

/// A length of time in settings: `1s`, `15m`, `4h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Delay(
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")] pub Duration,
);

fn default_jitter() -> u8 {
    20
}

impl Schedule {
    /// For notices: at once while a hiccup lasts, then for some three days through an outage.
    pub fn for_notices() -> Self {
        let seconds = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400];
        Self { delays: delays(&seconds), repeat_last: 16, jitter_percent: default_jitter() }
    }

    /// For what has to be there minutes after the opening: once a minute for a day.
    pub fn for_restorations() -> Self {
        let seconds = [1, 2, 5, 10, 20, 30, 60];
        Self { delays: delays(&seconds), repeat_last: 1_440, jitter_percent: default_jitter() }
    }

    /// For callbacks: soon while the core system is started anew, then for three days through an outage.
    pub fn for_callbacks() -> Self {
        let seconds = [5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400];
        Self { delays: delays(&seconds), repeat_last: 17, jitter_percent: default_jitter() }
    }

    /// For messages about alarms: at once while a hiccup lasts, then for a day.
    pub fn for_alarms() -> Self {
        let seconds = [2, 10, 30, 120, 300, 900, 1_800];
        Self { delays: delays(&seconds), repeat_last: 46, jitter_percent: default_jitter() }
    }

    /// For what comes back by the clock: as often as usual for a day, after which it is told to people, and begun anew.
    pub fn for_rounds() -> Self {
        let seconds = [5, 30, 120, 600];
        Self { delays: delays(&seconds), repeat_last: 140, jitter_percent: default_jitter() }
    }

    /// How many attempts a job has in all.
    pub fn attempts(&self) -> u32 {
        u32::try_from(self.delays.len())
            .unwrap_or(u32::MAX)
            .saturating_add(self.repeat_last)
            .saturating_add(1)
    }

    /// The delay after the attempt of this number, counted from 1; None where there is no further one.
    pub fn delay_after(&self, attempt: u32) -> Option<Duration> {
        self.delay_drawn(attempt, &mut rand::rng())
    }

    /// The same with the jitter of a caller's own dice.
    pub fn delay_drawn(&self, attempt: u32, dice: &mut impl Rng) -> Option<Duration> {
        if attempt >= self.attempts() {
            return None;
        }
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let Delay(delay) = *self.delays.get(index).or(self.delays.last())?;
        let spread = u32::from(self.jitter_percent.min(100));
        let percent = dice.random_range(100 - spread..=100 + spread);
        Some(delay.saturating_mul(percent) / 100)
    }
}

fn delays(seconds: &[u64]) -> Vec<Delay> {
    seconds.iter().map(|seconds| Delay(Duration::from_secs(*seconds))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(mut schedule: Schedule) -> Schedule {
        schedule.jitter_percent = 0;
        schedule
    }

    #[test]
    fn the_last_delay_is_repeated_and_then_there_is_no_further_attempt() {
        let schedule = exact(Schedule { delays: delays(&[1, 5]), repeat_last: 2, jitter_percent: 0 });
        let seconds: Vec<_> =
            (1..=6).map(|attempt| schedule.delay_after(attempt).map(|delay| delay.as_secs())).collect();
        assert_eq!(seconds, [Some(1), Some(5), Some(5), Some(5), None, None]);
        assert_eq!(schedule.attempts(), 5);
    }

    #[test]
    fn delays_vary_within_the_jitter() {
        let schedule = Schedule { delays: delays(&[100]), repeat_last: 0, jitter_percent: 20 };
        let drawn: Vec<_> = (0..200).filter_map(|_| schedule.delay_after(1)).map(|it| it.as_secs()).collect();
        assert!(drawn.iter().all(|delay| (80..=120).contains(delay)));
        assert!(drawn.iter().any(|delay| *delay != drawn[0]));
    }

    #[test]
    fn a_schedule_is_written_as_texts_and_misspelt_keys_are_refused() {
        let read: Schedule =
            serde_json::from_str(r#"{"delays": ["1s", "5m", "4h"], "repeat_last": 3}"#).unwrap();
        assert_eq!(read.delays, delays(&[1, 300, 14_400]));
        assert_eq!(read.jitter_percent, 20);
        assert!(serde_json::from_str::<Schedule>(r#"{"delays": [], "jitter": 3}"#).is_err());
    }

    #[test]
    fn restorations_are_tried_sooner_than_notices_throughout() {
        let (restorations, notices) = (exact(Schedule::for_restorations()), exact(Schedule::for_notices()));
        for attempt in 1..notices.attempts() {
            assert!(restorations.delay_after(attempt) <= notices.delay_after(attempt), "{attempt}");
        }
    }
}

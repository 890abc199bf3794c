//! Many seeds, on all cores, until they are done, the time is over or a promise is broken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::cast::Cast;
use super::mutation::Mutation;
use super::tally::Tally;
use super::{Run, run};
use crate::clock::Clock;

/// Which seeds to run.
#[derive(Clone, Debug)]
pub struct Campaign {
    pub from: u64,
    pub seeds: u64,
    /// No seed is begun after this long.
    pub time: Option<Duration>,
    pub threads: usize,
    pub mutation: Mutation,
}

/// What came of them.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub tally: Tally,
    /// The run of the lowest seed that broke a promise, with its trace.
    pub failure: Option<Run>,
    pub took: Duration,
}

impl Campaign {
    /// Blocks until it is over.
    pub fn run(&self, cast: &Cast, clock: &Clock) -> Report {
        let began = clock.now();
        let (next, failed) = (AtomicU64::new(self.from), AtomicBool::new(false));
        let found: Mutex<(Tally, Option<u64>)> = Mutex::default();
        std::thread::scope(|threads| {
            for _ in 0..self.threads.max(1) {
                threads.spawn(|| {
                    let mut tally = Tally::default();
                    while !failed.load(Ordering::Relaxed) && !self.is_over(clock, began) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= self.from.saturating_add(self.seeds) {
                            break;
                        }
                        let run = run(cast, seed, self.mutation, false);
                        tally.add(&run.tally);
                        if run.violation.is_some() {
                            failed.store(true, Ordering::Relaxed);
                            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                            found.1 = Some(found.1.map_or(seed, |known| known.min(seed)));
                        }
                    }
                    found.lock().unwrap_or_else(PoisonError::into_inner).0.add(&tally);
                });
            }
        });
        let (tally, failure) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failure = failure.map(|seed| run(cast, seed, self.mutation, true));
        Report { tally, failure, took: since(began, clock) }
    }

    fn is_over(&self, clock: &Clock, began: Timestamp) -> bool {
        self.time.is_some_and(|time| since(began, clock) >= time)
    }
}

fn since(began: Timestamp, clock: &Clock) -> Duration {
    Duration::try_from(clock.now().duration_since(began)).unwrap_or_default()
}

//! Notices when the database's clock is set back, and has leases and waits mended that were taken from it before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::attempt::Bench;
use super::observer::Observer;
use crate::casework::Task;
use crate::clock::Clock;
use crate::store::jobs::set_back::{self, Kinds};
use crate::store::{Store, StoreError};
use crate::supervise;

/// Setting the clock back by less delays work by less, and is left alone: a slow answer looks the same.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

const KINDS: Kinds = Kinds { by_the_clock: &Task::BY_THE_CLOCK, by_interval: &[Task::ROUND] };

/// Keeps comparing in the background until it is dropped.
pub(super) struct Timekeeper(JoinHandle<Option<()>>);

impl Timekeeper {
    pub fn start(bench: &Bench) -> Self {
        let watch = Watch {
            store: bench.store.clone(),
            observer: Arc::clone(&bench.observer),
            clock: bench.clock.clone(),
            lease: bench.lease,
        };
        Self(supervise::spawn("timekeeper", watch.keep()))
    }
}

impl Drop for Timekeeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Watch {
    store: Store,
    observer: Arc<dyn Observer>,
    clock: Clock,
    lease: Duration,
}

impl Watch {
    /// The clock may also have been set back while nobody looked, so that the first look mends in any case.
    async fn keep(self) {
        let (began, mut comparison, mut to_mend) = (Instant::now(), Comparison::default(), true);
        loop {
            if let Ok(shown) = self.store.read(set_back::clock).await
                && let Some(by) = comparison.set_back_by(shown, began.elapsed())
            {
                self.observer.clock_set_back(by);
                to_mend = true;
            }
            // A database that is away is asked again in the next round.
            to_mend = to_mend && self.mend().await.is_err();
            self.clock.wait(self.lease / 3).await;
        }
    }

    async fn mend(&self) -> Result<(), StoreError> {
        let lease = self.lease;
        let mended = self.store.write(move |c| set_back::mend(c, lease, KINDS)).await?;
        if mended > 0 {
            tracing::warn!(
                jobs = mended,
                "jobs had leases or waits from a time that has not come yet; they were cut short"
            );
        }
        Ok(())
    }
}

/// How far the database's clock is ahead of one that only goes forward; only the change of that means anything.
#[derive(Default)]
struct Comparison {
    ahead: Option<SignedDuration>,
}

impl Comparison {
    /// By how much the clock was set back since the last look.
    fn set_back_by(&mut self, shown: Timestamp, elapsed: Duration) -> Option<Duration> {
        let elapsed = SignedDuration::try_from(elapsed).ok()?;
        let ahead = shown.duration_since(Timestamp::UNIX_EPOCH).checked_sub(elapsed)?;
        let lost = self.ahead.replace(ahead)?.checked_sub(ahead)?;
        (lost > TOLERANCE).then(|| lost.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_noticed_once_and_one_that_is_set_forward_is_not() {
        let mut comparison = Comparison::default();
        let mut look = |shown: &str, elapsed| {
            comparison.set_back_by(shown.parse().unwrap(), Duration::from_secs(elapsed))
        };
        assert_eq!(look("2026-11-22T10:00:00Z", 0), None);
        assert_eq!(look("2026-11-22T10:00:10Z", 10), None);
        // A look that took its time.
        assert_eq!(look("2026-11-22T10:00:19.2Z", 20), None);
        assert_eq!(look("2026-11-22T09:00:30Z", 30), Some(Duration::from_millis(3_599_200)));
        assert_eq!(look("2026-11-22T09:00:40Z", 40), None);
        // Two hours too far, and back again.
        assert_eq!(look("2026-11-22T11:00:50Z", 50), None);
        assert_eq!(look("2026-11-22T09:01:00Z", 60), Some(Duration::from_secs(7_200)));
    }
}

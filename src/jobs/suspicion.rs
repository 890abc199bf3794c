//! What a worker does about [suspected](crate::store::jobs::suspicion) jobs: it runs one at a time, tells people, and gives
//! up in the end.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::verdict::Verdict;
use crate::store::jobs::suspicion::{SUSPECTED_AFTER, Suspects};
use crate::store::jobs::{Cause, ClaimedJob};
use crate::telemetry::Metrics;

/// A process dies as a whole, so there is one turn for all its workers.
static TURN: Semaphore = Semaphore::const_new(1);

/// The turn to run a suspected job, held while jobs are claimed.
pub(super) struct Turn(Option<SemaphorePermit<'static>>);

impl Turn {
    /// Where no suspected job runs in this process.
    pub fn ask() -> Self {
        Self(TURN.try_acquire().ok())
    }

    pub fn suspects(&self, given_up_after: u32) -> Suspects {
        Suspects { admitted: self.0.is_some(), given_up_after }
    }

    /// Leaves the turn to the suspected job among those that were claimed, until its attempt [gives it
    /// back](Alone::watch); where there is none, the turn is free again.
    pub fn pass_on(self, claimed: &[ClaimedJob], suspects: &Suspects) {
        if let Some(turn) = self.0
            && claimed.iter().any(|job| suspects.include(job.silent_ends))
        {
            turn.forget();
        }
    }
}

/// The attempt of a suspected job; gives the turn back when it is dropped.
pub(super) struct Alone;

impl Alone {
    pub fn watch(job: &ClaimedJob, given_up_after: u32) -> Option<Self> {
        Suspects { admitted: true, given_up_after }.include(job.silent_ends).then_some(Self)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        TURN.add_permits(1);
    }
}

/// The end of a job under which too many workers fell silent.
pub(super) fn given_up(job: &ClaimedJob, given_up_after: u32) -> Option<Verdict> {
    let detail = || format!("{} attempts in a row ended without a word from their worker", job.silent_ends);
    let enough = job.silent_ends >= given_up_after.max(SUSPECTED_AFTER);
    enough.then(|| Verdict::dead(Cause::Poisoned, detail()))
}

/// People are told once, when the job is first run alone.
pub(super) fn tell(metrics: &Metrics, job: &ClaimedJob) {
    if job.silent_ends == SUSPECTED_AFTER {
        metrics.alarm("job-suspected");
        let (id, kind, platform) = (&job.id, &job.kind, &job.platform);
        tracing::error!(job.id = %id, job.kind = kind, %platform, attempt = job.attempt, silent_ends = job.silent_ends, "job may be killing the process that runs it; it is run alone of its kind, after pauses");
    }
}

//! One attempt at a job: the work beside its heartbeat, and the outcome behind the fence.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use tracing::Instrument as _;

use super::breaker::State;
use super::breakers::{Breakers, Pass};
use super::observer::Observer;
use super::suspicion::{self, Alone};
use super::verdict::{Effect, Handler, Outcome, Verdict};
use crate::casework::Task;
use crate::clock::Clock;
use crate::store::jobs::{self, Cause, ClaimedJob, Fence};
use crate::store::{Connection, Store, StoreError};
use crate::supervise::panic_text;

/// How soon work is tried again that found its guarantee changed under its hands.
const AFTER_CONFLICT: Duration = Duration::from_millis(200);

/// The pause between tries to write an outcome while the database is away.
const BETWEEN_WRITES: Duration = Duration::from_millis(200);

/// After so many attempts, the last one rejected, a platform counts as one that keeps saying no. By the usual schedule that
/// is within two minutes.
pub(super) const REJECTIONS: i64 = 5;

/// Why a job waits that waits for its platform to answer.
const SILENCE: [Cause; 2] = [Cause::Unreachable, Cause::Unanswered];

/// What an attempt needs. Clones share it.
#[derive(Clone)]
pub(super) struct Bench {
    pub store: Store,
    pub handler: Arc<dyn Handler>,
    pub observer: Arc<dyn Observer>,
    pub clock: Clock,
    pub lease: Duration,
    pub breakers: Breakers,
    pub silent_deaths: u32,
}

impl Bench {
    pub async fn attempt(&self, job: ClaimedJob, pass: Pass) -> Outcome {
        let _alone = Alone::watch(&job, self.silent_deaths);
        self.observer.claimed(&job);
        let began = self.clock.now();
        let span = tracing::info_span!("job", job.id = %job.id, job.kind = job.kind, platform = %job.platform, attempt = job.attempt);
        let outcome = match self.work(&job).instrument(span).await {
            Some(verdict) => {
                self.tell_breaker(&job, pass, verdict.is_answered()).await;
                self.conclude(&job, verdict).await
            }
            None => Outcome::LeaseLost,
        };
        if outcome == Outcome::LeaseLost {
            self.observer.fence_rejected(&job);
        }
        let took = Duration::try_from(self.clock.now().duration_since(began)).unwrap_or_default();
        self.observer.finished(&job, &outcome, took);
        outcome
    }

    /// Where the platform answers again, what has waited for that waits no longer.
    async fn tell_breaker(&self, job: &ClaimedJob, pass: Pass, answered: Option<bool>) {
        let Some(state) = pass.end(answered) else { return };
        self.observer.breaker_moved(&job.platform, state);
        if state == State::Closed {
            let platform = job.platform.clone();
            let hastened = self.store.write(move |c| jobs::hasten_calls(c, Task::CALLS, &platform, &SILENCE));
            if let Err(error) = hastened.await {
                tracing::warn!(platform = %job.platform, %error, "what waits for a platform waits on although it answers again");
            }
        }
    }

    /// None where the lease was lost and the work was stopped.
    async fn work(&self, job: &ClaimedJob) -> Option<Verdict> {
        if let Some(verdict) = suspicion::given_up(job, self.silent_deaths) {
            return Some(verdict);
        }
        // A job that takes its process down with it never reports a failure; its leases count all the same.
        if job.tries > self.handler.schedule(job).attempts() {
            let detail = "every attempt ended without a word from its worker";
            return Some(Verdict::dead(Cause::Exhausted, detail));
        }
        let run = AssertUnwindSafe(async { self.handler.run(job).await }).catch_unwind();
        match select(pin!(run), pin!(self.keep_lease(&job.fence))).await {
            Either::Left((Ok(verdict), _)) => Some(verdict),
            Either::Left((Err(panic), _)) => Some(Verdict::retry(Cause::Panicked, panic_text(&*panic))),
            Either::Right(((), _)) => None,
        }
    }

    /// Renews the lease for as long as this is polled; returns when it is lost. A database that is away for a moment
    /// loses no lease: the next renewal may still be in time, and where it is not, it says so.
    async fn keep_lease(&self, fence: &Fence) {
        loop {
            self.clock.wait(self.lease / 3).await;
            let (fence, lease) = (fence.clone(), self.lease);
            if let Ok(false) = self.store.write(move |c| jobs::renew(c, &fence, lease)).await {
                return;
            }
        }
    }

    async fn conclude(&self, job: &ClaimedJob, verdict: Verdict) -> Outcome {
        let (cause, detail, after) = match verdict {
            Verdict::Done(effect) => match self.finish(&job.fence, effect).await {
                Ok(()) => return Outcome::Done,
                Err(StoreError::LeaseLost(_)) => return Outcome::LeaseLost,
                Err(StoreError::Refused(refusal)) => {
                    return self.bury(job, Cause::Obsolete, refusal.to_string()).await;
                }
                Err(StoreError::Conflict) => {
                    (Cause::Failed, StoreError::Conflict.to_string(), Some(AFTER_CONFLICT))
                }
                Err(StoreError::Panicked(text)) => (Cause::Panicked, text, None),
                Err(error) if error.is_passing() => return Outcome::Unwritten(error),
                Err(error) => (Cause::Failed, error.to_string(), None),
            },
            Verdict::HandBack => {
                let fence = job.fence.clone();
                let written = self.persist(move |c| jobs::hand_back(c, &fence)).await;
                return outcome_of(written.map(|()| Outcome::HandedBack));
            }
            Verdict::Dead { cause, detail } => return self.bury(job, cause, detail).await,
            Verdict::Retry { cause, detail, after } => (cause, detail, after),
        };
        self.retry(job, cause, detail, after).await
    }

    /// By the schedule; a time that the other side asked for replaces the delay, not the number of attempts, and not
    /// beyond the schedule's longest delay. The schedule is chosen by what the job is now: an opening may have made it
    /// urgent since it was claimed.
    async fn retry(
        &self,
        job: &ClaimedJob,
        cause: Cause,
        detail: String,
        asked: Option<Duration>,
    ) -> Outcome {
        let (handler, job) = (Arc::clone(&self.handler), job.clone());
        let written = self.persist(move |c| {
            let now = ClaimedJob { deadline: jobs::deadline(c, &job.fence)?, ..job.clone() };
            let schedule = handler.schedule(&now);
            let Some(delay) = schedule.delay_after(job.tries) else {
                let detail = format!("{cause}: {detail}");
                jobs::bury(c, &job.fence, Cause::Exhausted, &detail)?;
                handler.buried(c, &job, Cause::Exhausted)?;
                return Ok(Outcome::Dead { cause: Cause::Exhausted, detail });
            };
            let longest = schedule.delays.iter().map(|delay| delay.0).max().unwrap_or(delay).max(delay);
            let after = asked.map_or(delay, |asked| asked.min(longest));
            let is_refused = cause == Cause::Rejected && i64::from(job.tries) >= REJECTIONS;
            if is_refused && handler.steps_aside(c, &now)? {
                jobs::step_aside(c, &job.fence, after, cause, &detail)?;
                return Ok(Outcome::SteppedAside { detail: detail.clone(), after });
            }
            jobs::retry(c, &job.fence, after, cause, &detail)?;
            Ok(Outcome::Retry { cause, detail: detail.clone(), after })
        });
        outcome_of(written.await)
    }

    async fn bury(&self, job: &ClaimedJob, cause: Cause, detail: String) -> Outcome {
        let (handler, job, text) = (Arc::clone(&self.handler), job.clone(), detail.clone());
        let written = self.persist(move |c| {
            jobs::bury(c, &job.fence, cause, &text)?;
            handler.buried(c, &job, cause)
        });
        outcome_of(written.await.map(|()| Outcome::Dead { cause, detail }))
    }

    async fn finish(&self, fence: &Fence, effect: Effect) -> Result<(), StoreError> {
        let fence = fence.clone();
        self.persist(move |connection| {
            // The fence comes first: without the lease, the effect is not even tried.
            jobs::finish(connection, &fence)?;
            effect(connection)
        })
        .await
    }

    /// Writes an outcome, again and again for as long as the lease lasts where the database is away: the work is
    /// done, and forgetting that would do it twice.
    async fn persist<T: Send + 'static>(
        &self,
        write: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let write = Arc::new(write);
        let mut waited = Duration::ZERO;
        loop {
            let work = Arc::clone(&write);
            match self.store.write(move |connection| work(connection)).await {
                Err(error) if error.is_passing() && waited < self.lease => {
                    self.clock.wait(BETWEEN_WRITES).await;
                    waited += BETWEEN_WRITES;
                }
                written => return written,
            }
        }
    }
}

fn outcome_of(written: Result<Outcome, StoreError>) -> Outcome {
    match written {
        Ok(outcome) => outcome,
        Err(StoreError::LeaseLost(_)) => Outcome::LeaseLost,
        Err(error) => Outcome::Unwritten(error),
    }
}

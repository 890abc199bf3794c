//! How an attempt ends in the store, behind its fence: as `jobs::attempt` writes it, for as long as the lease lasts.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::agenda::{MILLISECOND, Micros};
use super::attempt::{Attempt, Work};
use super::ledger::{Ledger, Parcel};
use super::mutation::Mutation;
use super::world::{World, Written};
use crate::casework::{Round, Task, task};
use crate::dialect::Profile;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{DocumentDigest, PlatformId};
use crate::domain::{Command, Guarantee};
use crate::store::StoreError;
use crate::store::jobs::{Cause, ClaimedJob};

/// As in `jobs::attempt`.
const REJECTIONS: u32 = 5;

/// As in `jobs::attempt`.
const BETWEEN_WRITES: Micros = 200 * MILLISECOND;

/// How an attempt went, with what a success changes told in words instead of a function.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Done(Effect),
    Retry { cause: Cause, detail: String },
    Dead { cause: Cause, detail: String },
}

impl Verdict {
    pub fn retry(cause: Cause, detail: impl Into<String>) -> Self {
        Self::Retry { cause, detail: detail.into() }
    }

    /// Whether the platform said something, where that is known.
    pub fn is_answered(&self) -> Option<bool> {
        match self {
            Self::Done(_) | Self::Retry { cause: Cause::Rejected, .. } => Some(true),
            Self::Retry { cause: Cause::Unreachable | Cause::Unanswered, .. } => Some(false),
            Self::Retry { .. } | Self::Dead { .. } => None,
        }
    }

    pub fn dead(cause: Cause, detail: impl Into<String>) -> Self {
        Self::Dead { cause, detail: detail.into() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(Effect::RecordLetter { letter, .. }) => write!(f, "done, {} letter", letter.name()),
            Self::Done(_) => f.write_str("done"),
            Self::Retry { cause, detail } => write!(f, "again later, {cause}: {detail}"),
            Self::Dead { cause, detail } => write!(f, "dead, {cause}: {detail}"),
        }
    }
}

/// What is written with the end of a job.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    Nothing,
    Settle { asked: Arc<Guarantee>, at: Timestamp, commands: Vec<Command> },
    RecordLetter { letter: LetterKind, document: DocumentDigest, at: Timestamp },
    Told { waiver_accepted: Option<bool>, arrived: Option<LetterKind>, at: Timestamp },
    Uploaded { parcel: Parcel, generation: i64, letter: LetterKind, at: Timestamp },
    Expire { platform: PlatformId, at: Timestamp },
}

impl World<'_> {
    pub fn conclude(
        &mut self,
        replica: usize,
        number: u64,
        attempt: Attempt,
        verdict: Verdict,
        waited: Micros,
    ) {
        let written = match &verdict {
            Verdict::Done(effect) => self.finish(replica, &attempt.job, effect),
            Verdict::Retry { cause, detail } => self.plan_retry(replica, &attempt.job, *cause, detail),
            Verdict::Dead { cause, detail } => self.bury(replica, &attempt.job, *cause, detail),
        };
        let lease = Micros::try_from(self.jobs.worker.lease.as_micros()).unwrap_or(BETWEEN_WRITES);
        match written {
            Written::Done(()) => {
                self.trace.add(self.now, || {
                    let Attempt { job, .. } = &attempt;
                    format!(
                        "replica {replica} ends attempt {} of {} ({}): {verdict}",
                        job.attempt, job.id, job.kind
                    )
                });
                if let (
                    Mutation::RecordsBeforeArchiving,
                    Verdict::Done(Effect::RecordLetter { document, .. }),
                ) = (self.mutation, &verdict)
                {
                    self.archive.insert(document.clone(), Arc::from(&b"too late"[..]));
                }
                self.plan_polls();
            }
            Written::Crashed => {}
            Written::Failed(StoreError::LeaseLost(_)) => self.lost(replica, &attempt.job.id),
            Written::Failed(error) if error.is_passing() => {
                if waited < lease {
                    let waited = waited.saturating_add(BETWEEN_WRITES);
                    let work = Work::Conclude { verdict, waited };
                    self.keep(replica, number, Attempt { work, ..attempt });
                    self.step_after(replica, number, BETWEEN_WRITES);
                }
                // Otherwise it stays unwritten, and runs again when its lease ends.
            }
            Written::Failed(error) => {
                if let Verdict::Done(_) = verdict {
                    let verdict = match error {
                        StoreError::Refused(refusal) => Verdict::dead(Cause::Obsolete, refusal.to_string()),
                        error => Verdict::retry(Cause::Failed, error.to_string()),
                    };
                    self.conclude_with(replica, number, attempt, verdict);
                }
            }
        }
    }

    fn finish(&mut self, replica: usize, job: &ClaimedJob, effect: &Effect) -> Written<()> {
        let Some(role) = self.role_of(job.platform.as_str()) else { return Written::Done(()) };
        let expiry = self.rounds.expiry;
        let profile = &role.profile;
        let written = self.write(replica, |ledger| {
            ledger.jobs.finish(&job.fence)?;
            effect.write(ledger, profile, job, expiry)
        });
        self.oracle.wrote(&job.fence, &written, true);
        written
    }

    fn plan_retry(&mut self, replica: usize, job: &ClaimedJob, cause: Cause, detail: &str) -> Written<()> {
        let mutation = self.mutation;
        let urgent = |deadline: i64| Timestamp::from_microsecond(deadline).unwrap_or(job.deadline);
        let now = self.ledger.jobs.deadline(&job.fence).map_or(job.deadline, urgent);
        let present = ClaimedJob { deadline: now, ..job.clone() };
        let schedule = self.jobs.schedule(&present).clone();
        let delay = schedule.delay_drawn(job.tries, &mut self.rng);
        let is_refused = cause == Cause::Rejected && job.tries >= REJECTIONS;
        let steps_aside = is_refused && self.steps_aside(&present);
        let written = self.write(replica, |ledger| {
            let now = ledger.now;
            match delay {
                Some(delay) if steps_aside => ledger.jobs.step_aside(&job.fence, delay, cause, detail, now),
                Some(delay) => ledger.jobs.retry(&job.fence, delay, cause, detail, now),
                None if mutation == Mutation::DropsTheExhausted => ledger.jobs.finish(&job.fence),
                None => {
                    let detail = format!("{cause}: {detail}");
                    ledger.jobs.bury(&job.fence, Cause::Exhausted, &detail)
                }
            }
        });
        self.oracle.wrote(&job.fence, &written, delay.is_none());
        written
    }

    /// As the desk sees it: what is refused for ever is no reason that nobody tries the restoration.
    fn steps_aside(&self, job: &ClaimedJob) -> bool {
        let of_opening =
            |payload: &[u8]| serde_json::from_slice::<Task>(payload).is_ok_and(|task| task.is_of_opening());
        let behind = self.ledger.jobs.waiting_behind(&job.fence);
        task::is_urgent(job.created_at, job.deadline)
            && !of_opening(&job.payload)
            && behind.iter().any(|job| of_opening(&job.payload))
    }

    fn bury(&mut self, replica: usize, job: &ClaimedJob, cause: Cause, detail: &str) -> Written<()> {
        let written = self.write(replica, |ledger| ledger.jobs.bury(&job.fence, cause, detail));
        self.oracle.wrote(&job.fence, &written, true);
        written
    }
}

impl Effect {
    fn write(
        &self,
        ledger: &mut Ledger,
        profile: &Profile,
        job: &ClaimedJob,
        expiry: std::time::Duration,
    ) -> Result<(), StoreError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Settle { asked, at, commands } => {
                let present = ledger.find(&asked.id).map(|stored| stored.guarantee.application.clone());
                if present.is_none_or(|present| present == asked.application) {
                    // What is refused came too late.
                    drop(ledger.carry_out_all(profile, &asked.id, commands, *at)?);
                }
                Ok(())
            }
            Self::RecordLetter { letter, document, at } => {
                let Some(id) = job.lane.guarantee() else { return Ok(()) };
                let sealed = Command::RecordLetter { letter: *letter, document: document.clone() };
                if ledger.carry_out_all(profile, &id, &[sealed], *at)?.is_ok() {
                    ledger.documents.put((id, document.clone()), *letter);
                }
                Ok(())
            }
            Self::Told { waiver_accepted, arrived, at } => {
                let Some(id) = job.lane.guarantee() else { return Ok(()) };
                let settled = waiver_accepted.map(|accepted| Command::SettleWaiver { accepted });
                let arrived = arrived.map(|letter| Command::RecordDelivery { letter });
                for command in settled.into_iter().chain(arrived) {
                    drop(ledger.carry_out_all(profile, &id, &[command], *at)?);
                }
                Ok(())
            }
            Self::Uploaded { parcel, generation, letter, at } => {
                ledger.complete(parcel, *generation)?;
                let arrived = Command::RecordDelivery { letter: *letter };
                drop(ledger.carry_out_all(profile, &parcel.0, &[arrived], *at)?);
                Ok(())
            }
            Self::Expire { platform, at } => {
                let over = |guarantee: &Guarantee| {
                    guarantee.platform == *platform
                        && guarantee.stage.is_in_force()
                        && guarantee.terms.as_ref().is_some_and(|terms| terms.validity.is_over(*at))
                };
                let over: Vec<_> = ledger
                    .guarantees
                    .iter()
                    .filter(|(_, stored)| over(&stored.guarantee))
                    .map(|(id, _)| id.clone())
                    .collect();
                for id in over {
                    drop(ledger.carry_out_all(profile, &id, &[Command::Expire], *at)?);
                }
                let next = Round::Expiry { passed: None }.job(platform, expiry, *at)?;
                ledger.enqueue(&next);
                Ok(())
            }
        }
    }
}

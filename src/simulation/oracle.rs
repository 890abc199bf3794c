//! Who watches: promises checked at each commit, claim and answer, by an own view of what may be.
//!
//! Nothing here asks the model's statements whether they are right: leases, lanes and urgency are judged from the rows
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use super::job_table::{Job, JobTable};
use super::ledger::Ledger;
use super::world::Written;
use crate::casework::{Task, task};
use crate::domain::Stage;
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::store::jobs::{Claim, ClaimedJob, Fence, JobId, JobState, Lane};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// As `src/simulation/mod.rs` lists them.
    pub promise: &'static str,
    pub what: String,
}

#[derive(Default)]
pub(super) struct Oracle {
    violation: Option<Violation>,
    /// The latest lease of each job.
    leases: BTreeMap<JobId, (String, i64)>,
    /// Jobs that are done or given up.
    ended: BTreeSet<JobId>,
    /// The key that was accepted for each guarantee.
    pub keys: BTreeMap<GuaranteeId, Vec<u8>>,
    /// Pushes that were answered with success.
    pub promised: BTreeSet<usize>,
}

/// Jobs that could be claimed: how urgent each is, whether it is a call, for whom.
pub(super) type Possible = BTreeMap<JobId, (i64, bool, PlatformId)>;

impl Oracle {
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    pub fn broken(&mut self, promise: &'static str, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { promise, what: what() });
        }
    }

    /// Looks at what a transaction has changed, while what was there before is still known.
    pub fn before_commit(&mut self, ledger: &Ledger) {
        for (id, before) in ledger.guarantees.changes() {
            let (Some(before), Some(after)) = (before, ledger.find(id)) else { continue };
            if after.version <= before.version {
                self.broken("G6", || {
                    format!("{id} went from version {} to {}", before.version, after.version)
                });
            }
            let (from, to) = (before.guarantee.stage, after.guarantee.stage);
            if !may_follow(from, to) {
                self.broken("G6", || format!("{id} went from {} to {}", from.name(), to.name()));
            }
        }
        for (id, before) in ledger.events.changes() {
            if before.is_some() {
                self.broken("G6", || format!("event {} of {} was overwritten", id.1, id.0));
            }
        }
        for (id, before) in ledger.keys.changes() {
            let after = ledger.keys.get(id);
            if before.as_ref().is_some_and(|before| Some(before) != after) {
                self.broken("G5", || format!("the key of {id} was replaced"));
            }
        }
        self.expect_nothing_before_what_is_urgent(&ledger.jobs);
    }

    /// A restoration can't be sooner than what stands before it in its lane. What has only taken its deadline over may step
    /// back behind work that is in no hurry.
    fn expect_nothing_before_what_is_urgent(&mut self, jobs: &JobTable) {
        let mut urgent: BTreeMap<&Lane, (i64, i64)> = BTreeMap::new();
        let is_urgent = |job: &Job| {
            let instant = jiff::Timestamp::from_microsecond;
            let (created, deadline) = (instant(job.created_at), instant(job.deadline));
            created.is_ok_and(|created| deadline.is_ok_and(|deadline| task::is_urgent(created, deadline)))
        };
        let is_of_opening =
            |job: &Job| serde_json::from_slice(&job.payload).is_ok_and(|task: Task| task.is_of_opening());
        for job in jobs.unfinished().filter(|job| is_urgent(job) && is_of_opening(job)) {
            let last = urgent.entry(&job.lane).or_insert((job.position, job.deadline));
            if job.position > last.0 {
                *last = (job.position, job.deadline);
            }
        }
        for job in jobs.unfinished() {
            let Some((position, deadline)) = urgent.get(&job.lane) else { continue };
            if job.position < *position && job.deadline > *deadline {
                self.broken("deadlines", || {
                    let Job { id, kind, lane, .. } = job;
                    format!("{id} ({kind}) stands before the work of an opening in {lane} and is in no hurry")
                });
            }
        }
    }

    /// A worker has claimed jobs; `possible` is what it could have had, but for suspected ones that have to wait.
    pub fn claimed(
        &mut self,
        claim: &Claim,
        possible: &Possible,
        claimed: &[ClaimedJob],
        set_aside: &BTreeSet<JobId>,
    ) {
        let mut left = possible.clone();
        for job in claimed {
            if left.remove(&job.id).is_none() {
                self.broken("lanes", || {
                    format!("{} was claimed out of turn in {}, or not yet due", job.id, job.lane)
                });
            }
            self.leases.insert(job.id.clone(), (claim.owner.clone(), job.attempt));
        }
        for job in claimed {
            let (deadline, is_call) =
                (job.deadline.as_microsecond(), claim.calls.include(&job.kind, &job.lane));
            // Where this one found room, others of its platform and sort would have found it before.
            let passed_over = left.iter().find(|(id, (urgent, call, platform))| {
                let comparable = *call == is_call && *platform == job.platform;
                comparable && *urgent < deadline && !set_aside.contains(*id)
            });
            if let Some((id, _)) = passed_over {
                self.broken("deadlines", || {
                    format!("{id} was passed over by {}, which is due later", job.id)
                });
            }
        }
    }

    /// Somebody has written how an attempt ended.
    pub fn wrote(&mut self, fence: &Fence, written: &Written<()>, ends: bool) {
        // Of a commit that nobody heard of, the next claim tells.
        let Written::Done(()) = written else { return };
        let holder = self.leases.get(&fence.job);
        let holds = holder.is_some_and(|(owner, attempt)| *owner == fence.owner && *attempt == fence.attempt);
        if !holds || self.ended.contains(&fence.job) {
            self.broken("lanes", || {
                format!("attempt {} of {} wrote without holding it", fence.attempt, fence.job)
            });
        }
        if ends {
            self.ended.insert(fence.job.clone());
        }
    }

    pub fn revived(&mut self, job: &JobId) {
        self.ended.remove(job);
    }
}

/// The first unfinished job of each lane.
pub(super) fn heads(jobs: &JobTable) -> impl Iterator<Item = &Job> {
    let mut heads: BTreeMap<&Lane, &Job> = BTreeMap::new();
    for job in jobs.unfinished() {
        let head = heads.entry(&job.lane).or_insert(job);
        if job.position < head.position {
            *head = job;
        }
    }
    heads.into_values()
}

/// What may be claimed: due, and nothing of the lane before it or running beside it.
pub(super) fn claimable(jobs: &JobTable, claim: &Claim, now: i64) -> Possible {
    let leased: BTreeSet<&Lane> = jobs
        .unfinished()
        .filter(|job| job.state == JobState::Running && job.due_at > now)
        .map(|job| &job.lane)
        .collect();
    heads(jobs)
        .filter(|job| job.due_at <= now && !leased.contains(&job.lane))
        .map(|job| {
            let is_call = claim.calls.include(&job.kind, &job.lane);
            (job.id.clone(), (job.deadline, is_call, job.platform.clone()))
        })
        .collect()
}

/// Forward, but for an application that is replaced and underwritten again; nothing follows an end.
fn may_follow(from: Stage, to: Stage) -> bool {
    let rank = |stage| Stage::ALL.iter().position(|it| *it == stage);
    match (from, to) {
        (from, to) if from == to => true,
        (from, _) if from.is_ended() => false,
        (Stage::Applied | Stage::Approved, Stage::Applied) => true,
        (Stage::Applied, Stage::Approved | Stage::Issuing | Stage::Declined | Stage::Waived) => true,
        (Stage::Approved, Stage::Issuing | Stage::Waived) => true,
        (Stage::Issuing, Stage::Issued | Stage::Waived | Stage::Abandoned) => true,
        (
            Stage::Issued | Stage::Opened | Stage::Restored,
            Stage::Surrendered | Stage::Cancelled | Stage::Expired,
        ) => true,
        (Stage::Issued, Stage::Opened) | (Stage::Opened, Stage::Restored) => rank(from) < rank(to),
        _ => false,
    }
}

//! The table of jobs as a model: what the statements of [`store::jobs`](crate::store::jobs) do, said in Rust.
//!
//! `tests/store/model.rs` holds it against both databases, operation by operation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::mutation::Mutation;
use super::table::Table;
use crate::domain::identity::PlatformId;
use crate::store::StoreError;
use crate::store::jobs::suspicion::{SUSPECTED_AFTER, Suspects};
use crate::store::jobs::{
    Calls, Cause, Claim, ClaimedJob, Fence, JobId, JobState, Lane, NewJob, Revival, Sort,
};

/// A row. Instants are microseconds of the database's clock.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: JobId,
    pub platform: PlatformId,
    pub lane: Lane,
    pub position: i64,
    pub kind: String,
    pub payload: Arc<[u8]>,
    pub state: JobState,
    /// When the next attempt may begin; while the job runs, the end of its lease.
    pub due_at: i64,
    pub deadline: i64,
    pub attempts: i64,
    pub forgiven: i64,
    pub created_at: i64,
    pub owner: Option<String>,
    pub cause: Option<Cause>,
    pub detail: Option<String>,
    /// How many attempts ended in a row without a word from their worker, up to now.
    pub silent_ends: u32,
}

/// All jobs. Those that are neither done nor dead are kept apart, since only they can be claimed.
#[derive(Clone, Debug)]
pub struct JobTable {
    unfinished: Table<JobId, Job>,
    ended: Table<JobId, Job>,
    last: Table<Lane, i64>,
    pub(super) mutation: Mutation,
}

impl Default for JobTable {
    fn default() -> Self {
        Self::new()
    }
}

impl JobTable {
    pub fn new() -> Self {
        let (unfinished, ended, last) = (Table::new(), Table::new(), Table::new());
        Self { unfinished, ended, last, mutation: Mutation::None }
    }

    pub fn find(&self, id: &JobId) -> Option<&Job> {
        self.unfinished.get(id).or_else(|| self.ended.get(id))
    }

    pub fn unfinished(&self) -> impl Iterator<Item = &Job> {
        self.unfinished.iter().map(|(_, job)| job)
    }

    /// Those that are done, and those that were given up.
    pub fn ended(&self) -> impl Iterator<Item = &Job> {
        self.ended.iter().map(|(_, job)| job)
    }

    /// The ids of jobs that the open transaction has added.
    pub(super) fn added(&self) -> impl Iterator<Item = &JobId> {
        let changes = self.unfinished.changes().iter().filter(|(_, before)| before.is_none());
        changes.map(|(id, _)| id).filter(|id| !self.ended.changes().iter().any(|(ended, _)| ended == *id))
    }

    pub fn commit(&mut self) {
        self.unfinished.commit();
        self.ended.commit();
        self.last.commit();
    }

    pub fn roll_back(&mut self) {
        self.unfinished.roll_back();
        self.ended.roll_back();
        self.last.roll_back();
    }

    pub fn enqueue(&mut self, id: JobId, job: &NewJob, now: i64) -> JobId {
        let position = self.last.get(&job.lane).copied().unwrap_or(0).saturating_add(1);
        self.last.put(job.lane.clone(), position);
        let row = Job {
            id: id.clone(),
            platform: job.platform.clone(),
            lane: job.lane.clone(),
            position,
            kind: job.kind.clone(),
            payload: job.payload.to_string().into_bytes().into(),
            state: JobState::Ready,
            due_at: now.saturating_add(micros(job.wait)),
            deadline: job.deadline.as_microsecond(),
            attempts: 0,
            forgiven: 0,
            created_at: now,
            owner: None,
            cause: None,
            detail: None,
            silent_ends: 0,
        };
        self.unfinished.put(id.clone(), row);
        id
    }

    /// Only where nothing of the lane is unfinished.
    pub fn enqueue_alone(&mut self, id: JobId, job: &NewJob, now: i64) -> Option<JobId> {
        let taken = self.unfinished().any(|known| known.lane == job.lane);
        (!taken).then(|| self.enqueue(id, job, now))
    }

    /// The first unfinished job of each lane.
    pub(super) fn heads(&self) -> impl Iterator<Item = &Job> {
        let mut heads: BTreeMap<&Lane, &Job> = BTreeMap::new();
        let mut others = Vec::new();
        for job in self.unfinished() {
            if self.mutation == Mutation::LanesOverlap {
                others.push(job);
                continue;
            }
            let head = heads.entry(&job.lane).or_insert(job);
            if job.position < head.position {
                *head = job;
            }
        }
        heads.into_values().chain(others)
    }

    /// Which jobs may be claimed now, the most urgent one first.
    fn claimable(&self, claim: &Claim, of: Sort, now: i64) -> Vec<&Job> {
        let wanted = |job: &&Job| {
            let is_call = claim.calls.include(&job.kind, &job.lane);
            job.due_at <= now
                && !claim.excluded.contains(&job.platform)
                && claim.only.as_ref().is_none_or(|only| *only == job.platform)
                && match of {
                    Sort::Any => true,
                    Sort::House => !is_call,
                    Sort::Calls => is_call,
                }
        };
        let mut found: Vec<&Job> = self.heads().filter(wanted).collect();
        match self.mutation {
            Mutation::OldestFirst => found.sort_by(|a, b| a.id.cmp(&b.id)),
            _ => found.sort_by(|a, b| (a.deadline, a.due_at, &a.id).cmp(&(b.deadline, b.due_at, &b.id))),
        }
        found
    }

    /// No platform of the model is paused.
    pub fn claim(&mut self, claim: &Claim, now: i64) -> Vec<ClaimedJob> {
        let mut leased = Vec::new();
        for room in &claim.compartments {
            let (mut total, mut left) = (room.total, room.left.clone());
            let mut chosen = Vec::new();
            for job in self.claimable(claim, room.of, now) {
                let left = left.entry(job.platform.clone()).or_insert(room.each);
                if total > 0 && *left > 0 {
                    total -= 1;
                    *left -= 1;
                    chosen.push(job.clone());
                }
            }
            leased.extend(chosen.into_iter().map(|job| self.lease(job, claim, now)));
        }
        leased.sort_by(|(a, _), (b, _)| (a.deadline, &a.id).cmp(&(b.deadline, &b.id)));
        let mut suspects = claim.suspects.clone();
        leased
            .into_iter()
            .filter_map(|(job, over)| self.hand_out(job, claim, &mut suspects, over, now))
            .collect()
    }

    /// Yields whether the last lease ran out, too.
    fn lease(&mut self, row: Job, claim: &Claim, now: i64) -> (Job, bool) {
        let taken_over = row.state == JobState::Running;
        let leased = Job {
            state: JobState::Running,
            attempts: row.attempts.saturating_add(1),
            owner: Some(claim.owner.clone()),
            due_at: now.saturating_add(micros(claim.lease)),
            silent_ends: row.silent_ends.saturating_add(u32::from(taken_over)),
            ..row
        };
        self.unfinished.put(leased.id.clone(), leased.clone());
        (leased, taken_over)
    }

    /// A suspected job may have to wait; it is put back as if it had not been leased.
    fn hand_out(
        &mut self,
        job: Job,
        claim: &Claim,
        suspects: &mut Suspects,
        taken_over: bool,
        now: i64,
    ) -> Option<ClaimedJob> {
        let silent_ends = if job.attempts > i64::from(SUSPECTED_AFTER) { job.silent_ends } else { 0 };
        if let Some(pause) = suspects.pause(silent_ends, taken_over) {
            let detail = format!(
                "{silent_ends} attempts in a row ended without a word from their worker; the next one waits"
            );
            let aside = Job {
                state: JobState::Ready,
                attempts: job.attempts.saturating_sub(1),
                due_at: now.saturating_add(micros(pause)),
                owner: None,
                cause: Some(Cause::Poisoned),
                detail: Some(detail),
                ..job
            };
            self.unfinished.put(aside.id.clone(), aside);
            return None;
        }
        let counted = job.attempts.saturating_sub(job.forgiven);
        let fence = Fence { job: job.id.clone(), owner: claim.owner.clone(), attempt: job.attempts };
        Some(ClaimedJob {
            payload: job.payload.to_vec().into(),
            deadline: jiff::Timestamp::from_microsecond(job.deadline).ok()?,
            created_at: jiff::Timestamp::from_microsecond(job.created_at).ok()?,
            attempt: job.attempts,
            tries: u32::try_from(counted).unwrap_or(u32::MAX),
            silent_ends,
            taken_over,
            fence,
            id: job.id,
            platform: job.platform,
            lane: job.lane,
            kind: job.kind,
        })
    }

    /// The job, as long as this attempt holds it.
    fn held(&self, fence: &Fence) -> Option<Job> {
        let job = self.unfinished.get(&fence.job)?;
        let held = job.owner.as_deref() == Some(&fence.owner) && job.attempts == fence.attempt;
        let held = held || self.mutation == Mutation::NoFence;
        (held && job.state == JobState::Running).then(|| job.clone())
    }

    fn holding(&self, fence: &Fence) -> Result<Job, StoreError> {
        self.held(fence).ok_or_else(|| StoreError::LeaseLost(fence.job.to_string()))
    }

    pub fn renew(&mut self, fence: &Fence, lease: Duration, now: i64) -> bool {
        let Some(job) = self.held(fence) else { return false };
        let due_at = now.saturating_add(micros(lease));
        self.unfinished.put(job.id.clone(), Job { due_at, ..job });
        true
    }

    pub fn release(&mut self, owner: &str, now: i64) -> usize {
        let held = |job: &&Job| job.owner.as_deref() == Some(owner) && job.state == JobState::Running;
        let held: Vec<Job> = self.unfinished().filter(held).cloned().collect();
        let released = held.len();
        for job in held {
            let forgiven = job.forgiven.saturating_add(1);
            let ready = Job { state: JobState::Ready, due_at: now, forgiven, owner: None, ..job };
            self.unfinished.put(ready.id.clone(), ready);
        }
        released
    }

    fn end(&mut self, job: Job, state: JobState, cause: Option<(Cause, &str)>) {
        let (cause, detail) = cause.map(|(cause, detail)| (cause, detail.to_owned())).unzip();
        self.unfinished.remove(&job.id);
        self.ended.put(job.id.clone(), Job { state, owner: None, cause, detail, silent_ends: 0, ..job });
    }

    /// # Errors
    /// [`StoreError::LeaseLost`] where the job belongs to another attempt by now; so with the next three.
    pub fn finish(&mut self, fence: &Fence) -> Result<(), StoreError> {
        let job = self.holding(fence)?;
        self.end(job, JobState::Done, None);
        Ok(())
    }

    /// # Errors
    /// As [`Self::finish`].
    pub fn deadline(&self, fence: &Fence) -> Result<i64, StoreError> {
        self.holding(fence).map(|job| job.deadline)
    }

    /// # Errors
    /// As [`Self::finish`].
    pub fn retry(
        &mut self,
        fence: &Fence,
        after: Duration,
        cause: Cause,
        detail: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        self.wait(fence, after, (cause, detail), now, None)
    }

    /// As [`Self::retry`], behind all that stands in the lane.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn step_aside(
        &mut self,
        fence: &Fence,
        after: Duration,
        cause: Cause,
        detail: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let job = self.holding(fence)?;
        let last = self.last.get(&job.lane).copied().unwrap_or(0).saturating_add(1);
        self.last.put(job.lane, last);
        self.wait(fence, after, (cause, detail), now, Some(last))
    }

    fn wait(
        &mut self,
        fence: &Fence,
        after: Duration,
        (cause, detail): (Cause, &str),
        now: i64,
        position: Option<i64>,
    ) -> Result<(), StoreError> {
        let job = self.holding(fence)?;
        let ready = Job {
            state: JobState::Ready,
            position: position.unwrap_or(job.position),
            due_at: now.saturating_add(micros(after)),
            owner: None,
            cause: Some(cause),
            detail: Some(detail.to_owned()),
            silent_ends: 0,
            ..job
        };
        self.unfinished.put(ready.id.clone(), ready);
        Ok(())
    }

    /// What waits behind a job in its lane.
    pub fn waiting_behind(&self, fence: &Fence) -> Vec<&Job> {
        let Some(held) = self.held(fence) else { return Vec::new() };
        self.unfinished().filter(|job| job.lane == held.lane && job.position > held.position).collect()
    }

    /// # Errors
    /// As [`Self::finish`].
    pub fn hand_back(&mut self, fence: &Fence, now: i64) -> Result<(), StoreError> {
        let job = self.holding(fence)?;
        let forgiven = job.forgiven.saturating_add(1);
        let ready = Job { state: JobState::Ready, due_at: now, forgiven, owner: None, ..job };
        self.unfinished.put(ready.id.clone(), ready);
        Ok(())
    }

    /// Where a platform answers again, calls that waited for that wait no longer.
    pub fn hasten_calls(&mut self, calls: Calls, platform: &PlatformId, causes: &[Cause], now: i64) -> usize {
        let waits = |job: &&Job| {
            job.platform == *platform
                && job.state == JobState::Ready
                && job.due_at > now
                && job.cause.is_some_and(|cause| causes.contains(&cause))
                && calls.include(&job.kind, &job.lane)
        };
        let waiting: Vec<Job> = self.unfinished().filter(waits).cloned().collect();
        let hastened = waiting.len();
        for job in waiting {
            self.unfinished.put(job.id.clone(), Job { due_at: now, ..job });
        }
        hastened
    }

    /// # Errors
    /// As [`Self::finish`].
    pub fn bury(&mut self, fence: &Fence, cause: Cause, detail: &str) -> Result<(), StoreError> {
        let job = self.holding(fence)?;
        self.end(job, JobState::Dead, Some((cause, detail)));
        Ok(())
    }

    pub fn hasten(&mut self, lane: &Lane, deadline: i64, now: i64) -> usize {
        let jobs: Vec<Job> = self.unfinished().filter(|job| job.lane == *lane).cloned().collect();
        let mut hastened = 0;
        for mut job in jobs {
            job.deadline = job.deadline.min(deadline);
            if job.state == JobState::Ready {
                job.due_at = now;
                hastened += 1;
            }
            self.unfinished.put(job.id.clone(), job);
        }
        hastened
    }

    pub fn revive(&mut self, id: &JobId, now: i64) -> Revival {
        let Some(job) = self.find(id).cloned() else { return Revival::Unknown };
        let state = job.state;
        let job = Job { due_at: now, forgiven: job.attempts, ..job };
        match state {
            JobState::Running | JobState::Done => Revival::NotNeeded(state),
            JobState::Ready => {
                self.unfinished.put(id.clone(), job);
                Revival::Hastened
            }
            JobState::Dead => {
                let last = self.last.get(&job.lane).copied().unwrap_or(0).saturating_add(1);
                let position = if self.mutation == Mutation::RevivedInPlace { job.position } else { last };
                self.last.put(job.lane.clone(), last);
                self.ended.remove(id);
                let ready = Job { state: JobState::Ready, position, cause: None, detail: None, ..job };
                self.unfinished.put(id.clone(), ready);
                Revival::Revived
            }
        }
    }

    /// Ends every lease, as the passing of time would.
    pub fn expire_leases(&mut self) {
        let running = self.unfinished().filter(|job| job.state == JobState::Running);
        let running: Vec<Job> = running.cloned().collect();
        for job in running {
            self.unfinished.put(job.id.clone(), Job { due_at: 1, ..job });
        }
    }
}

fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

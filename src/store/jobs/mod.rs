//! Jobs: durable work, claimed under a lease, fenced, and kept with every attempt.
//!
//! A guarantee's jobs form its [`Lane`] and run one after the other in the order in which they were enqueued. A dead job
//! does not hold up those behind it; a job that waits for its next attempt does. Across lanes the earliest deadline
//! goes first. Some jobs are [`Calls`], which wait for a computer that is not ours, and may be paused; the rest is work of
//! this house.

mod batch;
mod calls;
mod claim;
mod conclude;
mod discard;
mod enqueue;
mod history;
mod inspect;
mod lane;
mod page;
mod pulse;
pub mod set_back;
pub mod suspicion;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::StoreError;
use crate::domain::identity::PlatformId;

pub use batch::{Batch, BatchAction, BatchItem, batches, find_batch, insert_batch};
pub use calls::{Calls, hasten_calls};
pub use claim::{Claim, Compartment, Sort, claim, release, renew};
pub use conclude::{bury, deadline, finish, hand_back, note_message, retry, step_aside, waiting_behind};
pub use discard::{DISCARDED, Discard, discard};
pub use enqueue::{Revival, enqueue, enqueue_alone, hasten, revive};
pub use history::{attempts_of, of_guarantee};
pub use inspect::{Attempt, Count, Listing, Record, attempts, counts, find, in_lane, list};
pub use lane::Lane;
pub use page::{Wish, hasten_unanswered, page, unanswered};
pub use pulse::{Pulse, pulses};

const TABLE: &str = "jobs";

/// The condition of the indices over unfinished jobs. A database uses a partial index only where the query says its
/// condition in the same words: without it, queries would read every job that was ever done.
macro_rules! unfinished {
    () => {
        diesel::dsl::sql::<diesel::sql_types::Bool>("state IN ('ready', 'running')")
    };
}
use unfinished;

/// The condition of the index over dead jobs.
macro_rules! dead {
    () => {
        diesel::dsl::sql::<diesel::sql_types::Bool>("state = 'dead'")
    };
}
use dead;

/// The id of a job: a UUID version 7, made by the gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

impl JobId {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn generate() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Waits for its turn or its time.
    Ready,
    /// Leased to a worker.
    Running,
    Done,
    /// Given up; an operator can revive it.
    Dead,
}

impl JobState {
    pub const ALL: [Self; 4] = [Self::Ready, Self::Running, Self::Done, Self::Dead];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    fn named(row: &str, name: &str) -> Result<Self, StoreError> {
        let known = Self::ALL.into_iter().find(|state| state.name() == name);
        known.ok_or_else(|| StoreError::damaged(TABLE, row, format!("unknown state `{name}`")))
    }
}

/// Why an attempt failed, or a job was given up. An operator chooses by it what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The schedule has no further attempt; the detail tells how the last one failed.
    Exhausted,
    /// The other side understood and said no.
    Rejected,
    /// It would fail in the same way each time.
    NotRetryable,
    /// The code panicked.
    Panicked,
    /// The guarantee has moved on, so that the work has lost its purpose.
    Obsolete,
    /// The other side could not be reached, or failed.
    Unreachable,
    /// The other side may or may not have taken it: no answer came in time.
    Unanswered,
    /// Something in this house failed: the database, the archive, the seal.
    Failed,
    /// The job's payload can't be read.
    Unreadable,
    /// Too many workers fell silent over it, one after the other: it may kill the process that runs it.
    Poisoned,
}

impl Cause {
    pub const ALL: [Self; 10] = [
        Self::Exhausted,
        Self::Rejected,
        Self::NotRetryable,
        Self::Panicked,
        Self::Poisoned,
        Self::Obsolete,
        Self::Unreachable,
        Self::Unanswered,
        Self::Failed,
        Self::Unreadable,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Rejected => "rejected",
            Self::NotRetryable => "not-retryable",
            Self::Panicked => "panicked",
            Self::Obsolete => "obsolete",
            Self::Unreachable => "unreachable",
            Self::Unanswered => "unanswered",
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
            Self::Poisoned => "poisoned",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A job that is to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub platform: PlatformId,
    pub lane: Lane,
    pub kind: String,
    /// What the kind's handler reads; sealed when stored.
    pub payload: serde_json::Value,
    /// Jobs with earlier deadlines go first; passing it has no other effect.
    pub deadline: Timestamp,
    /// How long it waits before it is due, by the database's clock.
    pub wait: Duration,
}

/// A worker's right to a job: it ends when another attempt begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    pub job: JobId,
    pub owner: String,
    pub attempt: i64,
}

/// A job under lease. Debug does not show the payload.
#[derive(Clone)]
pub struct ClaimedJob {
    pub id: JobId,
    pub platform: PlatformId,
    pub lane: Lane,
    pub kind: String,
    pub payload: Zeroizing<Vec<u8>>,
    pub deadline: Timestamp,
    pub created_at: Timestamp,
    /// The number of this attempt, from 1.
    pub attempt: i64,
    /// Attempts that count for the schedule, this one included; an operator's revival starts them over.
    pub tries: u32,
    /// Whether an earlier attempt's lease ran out without a word from its worker.
    pub taken_over: bool,
    /// How many attempts before this one ended in a row without a word, where they are many enough to be
    /// [suspicious](suspicion); 0 otherwise.
    pub silent_ends: u32,
    pub fence: Fence,
}

impl ClaimedJob {
    /// The payload as the kind's own type.
    ///
    /// # Errors
    /// When it is of another shape.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_slice(&self.payload)
            .map_err(|error| StoreError::damaged(TABLE, self.id.as_str(), error))
    }
}

impl fmt::Debug for ClaimedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClaimedJob");
        shown.field("id", &self.id).field("kind", &self.kind).field("attempt", &self.attempt);
        shown.finish_non_exhaustive()
    }
}

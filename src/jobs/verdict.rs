//! What does the work of a job, and what it says of its outcome.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::schedule::Schedule;
use crate::store::jobs::{Cause, ClaimedJob};
use crate::store::{Connection, StoreError};

/// What a finished job changes, written in the transaction that ends it: both happen or neither does. It may be run
/// more than once, and only the last run counts.
pub type Effect = Box<dyn Fn(&mut Connection) -> Result<(), StoreError> + Send + Sync>;

/// Does the work of jobs.
pub trait Handler: Send + Sync + 'static {
    /// Does the work once. The same job may be run again after a crash, and even while a run that lost its lease is
    /// being stopped: look first at what was stored, and put the job's id into what is sent.
    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Verdict>;

    /// When this job is tried again after it failed.
    fn schedule(&self, job: &ClaimedJob) -> &Schedule;

    /// Whether a job that is rejected again and again goes to the end of its lane, because of what waits behind it.
    ///
    /// # Errors
    /// When the database fails, or the lease was lost.
    fn steps_aside(&self, _: &mut Connection, _: &ClaimedJob) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// What else is written where a job is given up, in the same transaction.
    ///
    /// # Errors
    /// When the database fails.
    fn buried(&self, _: &mut Connection, _: &ClaimedJob, _: Cause) -> Result<(), StoreError> {
        Ok(())
    }
}

/// How an attempt went.
pub enum Verdict {
    Done(Effect),
    /// Try again by the job's schedule, or after the given time where the other side asked for one.
    Retry {
        cause: Cause,
        detail: String,
        after: Option<Duration>,
    },
    /// Nothing failed, but the work may not go on now: the job is due again at once, and the attempt does not count.
    HandBack,
    /// Another attempt would not help.
    Dead {
        cause: Cause,
        detail: String,
    },
}

impl Verdict {
    /// Done, with nothing to write.
    pub fn done() -> Self {
        Self::Done(Box::new(|_| Ok(())))
    }

    /// Done, with an effect to write.
    pub fn writing(
        effect: impl Fn(&mut Connection) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self::Done(Box::new(effect))
    }

    pub fn retry(cause: Cause, detail: impl Into<String>) -> Self {
        Self::Retry { cause, detail: detail.into(), after: None }
    }

    pub fn dead(cause: Cause, detail: impl Into<String>) -> Self {
        Self::Dead { cause, detail: detail.into() }
    }

    /// Whether the other side said something that it can be known by; None where the attempt ended for another reason.
    pub fn is_answered(&self) -> Option<bool> {
        match self {
            Self::Done(_) | Self::Retry { cause: Cause::Rejected, .. } => Some(true),
            Self::Retry { cause: Cause::Unreachable | Cause::Unanswered, .. } => Some(false),
            Self::Retry { .. } | Self::HandBack | Self::Dead { .. } => None,
        }
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(_) => f.write_str("Done"),
            Self::Retry { cause, detail, after } => write!(f, "Retry({cause}: {detail}, {after:?})"),
            Self::HandBack => f.write_str("HandBack"),
            Self::Dead { cause, detail } => write!(f, "Dead({cause}: {detail})"),
        }
    }
}

/// What became of an attempt, as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Retry {
        cause: Cause,
        detail: String,
        after: Duration,
    },
    /// Rejected again and again: it will be tried again behind what waited for it.
    SteppedAside {
        detail: String,
        after: Duration,
    },
    /// Ended before its end, and due again at once.
    HandedBack,
    Dead {
        cause: Cause,
        detail: String,
    },
    /// The lease ended before the work did; another attempt owns the job, and this one wrote nothing.
    LeaseLost,
    /// The outcome could not be written while the lease lasted; the job runs again when it ends.
    Unwritten(StoreError),
}

impl Outcome {
    /// The stable name, as a metric's label.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retry { .. } => "retry",
            Self::SteppedAside { .. } => "stepped-aside",
            Self::HandedBack => "handed-back",
            Self::Dead { .. } => "dead",
            Self::LeaseLost => "lease-lost",
            Self::Unwritten(_) => "unwritten",
        }
    }
}

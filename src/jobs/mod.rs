//! Durable work: the worker that claims jobs, the schedules of their attempts, and what each kind of job does.
//!
//! A job is enqueued in the transaction that causes it ([`store::jobs::enqueue`](crate::store::jobs::enqueue)), claimed
//! under a lease, and concluded behind a fence. It runs **at least once**: a worker that dies or loses its lease may have
//! done its work already, so a [`Handler`] looks first at what an earlier attempt has stored.

pub mod breaker;
pub mod callback;
pub mod desk;
mod evidence;
pub mod letters;
pub mod observer;
pub mod options;
pub mod reach;
pub mod rounds;
pub mod schedule;
pub mod verdict;
pub mod watch;
pub mod worker;

mod alarm;
mod attempt;
mod breakers;
mod consult;
mod letter_data;
mod notify;
mod remind;
mod suspicion;
mod timekeeper;
mod upload;

pub use crate::store::jobs::{Cause, ClaimedJob, Fence, JobId, Lane, NewJob};
pub use breaker::{Breaker, BreakerOptions};
pub use callback::{CallbackOptions, CoreSystem};
pub use desk::Desk;
pub use notify::cause_of;
pub use observer::{Observer, Silent};
pub use options::{JobOptions, RoundOptions};
pub use reach::Reach;
pub use schedule::Schedule;
pub use verdict::{Effect, Handler, Outcome, Verdict};
pub use worker::{Share, Step, Worker, WorkerHandle, WorkerOptions};

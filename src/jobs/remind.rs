//! Telling people that the core system has not answered a question in time.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use super::desk::{Assignment, Desk};
use super::verdict::Verdict;
use crate::casework::{Task, callback, task};
use crate::domain::Guarantee;
use crate::domain::decision::Question;
use crate::store::StoreError;
use crate::store::jobs::{self, ClaimedJob, JobState, Listing, NewJob};

/// The job that looks after a while whether the question is still open.
///
/// # Errors
/// When the task can't be written as JSON, which it can.
pub(super) fn job(
    guarantee: &Guarantee,
    question: Question,
    answer_within: Duration,
    at: Timestamp,
) -> Result<NewJob, StoreError> {
    // A lane for each question, so that a reminder is behind those of the same question and no others.
    let lane = format!("reminders-{}", question.name());
    task::beside(guarantee, &lane, &Task::Remind { question }, answer_within, at)
}

pub(super) async fn run(
    desk: &Desk,
    assignment: Assignment,
    job: &ClaimedJob,
    question: Question,
) -> anyhow::Result<Verdict> {
    let guarantee = assignment.guarantee;
    if !question.is_open(&guarantee) {
        return Ok(Verdict::done());
    }
    let listing = Listing { state: JobState::Ready, platform: None, lane: Some(job.lane.clone()), limit: 1 };
    let behind = desk.store.read(move |c| jobs::list(c, &listing)).await.context("reading the lane")?;
    // The application was replaced, or the question put anew: it has a time of its own.
    if !behind.is_empty() {
        return Ok(Verdict::done());
    }
    desk.metrics.alarm("decision-overdue");
    let application = &guarantee.application.number;
    tracing::error!(guarantee.id = %guarantee.id, %application, question = question.name(), "the core system has not answered in time; `baohan decide` records what people decide");
    let (wanted, id, at) = (desk.platforms.callbacks().clone(), guarantee.id, desk.clock.now());
    Ok(Verdict::writing(move |connection| callback::tell_of_overdue(connection, &wanted, &id, question, at)))
}

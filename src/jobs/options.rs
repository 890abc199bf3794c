//! The sections `[jobs]` and `[rounds]` of the settings.

use std::time::Duration;

use serde::Deserialize;

use super::breaker::BreakerOptions;
use super::schedule::Schedule;
use super::worker::WorkerOptions;
use crate::casework::{Task, task};
use crate::store::jobs::ClaimedJob;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobOptions {
    pub worker: WorkerOptions,
    /// When platforms that do not answer are left in peace.
    pub breaker: BreakerOptions,
    /// When ordinary work is tried again.
    pub ordinary: Schedule,
    /// When the work of an opening is tried again.
    pub restorations: Schedule,
    /// When a round that failed is tried again.
    pub rounds: Schedule,
    /// When people are told again of an alarm, over a channel that did not take it.
    pub alarms: Schedule,
    /// How long a platform may give no answer, over at least three attempts, before it counts as unreachable.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub unreachable_after: Duration,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            worker: WorkerOptions::default(),
            breaker: BreakerOptions::default(),
            ordinary: Schedule::for_notices(),
            restorations: Schedule::for_restorations(),
            rounds: Schedule::for_rounds(),
            alarms: Schedule::for_alarms(),
            unreachable_after: Duration::from_secs(60),
        }
    }
}

impl JobOptions {
    /// When a job for a platform is tried again. Whatever became due by an opening, or stands in its way, is tried by the
    /// opening's schedule.
    pub fn schedule(&self, job: &ClaimedJob) -> &Schedule {
        if job.kind == Task::ALARM {
            &self.alarms
        } else if job.lane.round().is_some() {
            &self.rounds
        } else if task::is_urgent(job.created_at, job.deadline) {
            &self.restorations
        } else {
            &self.ordinary
        }
    }
}

/// How long after one turn of a round the next one is due.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoundOptions {
    /// Of ending guarantees whose last day is over.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub expiry: Duration,
    /// Of asking platforms for abnormal tender sections.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub abnormal_sections: Duration,
}

impl Default for RoundOptions {
    fn default() -> Self {
        Self { expiry: Duration::from_secs(3600), abnormal_sections: Duration::from_secs(600) }
    }
}

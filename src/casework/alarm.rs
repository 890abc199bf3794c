//! Telling people of an alarm: one job for each channel, in the transaction that makes it news.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::task::{self, Task};
use crate::domain::identity::PlatformId;
use crate::store::jobs::{self, JobId, Lane};
use crate::store::{Connection, StoreError};

/// What stands in a job's column for the platform, where the job tells people of an alarm. No platform has this id.
pub const ALARMS: &str = "alarms";

/// What is new of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmNews {
    Raised,
    /// It is still open.
    Reminder,
    /// Nobody has acknowledged it in time.
    Escalated,
    Recovered,
}

/// Enqueues a message. Those of one alarm over one channel arrive in their order; a channel that is away holds up no other
/// and no work for platforms.
///
/// # Errors
/// When the database fails.
pub fn tell(
    connection: &mut Connection,
    channel: &str,
    alarm: &str,
    news: AlarmNews,
    at: Timestamp,
) -> Result<JobId, StoreError> {
    let lane = Lane::of_house(&format!("{ALARMS}/{channel}/{alarm}"));
    let task = Task::Alarm { channel: channel.to_owned(), alarm: alarm.to_owned(), news };
    let job = task::job(&PlatformId::new(ALARMS), lane, &task, None, Duration::ZERO, at)?;
    jobs::enqueue(connection, &job)
}

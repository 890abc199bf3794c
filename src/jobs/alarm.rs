//! Telling people of an alarm, over one channel.

use super::desk::Desk;
use super::verdict::Verdict;
use crate::alarms::NotTaken;
use crate::casework::AlarmNews;
use crate::store::alarms;
use crate::store::jobs::{Cause, ClaimedJob};

pub(super) async fn run(
    desk: &Desk,
    job: &ClaimedJob,
    channel: &str,
    id: String,
    news: AlarmNews,
) -> anyhow::Result<Verdict> {
    let Some(alarm) = desk.store.read(move |connection| alarms::find(connection, &id)).await? else {
        return Ok(Verdict::dead(Cause::NotRetryable, "the alarm is not stored any more"));
    };
    Ok(match desk.herald.tell(channel, job.id.as_str(), &alarm, news).await {
        Ok(()) => Verdict::done(),
        Err(error @ NotTaken::NoSuchChannel) => Verdict::dead(Cause::NotRetryable, error.to_string()),
        Err(error @ NotTaken::Unreachable(_)) => Verdict::retry(Cause::Unreachable, error.to_string()),
        Err(error @ NotTaken::Rejected(_)) => Verdict::retry(Cause::Rejected, error.to_string()),
    })
}

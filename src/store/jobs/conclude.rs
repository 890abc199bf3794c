//! How an attempt ends. Each ending is fenced: a worker whose lease was lost writes nothing.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{Cause, Fence, JobState, TABLE, unfinished};
use crate::store::connection::{Connection, Link, on};
use crate::store::error::StoreError;
use crate::store::schema::{attempts, jobs};
use crate::store::time::{from_micros, length_in_micros};

/// The job, as long as this attempt holds it.
macro_rules! held {
    ($fence:expr) => {{
        use $crate::store::schema::jobs;
        let fence: &$crate::store::jobs::Fence = $fence;
        jobs::table
            .filter(jobs::id.eq(fence.job.as_str()).and(jobs::lease_owner.eq(fence.owner.as_str())))
            .filter(jobs::attempts.eq(fence.attempt).and(jobs::state.eq("running")))
    }};
}
pub(super) use held;

/// Ends a job well. The effects of the work belong in the same transaction, after this.
///
/// # Errors
/// [`StoreError::LeaseLost`] where the job belongs to another attempt by now.
pub fn finish(connection: &mut Connection, fence: &Fence) -> Result<(), StoreError> {
    let now = connection.fragments().now;
    let done = (
        jobs::state.eq(JobState::Done.name()),
        jobs::finished_at.eq(sql::<Nullable<BigInt>>(now)),
        jobs::lease_owner.eq(None::<String>),
        jobs::cause.eq(None::<String>),
        jobs::detail.eq(None::<String>),
    );
    let changed = on!(connection, |link| diesel::update(held!(fence)).set(done).execute(link))?;
    still_held(changed, fence)?;
    end_attempt(connection, fence, "done", None)?;
    connection.work_is_ready = true;
    Ok(())
}

/// The job's present deadline, which may have come closer since it was claimed. On PostgreSQL the row stays locked until
/// the transaction ends: an opening comes before this, and is seen, or after what this transaction writes, and changes it.
///
/// # Errors
/// [`StoreError::LeaseLost`] where the job belongs to another attempt by now.
pub fn deadline(connection: &mut Connection, fence: &Fence) -> Result<Timestamp, StoreError> {
    let held = held!(fence).select(jobs::deadline);
    let found: Option<i64> = match &mut connection.link {
        // Its transactions that write follow one another.
        Link::Sqlite(link) => held.get_result(link).optional(),
        #[cfg(feature = "postgres")]
        Link::Postgres(link) => held.for_update().get_result(link).optional(),
    }?;
    let micros = found.ok_or_else(|| StoreError::LeaseLost(fence.job.to_string()))?;
    from_micros(TABLE, fence.job.as_str(), micros)
}

/// Plans the next attempt.
///
/// # Errors
/// [`StoreError::LeaseLost`] where the job belongs to another attempt by now.
pub fn retry(
    connection: &mut Connection,
    fence: &Fence,
    after: Duration,
    cause: Cause,
    detail: &str,
) -> Result<(), StoreError> {
    wait(connection, fence, after, (cause, detail), "retry")
}

/// Plans the next attempt as [`retry`] does, behind all that stands in the job's lane: what waited for it goes first.
///
/// # Errors
/// [`StoreError::LeaseLost`] where the job belongs to another attempt by now;
/// [`Constraint::LanePosition`](crate::store::Constraint::LanePosition) where another job takes the same place.
pub fn step_aside(
    connection: &mut Connection,
    fence: &Fence,
    after: Duration,
    cause: Cause,
    detail: &str,
) -> Result<(), StoreError> {
    let (lane, _) = place(connection, fence)?;
    let last = jobs::table.filter(jobs::lane.eq(lane)).select(diesel::dsl::max(jobs::position));
    let last: Option<i64> = on!(connection, |link| last.first(link))?;
    let behind_all = jobs::position.eq(last.unwrap_or(0).saturating_add(1));
    let changed = on!(connection, |link| diesel::update(held!(fence)).set(behind_all).execute(link))?;
    still_held(changed, fence)?;
    wait(connection, fence, after, (cause, detail), "stepped-aside")?;
    connection.work_is_ready = true;
    Ok(())
}

/// Ends an attempt under the name of its outcome; the next one is due after so long.
fn wait(
    connection: &mut Connection,
    fence: &Fence,
    after: Duration,
    (cause, detail): (Cause, &str),
    outcome: &str,
) -> Result<(), StoreError> {
    let due_at = format!("{} + {}", connection.fragments().now, length_in_micros(after));
    let ready = (
        jobs::state.eq(JobState::Ready.name()),
        jobs::due_at.eq(sql::<BigInt>(&due_at)),
        jobs::lease_owner.eq(None::<String>),
        jobs::cause.eq(Some(cause.name())),
        jobs::detail.eq(Some(detail)),
    );
    let changed = on!(connection, |link| diesel::update(held!(fence)).set(ready).execute(link))?;
    still_held(changed, fence)?;
    end_attempt(connection, fence, outcome, Some(&format!("{cause}: {detail}")))
}

/// What waits behind a job in its lane, the next first; without what can't be read, which is buried when its turn comes.
///
/// # Errors
/// [`StoreError::LeaseLost`] where the job belongs to another attempt by now.
pub fn waiting_behind<T: DeserializeOwned>(
    connection: &mut Connection,
    fence: &Fence,
) -> Result<Vec<T>, StoreError> {
    let (lane, position) = place(connection, fence)?;
    let behind =
        jobs::table.filter(unfinished!()).filter(jobs::lane.eq(lane).and(jobs::position.gt(position)));
    let behind = behind.order(jobs::position).select((jobs::id, jobs::payload));
    let rows: Vec<(String, Vec<u8>)> = on!(connection, |link| behind.load(link))?;
    let readable = rows.into_iter().filter_map(|(id, payload)| {
        let payload = connection.unseal(TABLE, &id, "payload", &payload).ok()?;
        serde_json::from_slice(&payload).ok()
    });
    Ok(readable.collect())
}

/// The lane of a job that is held, and its place in it.
fn place(connection: &mut Connection, fence: &Fence) -> Result<(String, i64), StoreError> {
    let place = held!(fence).select((jobs::lane, jobs::position));
    let found = on!(connection, |link| place.first(link).optional())?;
    found.ok_or_else(|| StoreError::LeaseLost(fence.job.to_string()))
}

/// Hands the job back before it is done: due now, and the attempt does not count.
///
/// # Errors
/// [`StoreError::LeaseLost`] where the job belongs to another attempt by now.
pub fn hand_back(connection: &mut Connection, fence: &Fence) -> Result<(), StoreError> {
    let now = connection.fragments().now;
    let ready = (
        jobs::state.eq(JobState::Ready.name()),
        jobs::due_at.eq(sql::<BigInt>(now)),
        jobs::forgiven.eq(jobs::forgiven + 1),
        jobs::lease_owner.eq(None::<String>),
    );
    let changed = on!(connection, |link| diesel::update(held!(fence)).set(ready).execute(link))?;
    still_held(changed, fence)?;
    end_attempt(connection, fence, "released", None)?;
    connection.work_is_ready = true;
    Ok(())
}

/// Gives the job up. It stays, with its cause, until an operator revives it; the jobs behind it go on.
///
/// # Errors
/// [`StoreError::LeaseLost`] where the job belongs to another attempt by now.
pub fn bury(
    connection: &mut Connection,
    fence: &Fence,
    cause: Cause,
    detail: &str,
) -> Result<(), StoreError> {
    let now = connection.fragments().now;
    let dead = (
        jobs::state.eq(JobState::Dead.name()),
        jobs::finished_at.eq(sql::<Nullable<BigInt>>(now)),
        jobs::lease_owner.eq(None::<String>),
        jobs::cause.eq(Some(cause.name())),
        jobs::detail.eq(Some(detail)),
    );
    let changed = on!(connection, |link| diesel::update(held!(fence)).set(dead).execute(link))?;
    still_held(changed, fence)?;
    end_attempt(connection, fence, "dead", Some(&format!("{cause}: {detail}")))?;
    connection.work_is_ready = true;
    Ok(())
}

/// Notes which message an attempt sent.
///
/// # Errors
/// When the database fails.
pub fn note_message(connection: &mut Connection, fence: &Fence, message: &str) -> Result<(), StoreError> {
    let attempt = attempts::table.find((fence.job.as_str(), fence.attempt));
    let noted = attempts::message_id.eq(Some(message));
    on!(connection, |link| diesel::update(attempt).set(noted).execute(link))?;
    Ok(())
}

fn still_held(changed: usize, fence: &Fence) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::LeaseLost(fence.job.to_string())) }
}

fn end_attempt(
    connection: &mut Connection,
    fence: &Fence,
    outcome: &str,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    let now = connection.fragments().now;
    let attempt = attempts::table.find((fence.job.as_str(), fence.attempt));
    let ended = (
        attempts::ended_at.eq(sql::<Nullable<BigInt>>(now)),
        attempts::outcome.eq(outcome),
        attempts::detail.eq(detail),
    );
    on!(connection, |link| diesel::update(attempt).set(ended).execute(link))?;
    Ok(())
}

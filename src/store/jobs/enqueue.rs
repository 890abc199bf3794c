//! How jobs become ready: enqueued, hastened, or brought back to life.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};
use jiff::Timestamp;

use super::{JobId, JobState, Lane, NewJob, TABLE, unfinished};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::jobs::{self, dsl};
use crate::store::time::{length_in_micros, to_micros};

/// Puts a job at the end of its lane, in the same transaction as what caused it; workers are told after the commit.
///
/// # Errors
/// [`Constraint::LanePosition`](crate::store::Constraint::LanePosition) where somebody else puts one there at the
/// same time.
pub fn enqueue(connection: &mut Connection, job: &NewJob) -> Result<JobId, StoreError> {
    insert(connection, job, "").map(|(id, _)| id)
}

/// Puts a job in its lane where nothing of the lane is unfinished; None where something is. However many do so at
/// once, one job comes of it: the others fail as in [`enqueue`] and find it when they try again.
///
/// # Errors
/// As [`enqueue`].
pub fn enqueue_alone(connection: &mut Connection, job: &NewJob) -> Result<Option<JobId>, StoreError> {
    let condition =
        " WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE lane = $3 AND state IN ('ready', 'running'))";
    let (id, inserted) = insert(connection, job, condition)?;
    Ok((inserted == 1).then_some(id))
}

/// One statement, so that condition and place are judged by one state of the database.
fn insert(connection: &mut Connection, job: &NewJob, condition: &str) -> Result<(JobId, usize), StoreError> {
    let id = JobId::generate();
    let payload = serde_json::to_vec(&job.payload).map(zeroize::Zeroizing::new);
    let payload = payload.map_err(|error| StoreError::damaged(TABLE, id.as_str(), error))?;
    let payload = connection.seal(TABLE, id.as_str(), "payload", &payload);
    let now = connection.fragments().now;
    // SQLite numbers parameters in the order in which they first appear.
    let statement = format!(
        "INSERT INTO jobs (id, platform, lane, kind, payload, due_at, deadline, \
                           position, state, attempts, forgiven, created_at) \
         SELECT $1, $2, $3, $4, $5, {now} + $6, $7, \
                COALESCE((SELECT MAX(position) FROM jobs WHERE lane = $3), 0) + 1, 'ready', 0, 0, {now}{condition}"
    );
    let inserted = on!(connection, |link| sql_query(statement)
        .bind::<Text, _>(id.as_str())
        .bind::<Text, _>(job.platform.as_str())
        .bind::<Text, _>(job.lane.as_str())
        .bind::<Text, _>(&job.kind)
        .bind::<Binary, _>(payload)
        .bind::<BigInt, _>(length_in_micros(job.wait))
        .bind::<BigInt, _>(to_micros(job.deadline))
        .execute(link))?;
    connection.work_is_ready |= inserted > 0;
    Ok((id, inserted))
}

/// Makes a lane urgent, and counts its jobs that are due now because of it: at the opening nothing waits for an old
/// back-off. What is unfinished takes the deadline over where its own is later, because a restoration can't be sooner
/// than what stands before it in its lane; a job that runs keeps its lease.
///
/// # Errors
/// When the database fails.
pub fn hasten(connection: &mut Connection, lane: &Lane, deadline: Timestamp) -> Result<usize, StoreError> {
    let now = connection.fragments().now;
    let relaxed = jobs::table.filter(dsl::lane.eq(lane.as_str()).and(dsl::deadline.gt(to_micros(deadline))));
    let pressed = dsl::deadline.eq(to_micros(deadline));
    on!(connection, |link| diesel::update(relaxed.filter(unfinished!())).set(pressed).execute(link))?;
    let waiting = jobs::table.filter(dsl::lane.eq(lane.as_str()).and(dsl::state.eq("ready")));
    let due_now = dsl::due_at.eq(sql::<BigInt>(now));
    let hastened = on!(connection, |link| diesel::update(waiting).set(due_now).execute(link))?;
    connection.work_is_ready |= hastened > 0;
    Ok(hastened)
}

/// What became of a wish to revive a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revival {
    /// It was dead and is ready again, at the end of its lane.
    Revived,
    /// It waited for a later attempt and is due now.
    Hastened,
    /// It runs or is done: nothing to do.
    NotNeeded(JobState),
    Unknown,
}

/// Gives a dead job a fresh schedule, or a waiting one its next attempt now.
///
/// A dead job goes to the end of its lane. In its old place it could meet a job of the lane that a worker is about to
/// claim, and two jobs of a lane would run together.
///
/// # Errors
/// When the database fails.
pub fn revive(connection: &mut Connection, id: &JobId) -> Result<Revival, StoreError> {
    let query = jobs::table.find(id.as_str()).select((dsl::state, dsl::lane));
    let found: Option<(String, String)> = on!(connection, |link| query.first(link).optional())?;
    let Some((state, lane)) = found else { return Ok(Revival::Unknown) };
    let state = JobState::named(id.as_str(), &state)?;
    let now = connection.fragments().now;
    let due_now = (dsl::due_at.eq(sql::<BigInt>(now)), dsl::forgiven.eq(dsl::attempts));
    let unchanged = jobs::table.find(id.as_str()).filter(dsl::state.eq(state.name()));
    let (changed, revival) = match state {
        JobState::Running | JobState::Done => return Ok(Revival::NotNeeded(state)),
        JobState::Ready => {
            (on!(connection, |link| diesel::update(unchanged).set(due_now).execute(link))?, Revival::Hastened)
        }
        JobState::Dead => {
            let last = jobs::table.filter(dsl::lane.eq(&lane)).select(diesel::dsl::max(dsl::position));
            let last: Option<i64> = on!(connection, |link| last.first(link))?;
            let ready = (
                due_now,
                dsl::position.eq(last.unwrap_or(0).saturating_add(1)),
                dsl::state.eq(JobState::Ready.name()),
                dsl::finished_at.eq(None::<i64>),
                dsl::cause.eq(None::<String>),
                dsl::detail.eq(None::<String>),
            );
            (on!(connection, |link| diesel::update(unchanged).set(ready).execute(link))?, Revival::Revived)
        }
    };
    if changed == 0 {
        return Err(StoreError::Conflict);
    }
    connection.work_is_ready = true;
    Ok(revival)
}

//! What operators and metrics see of jobs.

use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{Cause, JobId, JobState, Lane, TABLE, dead, unfinished};
use crate::domain::identity::PlatformId;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::attempts as attempt_rows;
use crate::store::schema::jobs::{self, dsl};
use crate::store::time::{from_micros, optional_from_micros};

/// A job without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub id: JobId,
    pub platform: PlatformId,
    pub lane: Lane,
    pub position: i64,
    pub kind: String,
    pub state: JobState,
    /// When the next attempt may begin; while the job runs, the end of its lease.
    pub due_at: Timestamp,
    pub deadline: Timestamp,
    pub attempts: i64,
    pub created_at: Timestamp,
    /// When the job was done or given up.
    pub finished_at: Option<Timestamp>,
    /// Of the last attempt that failed; see [`Cause::name`](super::Cause::name).
    pub cause: Option<String>,
    pub detail: Option<String>,
}

/// One lease of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub number: i64,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// `running`, `done`, `retry`, `stepped-aside`, `dead`, `released` or `lease-expired`.
    pub outcome: String,
    pub detail: Option<String>,
    /// The message that it sent, where it sent one.
    pub message: Option<String>,
}

/// How many jobs of a kind are unfinished or dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub platform: PlatformId,
    pub kind: String,
    pub state: JobState,
    pub count: u64,
    /// When the oldest of them was created.
    pub oldest: Timestamp,
    /// When the first of them was or will be due; while it runs, the end of its lease.
    pub first_due: Timestamp,
}

/// Which jobs to list, oldest first.
#[derive(Clone, Debug)]
pub struct Listing {
    pub state: JobState,
    pub platform: Option<PlatformId>,
    pub lane: Option<Lane>,
    pub limit: u32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub(super) struct Row {
    id: String,
    platform: String,
    lane: String,
    position: i64,
    kind: String,
    state: String,
    due_at: i64,
    deadline: i64,
    attempts: i64,
    created_at: i64,
    finished_at: Option<i64>,
    cause: Option<String>,
    detail: Option<String>,
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, id: &JobId) -> Result<Option<Record>, StoreError> {
    let query = jobs::table.find(id.as_str());
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(record_of).transpose()
}

/// # Errors
/// When the database fails or a row can't be read.
pub fn list(connection: &mut Connection, listing: &Listing) -> Result<Vec<Record>, StoreError> {
    let rows: Vec<Row> = on!(connection, |link| {
        let mut query = jobs::table.filter(dsl::state.eq(listing.state.name())).into_boxed();
        query = match listing.state {
            // Ids count upwards with time, and most jobs are done: the first rows of the key will do.
            JobState::Done => query.order(dsl::id),
            // Ordering by the key alone would make SQLite read the whole table along it.
            JobState::Ready | JobState::Running => {
                query.filter(unfinished!()).order((dsl::created_at, dsl::id))
            }
            JobState::Dead => query.filter(dead!()).order((dsl::created_at, dsl::id)),
        };
        if let Some(platform) = &listing.platform {
            query = query.filter(dsl::platform.eq(platform.as_str()));
        }
        if let Some(lane) = &listing.lane {
            query = query.filter(dsl::lane.eq(lane.as_str()));
        }
        query.select(Row::as_select()).limit(i64::from(listing.limit)).load(link)
    })?;
    rows.into_iter().map(record_of).collect()
}

/// All jobs of a lane in the order in which they run, those that are done included.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn in_lane(connection: &mut Connection, lane: &Lane) -> Result<Vec<Record>, StoreError> {
    let query = jobs::table.filter(dsl::lane.eq(lane.as_str())).order(dsl::position);
    let rows: Vec<Row> = on!(connection, |link| query.select(Row::as_select()).load(link))?;
    rows.into_iter().map(record_of).collect()
}

/// Counts what is unfinished or dead; what is done is not counted, because it grows for ever, and neither is what has lost
/// its purpose, because nobody has to act on it.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn counts(connection: &mut Connection) -> Result<Vec<Count>, StoreError> {
    let grouped = || {
        let query = jobs::table.group_by((dsl::platform, dsl::kind, dsl::state));
        let sums = (count_star(), min(dsl::created_at), min(dsl::due_at));
        let query = query.select((dsl::platform, dsl::kind, dsl::state, sums));
        query.order((dsl::platform, dsl::kind, dsl::state))
    };
    let mut rows: Vec<(String, String, String, Sums)> =
        on!(connection, |link| grouped().filter(unfinished!()).load(link))?;
    let has_purpose = || dsl::cause.is_null().or(dsl::cause.ne(Cause::Obsolete.name()));
    rows.extend(on!(connection, |link| grouped().filter(dead!()).filter(has_purpose()).load(link))?);
    rows.into_iter()
        .map(|(platform, kind, state, (count, oldest, first_due))| {
            Ok(Count {
                oldest: from_micros(TABLE, &kind, oldest.unwrap_or(0))?,
                first_due: from_micros(TABLE, &kind, first_due.unwrap_or(0))?,
                state: JobState::named(&kind, &state)?,
                platform: PlatformId::new(platform),
                kind,
                count: u64::try_from(count).unwrap_or(0),
            })
        })
        .collect()
}

/// How many, the first creation, the first due time.
type Sums = (i64, Option<i64>, Option<i64>);

/// The attempts of a job, the first one first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn attempts(connection: &mut Connection, job: &JobId) -> Result<Vec<Attempt>, StoreError> {
    let query = attempt_rows::table.filter(attempt_rows::job_id.eq(job.as_str()));
    let query = query.order(attempt_rows::number);
    let rows: Vec<AttemptRow> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(|row| attempt_of(row).map(|(_, attempt)| attempt)).collect()
}

pub(super) fn attempt_of(row: AttemptRow) -> Result<(JobId, Attempt), StoreError> {
    let (job, number, started_at, ended_at, outcome, detail, message) = row;
    let attempt = Attempt {
        number,
        started_at: from_micros("attempts", &job, started_at)?,
        ended_at: optional_from_micros("attempts", &job, ended_at)?,
        outcome,
        detail,
        message,
    };
    Ok((JobId::new(job), attempt))
}

pub(super) type AttemptRow = (String, i64, i64, Option<i64>, String, Option<String>, Option<String>);

pub(super) fn record_of(row: Row) -> Result<Record, StoreError> {
    let id = row.id.as_str();
    Ok(Record {
        state: JobState::named(id, &row.state)?,
        due_at: from_micros(TABLE, id, row.due_at)?,
        deadline: from_micros(TABLE, id, row.deadline)?,
        created_at: from_micros(TABLE, id, row.created_at)?,
        finished_at: optional_from_micros(TABLE, id, row.finished_at)?,
        id: JobId::new(row.id),
        platform: PlatformId::new(row.platform),
        lane: Lane::stored(row.lane),
        position: row.position,
        kind: row.kind,
        attempts: row.attempts,
        cause: row.cause,
        detail: row.detail,
    })
}

//! What the core system is told: each with the bytes that every attempt sends. How sending goes is written on its job.

use diesel::prelude::*;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::jobs::{JobId, JobState};
use super::schema::callbacks::{self, dsl};
use super::schema::jobs;
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::domain::identity::{GuaranteeId, PlatformId};

const TABLE: &str = "callbacks";

/// The condition of the index over what is still to be delivered, in the same words.
macro_rules! undelivered {
    () => {
        diesel::dsl::sql::<diesel::sql_types::Bool>("delivered_at IS NULL")
    };
}

/// A callback that is to be sent by a job.
#[derive(Debug)]
pub struct NewCallback<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    /// None where it is about the gateway itself.
    pub platform: Option<&'a PlatformId>,
    pub guarantee: Option<&'a GuaranteeId>,
    pub body: &'a [u8],
    pub job: JobId,
}

/// Where a callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackState {
    /// It is being sent, or waits for its turn or its next attempt.
    Pending,
    Delivered,
    /// It was given up; it can be sent anew.
    Dead,
}

impl CallbackState {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// A callback without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Also the `webhook-id` under which it is sent.
    pub id: String,
    pub kind: String,
    pub platform: Option<PlatformId>,
    pub guarantee: Option<GuaranteeId>,
    /// The job that sends it, or sent it last.
    pub job: JobId,
    pub state: CallbackState,
    pub created_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
    /// Of that job.
    pub attempts: i64,
    /// When the next attempt may begin, where there is to be one.
    pub next_attempt_at: Option<Timestamp>,
    /// Why the last attempt failed, and in which words; empty once it is delivered.
    pub cause: Option<String>,
    pub detail: Option<String>,
}

/// Which callbacks to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub state: Option<CallbackState>,
    /// Any, if empty.
    pub kinds: Vec<String>,
    pub guarantee: Option<GuaranteeId>,
    /// When they came about; the second moment is not included.
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub order: Order,
    /// The last one of the page before.
    pub behind: Option<String>,
    pub limit: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

#[derive(Queryable)]
struct Row {
    id: String,
    kind: String,
    platform: Option<String>,
    guarantee_id: Option<String>,
    job_id: String,
    created_at: i64,
    delivered_at: Option<i64>,
    job: Option<JobRow>,
}

#[derive(Queryable)]
struct JobRow {
    state: String,
    attempts: i64,
    due_at: i64,
    cause: Option<String>,
    detail: Option<String>,
}

/// What is read of a callback and its job.
macro_rules! columns {
    () => {
        (
            dsl::id,
            dsl::kind,
            dsl::platform,
            dsl::guarantee_id,
            dsl::job_id,
            dsl::created_at,
            dsl::delivered_at,
            (jobs::state, jobs::attempts, jobs::due_at, jobs::cause, jobs::detail).nullable(),
        )
    };
}

/// Stores a callback, in the transaction of what it tells.
///
/// # Errors
/// When the database fails.
pub fn insert(connection: &mut Connection, new: &NewCallback<'_>, at: Timestamp) -> Result<(), StoreError> {
    let row = (
        dsl::id.eq(new.id),
        dsl::kind.eq(new.kind),
        dsl::platform.eq(new.platform.map(PlatformId::as_str)),
        dsl::guarantee_id.eq(new.guarantee.map(GuaranteeId::as_str)),
        dsl::body.eq(connection.seal(TABLE, new.id, "body", new.body)),
        dsl::job_id.eq(new.job.as_str()),
        dsl::created_at.eq(to_micros(at)),
    );
    on!(connection, |link| diesel::insert_into(callbacks::table).values(row).execute(link))?;
    Ok(())
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<Record>, StoreError> {
    let query = callbacks::table.left_join(jobs::table.on(jobs::id.eq(dsl::job_id))).filter(dsl::id.eq(id));
    let row: Option<Row> = on!(connection, |link| query.select(columns!()).first(link).optional())?;
    row.map(record_of).transpose()
}

/// The bytes that are sent.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn body(connection: &mut Connection, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let query = callbacks::table.find(id).select(dsl::body);
    let sealed: Option<Vec<u8>> = on!(connection, |link| query.first(link).optional())?;
    sealed.map(|sealed| connection.unseal(TABLE, id, "body", &sealed)).transpose()
}

/// # Errors
/// When the database fails or a row can't be read.
pub fn list(connection: &mut Connection, filter: &Filter) -> Result<Vec<Record>, StoreError> {
    let rows: Vec<Row> = on!(connection, |link| {
        let joined = callbacks::table.left_join(jobs::table.on(jobs::id.eq(dsl::job_id)));
        let mut query = joined.select(columns!()).into_boxed();
        query = match filter.state {
            Some(CallbackState::Delivered) => query.filter(dsl::delivered_at.is_not_null()),
            Some(CallbackState::Pending) => {
                query.filter(undelivered!()).filter(jobs::state.ne(JobState::Dead.name()))
            }
            Some(CallbackState::Dead) => {
                query.filter(undelivered!()).filter(jobs::state.eq(JobState::Dead.name()))
            }
            None => query,
        };
        if !filter.kinds.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kinds));
        }
        if let Some(guarantee) = &filter.guarantee {
            query = query.filter(dsl::guarantee_id.eq(guarantee.as_str()));
        }
        if let Some(from) = filter.from {
            query = query.filter(dsl::created_at.ge(to_micros(from))).filter(dsl::id.ge(first_id(from)));
        }
        if let Some(until) = filter.until {
            query = query.filter(dsl::created_at.lt(to_micros(until)));
        }
        query = match (filter.order, &filter.behind) {
            (Order::NewestFirst, Some(behind)) => query.filter(dsl::id.lt(behind)).order(dsl::id.desc()),
            (Order::NewestFirst, None) => query.order(dsl::id.desc()),
            (Order::OldestFirst, Some(behind)) => query.filter(dsl::id.gt(behind)).order(dsl::id),
            (Order::OldestFirst, None) => query.order(dsl::id),
        };
        query.limit(i64::from(filter.limit)).load(link)
    })?;
    rows.into_iter().map(record_of).collect()
}

/// Notes that the core system has taken it.
///
/// # Errors
/// When the database fails.
pub fn delivered(connection: &mut Connection, id: &str, at: Timestamp) -> Result<(), StoreError> {
    let taken = dsl::delivered_at.eq(Some(to_micros(at)));
    on!(connection, |link| diesel::update(callbacks::table.find(id)).set(taken).execute(link))?;
    Ok(())
}

/// Notes that another job sends it again.
///
/// # Errors
/// When the database fails.
pub fn send_anew(connection: &mut Connection, id: &str, job: &JobId) -> Result<(), StoreError> {
    let anew = (dsl::job_id.eq(job.as_str()), dsl::delivered_at.eq(None::<i64>));
    on!(connection, |link| diesel::update(callbacks::table.find(id)).set(anew).execute(link))?;
    Ok(())
}

/// What every id that is made from this moment on is not below: a UUID of version 7 begins with the time. An hour is
/// allowed for replicas whose clocks differ.
fn first_id(from: Timestamp) -> String {
    let millis = u64::try_from(from.as_millisecond()).unwrap_or(0).saturating_sub(3_600_000);
    let digits = format!("{millis:012x}");
    let (high, low) = digits.split_at_checked(8).unwrap_or((&digits, ""));
    format!("{high}-{low}")
}

fn record_of(row: Row) -> Result<Record, StoreError> {
    let id = row.id.as_str();
    let state = row.job.as_ref().map(|job| job.state.as_str());
    let delivered = row.delivered_at.is_some();
    let state = match state {
        _ if delivered => CallbackState::Delivered,
        Some(state) if state != JobState::Dead.name() => CallbackState::Pending,
        _ => CallbackState::Dead,
    };
    let job = row.job.as_ref();
    let due_at = job.filter(|_| state == CallbackState::Pending).map(|job| job.due_at);
    Ok(Record {
        created_at: from_micros(TABLE, id, row.created_at)?,
        delivered_at: optional_from_micros(TABLE, id, row.delivered_at)?,
        next_attempt_at: optional_from_micros(TABLE, id, due_at)?,
        attempts: job.map_or(0, |job| job.attempts),
        state,
        kind: row.kind,
        platform: row.platform.map(PlatformId::new),
        guarantee: row.guarantee_id.map(GuaranteeId::new),
        job: JobId::new(row.job_id),
        cause: row.job.as_ref().and_then(|job| job.cause.clone()),
        detail: row.job.and_then(|job| job.detail),
        id: row.id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_moment_and_later_are_not_below_its_first() {
        let now: Timestamp = "2026-11-22T01:02:03.004Z".parse().unwrap();
        let id = |at: Timestamp| {
            let millis = u64::try_from(at.as_millisecond()).unwrap();
            let time = uuid::Timestamp::from_unix_time(
                millis / 1000,
                u32::try_from(millis % 1000).unwrap() * 1_000_000,
                0,
                0,
            );
            uuid::Uuid::new_v7(time).to_string()
        };
        assert!(first_id(now) <= id(now));
        let earlier = now.saturating_sub(jiff::SignedDuration::from_secs(3601)).unwrap();
        assert!(first_id(now) > id(earlier));
    }
}

//! Jobs as the core system and operators look through them: page by page, and those of callbacks when their addressee is back.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::inspect::{Row, record_of};
use super::{JobId, JobState, Record, dead, unfinished};
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::jobs::Cause;
use crate::store::schema::jobs::{self, dsl};

/// Which jobs to show.
#[derive(Clone, Debug)]
pub struct Wish {
    pub state: JobState,
    pub platform: Option<PlatformId>,
    pub kind: Option<String>,
    /// In the guarantee's own lane or in one beside it.
    pub guarantee: Option<GuaranteeId>,
    /// Of the last attempt that failed.
    pub cause: Option<String>,
    /// At least so many attempts have been made.
    pub attempts: i64,
    /// The last one of the page before.
    pub behind: Option<JobId>,
    pub limit: u32,
}

/// A page of jobs, in the order of their ids, which is that of their making.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn page(connection: &mut Connection, wish: &Wish) -> Result<Vec<Record>, StoreError> {
    let rows: Vec<Row> = on!(connection, |link| {
        let mut query = jobs::table.filter(dsl::state.eq(wish.state.name())).into_boxed();
        query = match wish.state {
            JobState::Done => query.order(dsl::id),
            // What is unfinished or dead is few; ordering by the key alone would make SQLite read all that is done.
            JobState::Ready | JobState::Running => query.filter(unfinished!()).order(sql::<Text>("id || ''")),
            JobState::Dead => query.filter(dead!()).order(sql::<Text>("id || ''")),
        };
        if let Some(platform) = &wish.platform {
            query = query.filter(dsl::platform.eq(platform.as_str()));
        }
        if let Some(kind) = &wish.kind {
            query = query.filter(dsl::kind.eq(kind));
        }
        if let Some(guarantee) = &wish.guarantee {
            let beside = format!("beside/%/{guarantee}");
            query = query.filter(dsl::lane.eq(guarantee.as_str()).or(dsl::lane.like(beside)));
        }
        if let Some(cause) = &wish.cause {
            query = query.filter(dsl::cause.eq(cause));
        }
        if wish.attempts > 0 {
            query = query.filter(dsl::attempts.ge(wish.attempts));
        }
        if let Some(behind) = &wish.behind {
            query = query.filter(dsl::id.gt(behind.as_str()));
        }
        query.select(Row::as_select()).limit(i64::from(wish.limit)).load(link)
    })?;
    rows.into_iter().map(record_of).collect()
}

/// Jobs of a kind that wait because nobody answered.
macro_rules! unanswered {
    ($kind:expr) => {{
        let causes = [Cause::Unreachable.name(), Cause::Unanswered.name()];
        let waiting =
            jobs::table.filter(unfinished!()).filter(dsl::kind.eq($kind).and(dsl::state.eq("ready")));
        waiting.filter(dsl::cause.eq_any(causes))
    }};
}

/// How many jobs of a kind wait because nobody answered.
///
/// # Errors
/// When the database fails.
pub fn unanswered(connection: &mut Connection, kind: &str) -> Result<u64, StoreError> {
    let waiting: i64 = on!(connection, |link| unanswered!(kind).count().get_result(link))?;
    Ok(u64::try_from(waiting).unwrap_or_default())
}

/// Makes jobs of a kind due that wait because nobody answered; tells how many. For when somebody does again.
///
/// # Errors
/// When the database fails.
pub fn hasten_unanswered(connection: &mut Connection, kind: &str) -> Result<usize, StoreError> {
    let now = connection.fragments().now;
    let waiting = unanswered!(kind).filter(dsl::due_at.gt(sql::<BigInt>(now)));
    let due_now = dsl::due_at.eq(sql::<BigInt>(now));
    let hastened = on!(connection, |link| diesel::update(waiting).set(due_now).execute(link))?;
    connection.work_is_ready |= hastened > 0;
    Ok(hastened)
}

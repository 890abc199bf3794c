//! All work that was ever done for one guarantee.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::inspect::{AttemptRow, Row, attempt_of, record_of};
use super::{Attempt, JobId, Record};
use crate::domain::identity::GuaranteeId;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::attempts;
use crate::store::schema::jobs::{self, dsl};

/// The jobs of a guarantee, in its own lane and in those beside it, in the order of their making.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn of_guarantee(connection: &mut Connection, guarantee: &GuaranteeId) -> Result<Vec<Record>, StoreError> {
    // As the index says it: each of these lanes ends in the guarantee's id.
    let lanes = sql::<Bool>("substr(lane, length(lane) - 35) = ").bind::<Text, _>(guarantee.as_str());
    let query = jobs::table.filter(lanes).order(dsl::id);
    let rows: Vec<Row> = on!(connection, |link| query.select(Row::as_select()).load(link))?;
    let records = rows.into_iter().map(record_of).collect::<Result<Vec<_>, _>>()?;
    Ok(records.into_iter().filter(|record| record.lane.guarantee().as_ref() == Some(guarantee)).collect())
}

/// The attempts of several jobs, the first one first; jobs without any are not there.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn attempts_of(
    connection: &mut Connection,
    jobs: &[JobId],
) -> Result<BTreeMap<JobId, Vec<Attempt>>, StoreError> {
    let mut found: BTreeMap<JobId, Vec<Attempt>> = BTreeMap::new();
    for some in jobs.chunks(AT_ONCE) {
        let query = attempts::table.filter(attempts::job_id.eq_any(some.iter().map(JobId::as_str)));
        let query = query.order((attempts::job_id, attempts::number));
        let rows: Vec<AttemptRow> = on!(connection, |link| query.load(link))?;
        for row in rows {
            let (job, attempt) = attempt_of(row)?;
            found.entry(job).or_default().push(attempt);
        }
    }
    Ok(found)
}

/// A statement has room for so many values, and more.
const AT_ONCE: usize = 500;

//! What was done to several jobs at once, kept with what became of each.

use diesel::prelude::*;
use jiff::Timestamp;

use super::JobId;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::{batch_items, batches as batch_rows};
use crate::store::time::{from_micros, to_micros};

/// What is done to each job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchAction {
    Retry,
    Discard,
}

impl BatchAction {
    pub const ALL: [Self; 2] = [Self::Retry, Self::Discard];

    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub id: String,
    pub action: BatchAction,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

/// What became of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchItem {
    pub job: JobId,
    /// `revived`, `hastened`, `discarded`, `unknown`, or the state in which the job was left alone.
    pub outcome: String,
}

/// # Errors
/// When the database fails.
pub fn insert_batch(
    connection: &mut Connection,
    batch: &Batch,
    items: &[BatchItem],
) -> Result<(), StoreError> {
    let row = (
        batch_rows::id.eq(&batch.id),
        batch_rows::action.eq(batch.action.name()),
        batch_rows::reason.eq(&batch.reason),
        batch_rows::made_by.eq(&batch.by),
        batch_rows::at.eq(to_micros(batch.at)),
    );
    on!(connection, |link| diesel::insert_into(batch_rows::table).values(&row).execute(link))?;
    // A statement has room for so many values on either database.
    for some in items.chunks(1_000) {
        let row = |item: &BatchItem| {
            (
                batch_items::batch_id.eq(batch.id.clone()),
                batch_items::job_id.eq(item.job.as_str().to_owned()),
                batch_items::outcome.eq(item.outcome.clone()),
            )
        };
        let rows: Vec<_> = some.iter().map(row).collect();
        on!(connection, |link| diesel::insert_into(batch_items::table).values(&rows).execute(link))?;
    }
    Ok(())
}

/// A batch with its items, in order of the jobs.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn find_batch(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<(Batch, Vec<BatchItem>)>, StoreError> {
    let query = batch_rows::table.find(id);
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    let Some(row) = row else { return Ok(None) };
    let items = batch_items::table.filter(batch_items::batch_id.eq(id)).order(batch_items::job_id);
    let items = items.select((batch_items::job_id, batch_items::outcome));
    let items: Vec<(String, String)> = on!(connection, |link| items.load(link))?;
    let item = |(job, outcome)| BatchItem { job: JobId::new(job), outcome };
    Ok(Some((batch_of(row)?, items.into_iter().map(item).collect())))
}

/// The latest batches, the last one first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn batches(connection: &mut Connection, limit: u32) -> Result<Vec<Batch>, StoreError> {
    let query = batch_rows::table.order(batch_rows::id.desc()).limit(i64::from(limit));
    let rows: Vec<Row> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(batch_of).collect()
}

type Row = (String, String, String, String, i64);

fn batch_of((id, action, reason, by, at): Row) -> Result<Batch, StoreError> {
    let known = BatchAction::ALL.into_iter().find(|known| known.name() == action);
    let unknown = || StoreError::damaged("batches", &id, format!("unknown action `{action}`"));
    Ok(Batch { action: known.ok_or_else(unknown)?, at: from_micros("batches", &id, at)?, id, reason, by })
}

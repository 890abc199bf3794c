//! What guarantees of earlier versions await. The column is derived from bodies that are sealed, so no migration can fill
//! it: a row that was never written with it holds an empty text, and is read once.

use diesel::prelude::*;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::guarantees::{awaits_of, opened};
use super::schema::guarantees::{self, dsl};

/// Rows per transaction: writers of other replicas wait no longer than one takes.
const BATCH: i64 = 200;

/// What stands in rows that were never written with the column, as the migration has it.
const NEVER_WRITTEN: &str = "";

type Row = (String, i64, Vec<u8>);

impl Connection {
    /// Fills the column where it was never written. Replicas may do so together, and while guarantees change: a row that
    /// somebody has written meanwhile is left as it is.
    pub(super) fn learn_awaited(&mut self) -> Result<(), StoreError> {
        let (mut behind, mut unreadable) = (String::new(), 0_u64);
        loop {
            let rows = never_written_behind(self, &behind)?;
            let Some((last, ..)) = rows.last() else { break };
            behind.clone_from(last);
            self.begin_writing()?;
            unreadable += self.conclude(&|connection| learn(connection, &rows))?;
        }
        if unreadable > 0 {
            tracing::error!(
                unreadable,
                "guarantees can't be read; they are missing from the lists of what waits"
            );
        }
        Ok(())
    }
}

fn never_written_behind(connection: &mut Connection, behind: &str) -> Result<Vec<Row>, StoreError> {
    let never_written = dsl::awaits.is_not_null().and(dsl::awaits.eq(NEVER_WRITTEN));
    let query = guarantees::table.filter(never_written.and(dsl::id.gt(behind))).order(dsl::id);
    let query = query.limit(BATCH).select((dsl::id, dsl::version, dsl::body));
    Ok(on!(connection, |link| query.load(link))?)
}

/// Yields how many of them can't be read; those stay as they are.
fn learn(connection: &mut Connection, rows: &[Row]) -> Result<u64, StoreError> {
    let mut unreadable = 0;
    for row in rows {
        let (id, version, _) = row;
        let Ok(stored) = opened(connection, row.clone()) else {
            unreadable += 1;
            continue;
        };
        let as_read = dsl::id.eq(id).and(dsl::version.eq(version)).and(dsl::awaits.eq(NEVER_WRITTEN));
        let learnt = dsl::awaits.eq(awaits_of(&stored.guarantee));
        let update = diesel::update(guarantees::table.filter(as_read)).set(learnt);
        on!(connection, |link| update.execute(link))?;
    }
    Ok(unreadable)
}

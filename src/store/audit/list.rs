//! The trail as somebody reads it, newest entries first.

use diesel::prelude::*;
use jiff::Timestamp;

use super::row::{ActorKind, Record, Row, record_of};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::audit_entries::{self, dsl};
use crate::store::time::to_micros;

/// Which entries are wanted: all that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub actor_kind: Option<ActorKind>,
    /// The id or the name of whoever acted, in full.
    pub actor: Option<String>,
    /// In full, or up to a dot: `job.` is all that is done to jobs.
    pub action: Option<String>,
    pub subject_kind: Option<String>,
    pub subject: Option<String>,
    pub from: Option<Timestamp>,
    /// The first moment that is too late.
    pub until: Option<Timestamp>,
    /// Only those with smaller numbers: the last one of the page before.
    pub before: Option<i64>,
    pub limit: u32,
}

/// Newest first.
///
/// # Errors
/// When the database fails or an entry can't be read.
pub fn list(connection: &mut Connection, filter: &Filter) -> Result<Vec<Record>, StoreError> {
    let rows: Vec<Row> = on!(connection, |link| {
        let mut query = audit_entries::table.select(Row::as_select()).into_boxed();
        if let Some(kind) = filter.actor_kind {
            query = query.filter(dsl::actor_kind.eq(kind.name()));
        }
        if let Some(actor) = &filter.actor {
            query = query.filter(dsl::actor_id.eq(actor).or(dsl::actor_name.eq(actor)));
        }
        match &filter.action {
            Some(action) if action.ends_with('.') => {
                let pattern = action.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_") + "%";
                query = query.filter(dsl::action.like(pattern).escape('\\'));
            }
            Some(action) => query = query.filter(dsl::action.eq(action)),
            None => {}
        }
        if let Some(kind) = &filter.subject_kind {
            query = query.filter(dsl::subject_kind.eq(kind));
        }
        if let Some(subject) = &filter.subject {
            query = query.filter(dsl::subject_id.eq(subject));
        }
        if let Some(from) = filter.from {
            query = query.filter(dsl::at.ge(to_micros(from)));
        }
        if let Some(until) = filter.until {
            query = query.filter(dsl::at.lt(to_micros(until)));
        }
        // Said also where it excludes nothing: so the newest are found by their numbers, and no table is sorted.
        query = query.filter(dsl::number.lt(filter.before.unwrap_or(i64::MAX)));
        query.order(dsl::number.desc()).limit(i64::from(filter.limit)).load(link)
    })?;
    rows.into_iter().map(|row| record_of(connection, row)).collect()
}

/// # Errors
/// When the database fails or the entry can't be read.
pub fn find(connection: &mut Connection, number: i64) -> Result<Option<Record>, StoreError> {
    let query = audit_entries::table.find(number);
    let row = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(|row| record_of(connection, row)).transpose()
}

//! What the gateway last did with the trail, for people to see: nothing is proven by it.

use diesel::prelude::*;
use jiff::Timestamp;

use super::chain::Head;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::audit_marks;
use crate::store::time::{from_micros, to_micros};

const TABLE: &str = "audit_marks";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The last entry was noted outside of the database.
    Anchored,
    /// The trail was looked through.
    Verified,
}

impl MarkKind {
    fn name(self) -> &'static str {
        match self {
            Self::Anchored => "anchored",
            Self::Verified => "verified",
        }
    }
}

/// When something was done last, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Up to which entry.
    pub number: i64,
    pub mac: String,
    pub at: Timestamp,
    /// Where an anchor went to (`log`, `file`, `log,file`); of a look, `intact` or the name of what is wrong.
    pub outcome: String,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = audit_marks)]
struct Row {
    kind: String,
    number: i64,
    mac: String,
    at: i64,
    outcome: String,
}

/// Notes that something was done.
///
/// # Errors
/// When the database fails; [`StoreError::Duplicate`] where another replica noted the first one of its kind.
pub fn mark(
    connection: &mut Connection,
    kind: MarkKind,
    head: &Head,
    outcome: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = Row {
        kind: kind.name().to_owned(),
        number: head.number,
        mac: hex::encode(head.mac),
        at: to_micros(at),
        outcome: outcome.to_owned(),
    };
    let known = diesel::update(audit_marks::table.find(kind.name())).set(&row);
    if on!(connection, |link| known.execute(link))? == 0 {
        let first = diesel::insert_into(audit_marks::table).values(&row);
        on!(connection, |link| first.execute(link))?;
    }
    Ok(())
}

/// The last one of a kind.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn last_mark(connection: &mut Connection, kind: MarkKind) -> Result<Option<Mark>, StoreError> {
    let query = audit_marks::table.find(kind.name());
    let row = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(|row: Row| {
        let at = from_micros(TABLE, &row.kind, row.at)?;
        Ok(Mark { number: row.number, mac: row.mac, at, outcome: row.outcome })
    })
    .transpose()
}

//! The timelines of guarantees.

use diesel::dsl::max;
use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::events::{self, dsl};
use super::time::{from_micros, to_micros};
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::domain::{Event, Guarantee};

const TABLE: &str = "events";

/// An entry of a timeline; numbers count from 1 without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub guarantee: GuaranteeId,
    pub platform: PlatformId,
    pub number: i64,
    pub at: Timestamp,
    pub event: Event,
}

/// Adds events to the end of a guarantee's timeline; yields the number of the first of them, 0 where there are none.
///
/// # Errors
/// [`Constraint::EventNumber`](super::Constraint::EventNumber) where somebody else adds some at the same time.
pub fn append(
    connection: &mut Connection,
    guarantee: &Guarantee,
    new: &[Event],
    at: Timestamp,
) -> Result<i64, StoreError> {
    if new.is_empty() {
        return Ok(0);
    }
    let id = guarantee.id.as_str();
    let last = events::table.filter(dsl::guarantee_id.eq(id)).select(max(dsl::number));
    let last: Option<i64> = on!(connection, |link| last.first(link))?;
    let first = last.unwrap_or(0).saturating_add(1);
    let mut rows = Vec::with_capacity(new.len());
    for (number, event) in (first..).zip(new) {
        let body = serde_json::to_value(event).map_err(|error| StoreError::damaged(TABLE, id, error))?;
        let kind = body.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        rows.push((
            dsl::id.eq(uuid::Uuid::now_v7().to_string()),
            dsl::guarantee_id.eq(id),
            dsl::platform.eq(guarantee.platform.as_str()),
            dsl::number.eq(number),
            dsl::at.eq(to_micros(at)),
            dsl::kind.eq(kind),
            dsl::body.eq(body.to_string()),
        ));
    }
    on!(connection, |link| diesel::insert_into(events::table).values(&rows).execute(link))?;
    Ok(first)
}

/// # Errors
/// When the database fails or a row can't be read.
pub fn timeline(connection: &mut Connection, guarantee: &GuaranteeId) -> Result<Vec<Entry>, StoreError> {
    let query = events::table.filter(dsl::guarantee_id.eq(guarantee.as_str()));
    let query = query.select((dsl::id, dsl::platform, dsl::number, dsl::at, dsl::body)).order(dsl::number);
    let rows: Vec<(String, String, i64, i64, String)> = on!(connection, |link| query.load(link))?;
    let entry = |(id, platform, number, at, body): (String, String, i64, i64, String)| {
        Ok(Entry {
            guarantee: guarantee.clone(),
            platform: PlatformId::new(platform),
            number,
            at: from_micros(TABLE, &id, at)?,
            event: serde_json::from_str(&body).map_err(|error| StoreError::damaged(TABLE, &id, error))?,
        })
    };
    rows.into_iter().map(entry).collect()
}

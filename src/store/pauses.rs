//! Pauses of platforms: while one is open, nothing is sent to its platform, by any replica. What the platform pushes is
//! accepted all the same, and letters are made.

use diesel::dsl::max;
use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::pauses::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::domain::identity::PlatformId;

const TABLE: &str = "pauses";

/// A pause, open or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub platform: PlatformId,
    pub since: Timestamp,
    /// Who said so, and why.
    pub by: String,
    pub reason: String,
    /// When and by whom it was ended; None while it is open.
    pub resumed: Option<(Timestamp, String)>,
}

type Row = (String, i64, String, String, Option<i64>, Option<String>);

/// The open pauses, in order of their platforms.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn open(connection: &mut Connection) -> Result<Vec<Pause>, StoreError> {
    let query = pauses::table.filter(dsl::resumed_at.is_null()).order(dsl::platform);
    let rows: Vec<Row> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(pause_of).collect()
}

/// The platform's pause that is open.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, platform: &PlatformId) -> Result<Option<Pause>, StoreError> {
    let query = pauses::table.filter(dsl::platform.eq(platform.as_str()).and(dsl::resumed_at.is_null()));
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(pause_of).transpose()
}

/// The platform's latest pause, open or over.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn latest(connection: &mut Connection, platform: &PlatformId) -> Result<Option<Pause>, StoreError> {
    let query = pauses::table.filter(dsl::platform.eq(platform.as_str())).order(dsl::since.desc());
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(pause_of).transpose()
}

/// Begins a pause; yields the one that is open already, where there is one, which stays as it is.
///
/// # Errors
/// When the database fails.
pub fn begin(connection: &mut Connection, pause: &Pause) -> Result<Option<Pause>, StoreError> {
    if let Some(open) = find(connection, &pause.platform)? {
        return Ok(Some(open));
    }
    let earlier = pauses::table.filter(dsl::platform.eq(pause.platform.as_str())).select(max(dsl::since));
    let earlier: Option<i64> = on!(connection, |link| earlier.first(link))?;
    // A clock that was set back makes no two pauses of one instant, nor the latest one an earlier one.
    let since = to_micros(pause.since).max(earlier.map_or(i64::MIN, |earlier| earlier.saturating_add(1)));
    let row = (
        dsl::platform.eq(pause.platform.as_str()),
        dsl::since.eq(since),
        dsl::paused_by.eq(&pause.by),
        dsl::reason.eq(&pause.reason),
    );
    on!(connection, |link| diesel::insert_into(pauses::table).values(row).execute(link))?;
    Ok(None)
}

/// Ends the platform's pause, and yields it; None where none is open.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn end(
    connection: &mut Connection,
    platform: &PlatformId,
    by: &str,
    at: Timestamp,
) -> Result<Option<Pause>, StoreError> {
    let Some(open) = find(connection, platform)? else { return Ok(None) };
    let row =
        pauses::table.find((platform.as_str(), to_micros(open.since))).filter(dsl::resumed_at.is_null());
    let ended = (dsl::resumed_at.eq(Some(to_micros(at))), dsl::resumed_by.eq(Some(by)));
    match on!(connection, |link| diesel::update(row).set(ended).execute(link))? {
        1 => Ok(Some(open)),
        _ => Err(StoreError::Conflict),
    }
}

fn pause_of((platform, since, by, reason, resumed_at, resumed_by): Row) -> Result<Pause, StoreError> {
    let resumed_at = optional_from_micros(TABLE, &platform, resumed_at)?;
    Ok(Pause {
        since: from_micros(TABLE, &platform, since)?,
        platform: PlatformId::new(platform),
        by,
        reason,
        resumed: resumed_at.map(|at| (at, resumed_by.unwrap_or_default())),
    })
}

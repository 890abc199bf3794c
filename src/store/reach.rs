//! Which platforms can't be reached: a row for each that ever was lost, written only when that changes.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::platform_reach::{self, dsl};
use super::time::{from_micros, to_micros};
use crate::domain::identity::PlatformId;

const TABLE: &str = "platform_reach";

/// Since when a platform can't be reached; None where nobody has noted that it can't.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn unreachable_since(
    connection: &mut Connection,
    platform: &PlatformId,
) -> Result<Option<Timestamp>, StoreError> {
    let query = platform_reach::table.find(platform.as_str()).select(dsl::unreachable_since);
    let found: Option<Option<i64>> = on!(connection, |link| query.first(link).optional())?;
    found.flatten().map(|since| from_micros(TABLE, platform.as_str(), since)).transpose()
}

/// The platforms that can't be reached, each with since when.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn unreachable(connection: &mut Connection) -> Result<Vec<(PlatformId, Timestamp)>, StoreError> {
    let query = platform_reach::table.select((dsl::platform, dsl::unreachable_since)).order(dsl::platform);
    let rows: Vec<(String, Option<i64>)> = on!(connection, |link| query.load(link))?;
    let lost = rows.into_iter().filter_map(|(platform, since)| Some((platform, since?)));
    lost.map(|(platform, since)| {
        let since = from_micros(TABLE, &platform, since)?;
        Ok((PlatformId::new(platform), since))
    })
    .collect()
}

/// Notes that a platform can't be reached; tells whether that is news. Of several processes that note it together, it is
/// news to one.
///
/// # Errors
/// When the database fails.
pub fn note_lost(
    connection: &mut Connection,
    platform: &PlatformId,
    since: Timestamp,
    at: Timestamp,
) -> Result<bool, StoreError> {
    if unreachable_since(connection, platform)?.is_some() {
        return Ok(false);
    }
    let (since, at) = (dsl::unreachable_since.eq(Some(to_micros(since))), dsl::changed_at.eq(to_micros(at)));
    // Somebody else may have been quicker: then nothing is changed here, and the row below is there already.
    let known = platform_reach::table.find(platform.as_str()).filter(dsl::unreachable_since.is_null());
    let changed = on!(connection, |link| diesel::update(known).set((since, at)).execute(link))?;
    if changed == 0 {
        let row = (dsl::platform.eq(platform.as_str()), since, at);
        on!(connection, |link| diesel::insert_into(platform_reach::table).values(row).execute(link))?;
    }
    Ok(true)
}

/// Notes that a platform can be reached again; yields since when it could not, where that is news, as in [`note_lost`].
///
/// # Errors
/// When the database fails.
pub fn note_back(
    connection: &mut Connection,
    platform: &PlatformId,
    at: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(since) = unreachable_since(connection, platform)? else { return Ok(None) };
    let back = (dsl::unreachable_since.eq(None::<i64>), dsl::changed_at.eq(to_micros(at)));
    let known = platform_reach::table.find(platform.as_str()).filter(dsl::unreachable_since.is_not_null());
    let changed = on!(connection, |link| diesel::update(known).set(back).execute(link))?;
    Ok((changed == 1).then_some(since))
}

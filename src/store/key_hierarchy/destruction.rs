//! The end of a key: what it is wrapped as is overwritten, and that is remembered.

use std::time::Duration;

use diesel::prelude::*;
use jiff::Timestamp;

use super::usage::usage_of;
use super::{State, data_keys, key_encryption_keys, take};
use crate::crypto::keyring::{KeyId, Purpose};
use crate::store::Store;
use crate::store::connection::{Connection, Link, on};
use crate::store::error::StoreError;
use crate::store::schema::proposals;
use crate::store::time::to_micros;

/// What became of a key that was to be destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destruction {
    Done,
    /// It was before.
    AlreadyDone,
    /// There is no such key.
    Unknown,
    /// It seals what is new, or is about to; another one has to take its place first.
    InUse,
    /// Values are sealed under it: columns and how many.
    StillSeals(Vec<(String, u64)>),
    /// So many keys are wrapped under it.
    StillWraps(u64),
    /// Proposals that were made before it was retired are still open; one may hold a secret that is sealed under it.
    OpenProposals(u64),
    /// Backups may need it until then.
    Retained(Timestamp),
}

/// Destroys a data key that seals nothing any more, `retain` after it was retired.
///
/// # Errors
/// When the database fails.
pub fn destroy(
    connection: &mut Connection,
    id: KeyId,
    now: Timestamp,
    retain: Duration,
) -> Result<Destruction, StoreError> {
    let hierarchy = take(connection)?;
    let sealing = |key: &&super::DataKey| key.stored.purpose == Purpose::Sealing && key.stored.id == id;
    let Some(key) = hierarchy.keys.iter().find(sealing) else { return Ok(Destruction::Unknown) };
    let retired_at = match (key.state(now), key.retired_at) {
        (State::Destroyed, _) => return Ok(Destruction::AlreadyDone),
        (State::Retired, Some(at)) => at,
        _ => return Ok(Destruction::InUse),
    };
    let used = usage_of(connection, id)?;
    if !used.is_empty() {
        let used = used.iter().map(|(it, count)| (format!("{}.{}", it.table, it.column), *count));
        return Ok(Destruction::StillSeals(used.collect()));
    }
    let open = proposals::state.eq("open").and(proposals::made_at.le(to_micros(retired_at)));
    let open: i64 = on!(connection, |link| proposals::table.filter(open).count().get_result(link))?;
    if open > 0 {
        return Ok(Destruction::OpenProposals(open.unsigned_abs()));
    }
    if let Some(until) = retained_until(retired_at, retain, now) {
        return Ok(Destruction::Retained(until));
    }
    let zeros = "0".repeat(key.stored.wrapped.as_ref().map_or(0, String::len));
    let values = (data_keys::wrapped.eq(zeros), data_keys::destroyed_at.eq(to_micros(now)));
    let row = data_keys::table.find((Purpose::Sealing.name(), key.id()));
    on!(connection, |link| diesel::update(row).set(values.clone()).execute(link))?;
    Ok(Destruction::Done)
}

/// Destroys a key-encryption key that wraps nothing any more, `retain` after it was retired.
///
/// # Errors
/// When the database fails.
pub fn destroy_kek(
    connection: &mut Connection,
    version: i64,
    now: Timestamp,
    retain: Duration,
) -> Result<Destruction, StoreError> {
    let hierarchy = take(connection)?;
    let Some(kek) = hierarchy.keks.iter().find(|kek| kek.stored.version == version) else {
        return Ok(Destruction::Unknown);
    };
    let retired_at = match (kek.state(), kek.retired_at) {
        (State::Destroyed, _) => return Ok(Destruction::AlreadyDone),
        (State::Retired, Some(at)) => at,
        _ => return Ok(Destruction::InUse),
    };
    let wrapped = hierarchy.keys.iter().filter(|key| key.stored.kek == version && key.destroyed_at.is_none());
    match wrapped.count() {
        0 => {}
        count => return Ok(Destruction::StillWraps(u64::try_from(count).unwrap_or(u64::MAX))),
    }
    if let Some(until) = retained_until(retired_at, retain, now) {
        return Ok(Destruction::Retained(until));
    }
    let values = (
        key_encryption_keys::wrapped.eq("0".repeat(kek.stored.wrapped.len())),
        key_encryption_keys::destroyed_at.eq(to_micros(now)),
    );
    let row = key_encryption_keys::table.find(version);
    on!(connection, |link| diesel::update(row).set(values.clone()).execute(link))?;
    Ok(Destruction::Done)
}

fn retained_until(retired_at: Timestamp, retain: Duration, now: Timestamp) -> Option<Timestamp> {
    let until = retired_at.saturating_add(retain).unwrap_or(Timestamp::MAX);
    (until > now).then_some(until)
}

/// Has the database let go of what was overwritten: the write-ahead log of SQLite, the former rows of PostgreSQL.
///
/// # Errors
/// When the database can't do so now; whoever backs it up keeps what there was before all the same.
pub async fn forget_remnants(store: &Store) -> Result<(), StoreError> {
    store
        .on_own_connection(|connection| {
            let statements: &[&str] = match &connection.link {
                Link::Sqlite(_) => &["PRAGMA wal_checkpoint(TRUNCATE)"],
                #[cfg(feature = "postgres")]
                Link::Postgres(_) => &["VACUUM data_keys", "VACUUM key_encryption_keys"],
            };
            for statement in statements {
                on!(connection, |link| diesel::sql_query(*statement).execute(link))?;
            }
            Ok(())
        })
        .await
}

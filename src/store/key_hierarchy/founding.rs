//! The first keys of a database, made once, whichever replica comes first.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::{SignedDuration, Timestamp};

use super::{HEAD, Hierarchy, key_hierarchy, read};
use crate::crypto::keyring::{KeyEncryptionKey, KeyId, Purpose, StoredKek, generate_id, generate_material};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::{data_keys, key_encryption_keys};
use crate::store::sealed::SEALED;
use crate::store::time::to_micros;

/// How often it is tried again after another replica got in between.
const TRIES: u64 = 20;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    found: i64,
}

impl Connection {
    /// Makes the first keys where there are none, and takes over those that there are. Replicas may do so together: what the
    /// first one has committed, the others take.
    pub(in crate::store) fn found_keys(&mut self) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            self.begin_writing()?;
            match self.conclude(&found) {
                Ok(()) => return Ok(()),
                Err(error) if error.lost_a_race() && tries < TRIES => {
                    std::thread::sleep(Duration::from_millis(10 + 10 * tries));
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn found(connection: &mut Connection) -> Result<(), StoreError> {
    let now = connection.database_time()?;
    let mut hierarchy = read(connection)?;
    if hierarchy.generation == 0 {
        let begins = (key_hierarchy::id.eq(HEAD), key_hierarchy::generation.eq(1));
        on!(connection, |link| diesel::insert_into(key_hierarchy::table).values(begins).execute(link))?;
        // Those who come second meet the row, and find the keys when they try again.
        make(connection, now)?;
        hierarchy = read(connection)?;
    }
    connection.install(&hierarchy, now)
}

/// What was derived of the master key becomes a data key like any other, so that nothing that was sealed, marked or linked
/// under it depends on the master key any longer. It goes on to seal where it has sealed something: the version before may
/// still run on this database, and knows no other key. A database that holds nothing yet begins with a key of its own.
fn make(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let unusable = || StoreError::Unusable("no master key to wrap keys under".to_owned());
    let (kek, stored) = connection.keyring().generate_kek(1, None).ok_or_else(unusable)?;
    insert_kek(connection, &stored, now)?;
    let is_new = !holds_something(connection)?;
    let imports = connection.keyring().imports();
    let taken: BTreeSet<KeyId> = imports.iter().map(|(_, id, _)| *id).collect();
    for (age, (purpose, id, material)) in (1..).zip(&imports) {
        let begins = now.saturating_sub(SignedDuration::from_secs(age)).unwrap_or(now);
        let is_first = !imports.iter().take_while(|it| it.1 != *id).any(|it| it.0 == *purpose);
        let goes_on = is_first && !(is_new && *purpose == Purpose::Sealing);
        let new = NewKey { purpose: *purpose, id: *id, material, activates_at: begins };
        insert_key(connection, &kek, &new, now, (!goes_on).then_some(now))?;
    }
    if is_new {
        let (purpose, id) = (Purpose::Sealing, generate_id(&taken));
        let new = NewKey { purpose, id, material: &generate_material(purpose), activates_at: now };
        insert_key(connection, &kek, &new, now, None)?;
    }
    Ok(())
}

/// Whether any value is sealed in this database.
fn holds_something(connection: &mut Connection) -> Result<bool, StoreError> {
    for column in SEALED {
        let query = format!(
            "SELECT count(*) AS found FROM (SELECT 1 AS one FROM {} WHERE {} IS NOT NULL LIMIT 1) AS present",
            column.table, column.column
        );
        let Found { found } = on!(connection, |link| diesel::sql_query(query).get_result(link))?;
        if found > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn insert_kek(
    connection: &mut Connection,
    stored: &StoredKek,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = (
        key_encryption_keys::version.eq(stored.version),
        key_encryption_keys::master_id.eq(&stored.master),
        key_encryption_keys::wrapped.eq(&stored.wrapped),
        key_encryption_keys::created_at.eq(to_micros(now)),
    );
    on!(connection, |link| diesel::insert_into(key_encryption_keys::table).values(row).execute(link))?;
    Ok(())
}

pub(super) struct NewKey<'a> {
    pub purpose: Purpose,
    pub id: KeyId,
    pub material: &'a [u8],
    pub activates_at: Timestamp,
}

pub(super) fn insert_key(
    connection: &mut Connection,
    kek: &KeyEncryptionKey,
    new: &NewKey<'_>,
    now: Timestamp,
    retired_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let row = (
        data_keys::purpose.eq(new.purpose.name()),
        data_keys::id.eq(hex::encode(new.id)),
        data_keys::kek_version.eq(kek.version),
        data_keys::wrapped.eq(kek.wrap(new.purpose, new.id, new.material)),
        data_keys::created_at.eq(to_micros(now)),
        data_keys::activates_at.eq(to_micros(new.activates_at)),
        data_keys::retired_at.eq(retired_at.map(to_micros)),
    );
    on!(connection, |link| diesel::insert_into(data_keys::table).values(row).execute(link))?;
    Ok(())
}

/// The key that wraps now, unwrapped.
pub(super) fn wrapping(
    connection: &Connection,
    hierarchy: &Hierarchy,
) -> Result<KeyEncryptionKey, StoreError> {
    let kek = hierarchy.wrapping();
    let kek =
        kek.ok_or_else(|| StoreError::damaged(super::KEKS, "", "expected one that wraps, found none"))?;
    Ok(connection.keyring().unwrap_kek(&kek.stored)?)
}

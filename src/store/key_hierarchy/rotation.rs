//! New keys while gateways run.

use std::time::Duration;

use diesel::prelude::*;
use jiff::Timestamp;

use super::founding::{NewKey, insert_kek, insert_key, wrapping};
use super::{KEYS, State, data_keys, key_encryption_keys, take};
use crate::crypto::keyring::{Purpose, generate_id, generate_material};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::time::to_micros;

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The id of a data key, or the version of a key-encryption key.
    pub key: String,
    pub activates_at: Timestamp,
    /// Those that it takes the place of.
    pub retired: Vec<String>,
}

/// Makes a data key that is used for what is new once every replica has it, `ahead` from now. The key of marks is never
/// replaced, since nothing would find what was marked before.
///
/// # Errors
/// When the database fails, or the key above it can't be unwrapped with the master keys at hand.
pub fn rotate(
    connection: &mut Connection,
    purpose: Purpose,
    now: Timestamp,
    ahead: Duration,
) -> Result<Rotated, StoreError> {
    if purpose == Purpose::Marking {
        return Err(StoreError::Unusable("the key of marks is never replaced".to_owned()));
    }
    let hierarchy = take(connection)?;
    let kek = wrapping(connection, &hierarchy)?;
    let activates_at = now.saturating_add(ahead).unwrap_or(Timestamp::MAX);
    // No two keys come into use at the same moment, or one of them never would.
    let last = hierarchy.keys.iter().filter(|key| key.stored.purpose == purpose);
    let last = last.map(|key| key.stored.activates_at).max();
    let behind = last.and_then(|last| last.checked_add(Duration::from_micros(1)).ok());
    let activates_at = behind.map_or(activates_at, |behind| behind.max(activates_at));
    let mut taken = hierarchy.ids();
    taken.insert(connection.keyring().master_id());
    let id = generate_id(&taken);
    let new = NewKey { purpose, id, material: &generate_material(purpose), activates_at };
    let replaced: Vec<_> = hierarchy
        .keys
        .iter()
        .filter(|key| key.stored.purpose == purpose && key.retired_at.is_none() && key.destroyed_at.is_none())
        .map(super::DataKey::id)
        .collect();
    for id in &replaced {
        let row = data_keys::table.find((purpose.name(), id));
        let retired = diesel::update(row).set(data_keys::retired_at.eq(to_micros(activates_at)));
        on!(connection, |link| retired.execute(link))?;
    }
    insert_key(connection, &kek, &new, now, None)?;
    Ok(Rotated { key: hex::encode(id), activates_at, retired: replaced })
}

/// Makes a key-encryption key of the next version under the same master key, and wraps every data key under it. The data keys
/// stay what they are, so running gateways notice nothing.
///
/// # Errors
/// As [`rotate`].
pub fn rotate_kek(connection: &mut Connection, now: Timestamp) -> Result<Rotated, StoreError> {
    let hierarchy = take(connection)?;
    let last = hierarchy.keks.iter().map(|kek| kek.stored.version).max().unwrap_or_default();
    let master = hierarchy.wrapping().map(|kek| kek.stored.master.clone());
    let made = connection.keyring().generate_kek(last.saturating_add(1), master.as_deref());
    let (kek, stored) = made.ok_or_else(|| {
        let needed = master.unwrap_or_default();
        StoreError::Unusable(format!("the master key {needed} is not at hand, which wraps the keys"))
    })?;
    insert_kek(connection, &stored, now)?;
    for key in &hierarchy.keys {
        let Some(wrapped) = &key.stored.wrapped else { continue };
        let (purpose, id) = (key.stored.purpose, key.stored.id);
        let former = hierarchy.keks.iter().find(|it| it.stored.version == key.stored.kek);
        let former =
            former.ok_or_else(|| StoreError::damaged(KEYS, &key.id(), "its wrapping key is missing"))?;
        let material = connection.keyring().unwrap_kek(&former.stored)?.unwrap(purpose, id, wrapped)?;
        let values =
            (data_keys::kek_version.eq(kek.version), data_keys::wrapped.eq(kek.wrap(purpose, id, &material)));
        let row = data_keys::table.find((purpose.name(), key.id()));
        on!(connection, |link| diesel::update(row).set(values.clone()).execute(link))?;
    }
    let replaced: Vec<i64> = hierarchy
        .keks
        .iter()
        .filter(|kek| kek.state() == State::Active)
        .map(|kek| kek.stored.version)
        .collect();
    let rows = key_encryption_keys::table.filter(key_encryption_keys::version.eq_any(replaced.clone()));
    let retired = diesel::update(rows).set(key_encryption_keys::retired_at.eq(to_micros(now)));
    on!(connection, |link| retired.execute(link))?;
    let retired = replaced.iter().map(ToString::to_string).collect();
    Ok(Rotated { key: kek.version.to_string(), activates_at: now, retired })
}

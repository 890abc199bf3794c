//! Another master key: what was wrapped under the one is wrapped under the other, all at once.

use diesel::prelude::*;

use super::{State, key_encryption_keys, take};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;

/// Wraps every key-encryption key under the first master key of the store's keyring; yields how many were not yet. The master
/// key that they are wrapped under now has to be among the former ones. Before the commit the one master key opens them, after
/// it the other: there is no moment between. Doing it twice does nothing more.
///
/// # Errors
/// When the database fails, or the master key that a key is wrapped under is not at hand.
pub fn rewrap(connection: &mut Connection) -> Result<usize, StoreError> {
    let hierarchy = take(connection)?;
    let target = hex::encode(connection.keyring().master_id());
    let mut wrapped = 0;
    for kek in hierarchy.keks.iter().filter(|kek| kek.state() != State::Destroyed) {
        // That it opens is worth knowing before the old key is thrown away.
        let key = connection.keyring().unwrap_kek(&kek.stored)?;
        if kek.stored.master == target {
            continue;
        }
        let stored = connection.keyring().wrap_kek(&key);
        let values = (
            key_encryption_keys::master_id.eq(&stored.master),
            key_encryption_keys::wrapped.eq(&stored.wrapped),
        );
        let row = key_encryption_keys::table.find(stored.version);
        on!(connection, |link| diesel::update(row).set(values).execute(link))?;
        wrapped += 1;
    }
    Ok(wrapped)
}

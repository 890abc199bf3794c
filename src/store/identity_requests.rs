//! Who has gone to the identity provider to sign in and is not back yet.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::identity_requests::{self, dsl};
use super::time::to_micros;
use crate::crypto::sm3;
use crate::secret::Secret;

const TABLE: &str = "identity_requests";

/// Keeps what has to be known when somebody comes back with this state, and forgets whoever left before `oldest`.
///
/// # Errors
/// When the database fails.
pub fn begin(
    connection: &mut Connection,
    state: &Secret,
    body: &[u8],
    oldest: Timestamp,
    at: Timestamp,
) -> Result<(), StoreError> {
    let stale = identity_requests::table.filter(dsl::begun_at.lt(to_micros(oldest)));
    on!(connection, |link| diesel::delete(stale).execute(link))?;
    let hash = hash(state);
    let sealed = connection.seal(TABLE, &hash, "body", body);
    let row = (dsl::state_hash.eq(hash), dsl::body.eq(sealed), dsl::begun_at.eq(to_micros(at)));
    on!(connection, |link| diesel::insert_into(identity_requests::table).values(row).execute(link))?;
    Ok(())
}

/// What was kept, once: a state that comes a second time is unknown.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn take(
    connection: &mut Connection,
    state: &Secret,
    oldest: Timestamp,
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, StoreError> {
    let hash = hash(state);
    let query =
        identity_requests::table.find(&hash).filter(dsl::begun_at.ge(to_micros(oldest))).select(dsl::body);
    let sealed: Option<Vec<u8>> = on!(connection, |link| query.first(link).optional())?;
    let Some(sealed) = sealed else { return Ok(None) };
    let row = identity_requests::table.find(&hash);
    let taken = on!(connection, |link| diesel::delete(row).execute(link))?;
    if taken == 0 {
        return Ok(None);
    }
    connection.unseal(TABLE, &hash, "body", &sealed).map(Some)
}

fn hash(state: &Secret) -> String {
    hex::encode(sm3::digest(state.expose().as_bytes()))
}

//! Keys that belong to a guarantee, sealed by the keyring: above all, what the platform sends at the opening.

use diesel::prelude::*;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::guarantees;
use super::schema::wrapped_keys::{self, dsl};
use super::time::to_micros;
use crate::domain::Stage;
use crate::domain::identity::GuaranteeId;

const TABLE: &str = "wrapped_keys";

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Opens the section and the beneficiary of an application.
    Restoration,
}

impl Purpose {
    pub fn name(self) -> &'static str {
        match self {
            Self::Restoration => "restoration",
        }
    }
}

/// Keeps a key, in place of an earlier one for the same purpose.
///
/// # Errors
/// When the database fails.
pub fn put(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    purpose: Purpose,
    key: &[u8],
    at: Timestamp,
) -> Result<(), StoreError> {
    let wrapped = connection.seal(TABLE, &place_of(guarantee, purpose), "wrapped", key);
    let values = (dsl::wrapped.eq(wrapped), dsl::stored_at.eq(to_micros(at)));
    let kept = wrapped_keys::table.find((guarantee.as_str(), purpose.name()));
    if on!(connection, |link| diesel::update(kept).set(values.clone()).execute(link))? == 0 {
        let key = (dsl::guarantee_id.eq(guarantee.as_str()), dsl::purpose.eq(purpose.name()));
        on!(connection, |link| diesel::insert_into(wrapped_keys::table).values((key, values)).execute(link))?;
    }
    Ok(())
}

/// # Errors
/// When the database fails or the key was sealed by another keyring.
pub fn find(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    purpose: Purpose,
) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let query = wrapped_keys::table.find((guarantee.as_str(), purpose.name())).select(dsl::wrapped);
    let wrapped: Option<Vec<u8>> = on!(connection, |link| query.first(link).optional())?;
    let place = place_of(guarantee, purpose);
    wrapped.map(|wrapped| connection.unseal(TABLE, &place, "wrapped", &wrapped)).transpose()
}

/// The condition on a guarantee that it has ended, and that nobody has changed it since.
macro_rules! ended_before {
    ($before:expr) => {
        guarantees::stage.eq_any(ended_stages()).and(guarantees::updated_at.le(to_micros($before)))
    };
}

/// Destroys up to `limit` keys of guarantees that have ended and that nobody has changed since `before`; yields whose. A
/// guarantee that lives keeps its keys.
///
/// # Errors
/// When the database fails.
pub fn destroy_of_ended(
    connection: &mut Connection,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<GuaranteeId>, StoreError> {
    let mut destroyed = Vec::new();
    for id in of_ended(connection, before, limit)? {
        // Another replica may have been faster, or the guarantee has been changed since the look.
        let ended = guarantees::table.filter(ended_before!(before)).select(guarantees::id);
        let row = wrapped_keys::table.filter(dsl::guarantee_id.eq(&id).and(dsl::guarantee_id.eq_any(ended)));
        if on!(connection, |link| diesel::delete(row).execute(link))? > 0 {
            destroyed.push(GuaranteeId::new(id));
        }
    }
    Ok(destroyed)
}

/// The guarantees whose keys [`destroy_of_ended`] would destroy.
///
/// # Errors
/// When the database fails.
pub fn of_ended(
    connection: &mut Connection,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let ended = guarantees::table.filter(ended_before!(before)).select(guarantees::id);
    let query = wrapped_keys::table.filter(dsl::guarantee_id.eq_any(ended));
    let query = query.order((dsl::guarantee_id, dsl::purpose)).limit(limit).select(dsl::guarantee_id);
    Ok(on!(connection, |link| query.load(link))?)
}

fn ended_stages() -> Vec<&'static str> {
    Stage::ALL.into_iter().filter(|stage| stage.is_ended()).map(Stage::name).collect()
}

fn place_of(guarantee: &GuaranteeId, purpose: Purpose) -> String {
    format!("{guarantee}/{}", purpose.name())
}

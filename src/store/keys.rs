//! Keys that belong to a guarantee, sealed by the keyring: above all, what the platform sends at the opening.

use diesel::prelude::*;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::wrapped_keys::{self, dsl};
use super::time::to_micros;
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

fn place_of(guarantee: &GuaranteeId, purpose: Purpose) -> String {
    format!("{guarantee}/{}", purpose.name())
}

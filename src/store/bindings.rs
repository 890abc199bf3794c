//! What a business key was first used for, and how that was answered: a push that comes again is answered again.

use diesel::prelude::*;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::bindings::{self, dsl};
use super::time::{from_micros, to_micros};
use crate::domain::identity::PlatformId;

const TABLE: &str = "bindings";

/// Names a piece of business on one interface of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessKey {
    pub platform: PlatformId,
    pub interface: String,
    pub key: String,
}

#[derive(Clone)]
pub struct Binding {
    /// SM3 of every field but time and signature, in hexadecimal.
    pub content: String,
    /// The answer, byte for byte.
    pub answer: Zeroizing<Vec<u8>>,
    /// The message that was answered so.
    pub message: String,
    pub bound_at: Timestamp,
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, key: &BusinessKey) -> Result<Option<Binding>, StoreError> {
    let named = (key.platform.as_str(), key.interface.as_str(), key.key.as_str());
    let query =
        bindings::table.find(named).select((dsl::content, dsl::answer, dsl::message_id, dsl::bound_at));
    let row: Option<(String, Vec<u8>, String, i64)> = on!(connection, |link| query.first(link).optional())?;
    let Some((content, answer, message, bound_at)) = row else { return Ok(None) };
    let place = place_of(key);
    let answer = connection.unseal(TABLE, &place, "answer", &answer)?;
    let bound_at = from_micros(TABLE, &place, bound_at)?;
    Ok(Some(Binding { content, answer, message, bound_at }))
}

/// Binds a key, or binds it anew.
///
/// # Errors
/// [`Constraint::Binding`](super::Constraint::Binding) where somebody else binds the key for the first time in the
/// same instant.
pub fn put(connection: &mut Connection, key: &BusinessKey, binding: &Binding) -> Result<(), StoreError> {
    let answer = connection.seal(TABLE, &place_of(key), "answer", &binding.answer);
    let values = (
        dsl::content.eq(&binding.content),
        dsl::answer.eq(answer),
        dsl::message_id.eq(&binding.message),
        dsl::bound_at.eq(to_micros(binding.bound_at)),
    );
    let named = (key.platform.as_str(), key.interface.as_str(), key.key.as_str());
    let bound = bindings::table.find(named);
    if on!(connection, |link| diesel::update(bound).set(values.clone()).execute(link))? == 0 {
        let key = (
            dsl::platform.eq(key.platform.as_str()),
            dsl::interface.eq(&key.interface),
            dsl::business_key.eq(&key.key),
        );
        on!(connection, |link| diesel::insert_into(bindings::table).values((key, values)).execute(link))?;
    }
    Ok(())
}

/// The row's name for the keyring. Lengths keep `a`, `bc` from being `ab`, `c`.
fn place_of(key: &BusinessKey) -> String {
    let BusinessKey { platform, interface, key } = key;
    format!("{}/{platform}/{}/{interface}/{key}", platform.as_str().len(), interface.len())
}

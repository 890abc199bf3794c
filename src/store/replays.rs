//! Messages of platforms that have come already, by marks of what their digests cover.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::replays::{self, dsl};
use super::time::{from_micros, to_micros};
use crate::domain::identity::PlatformId;

const TABLE: &str = "replays";

/// What the marks of messages are made for, as the keyring takes it.
const PURPOSE: &str = "replay";

/// A keyed fingerprint of a message: whoever reads the column can't try what a message may have said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// `signature` is the message's digest as it was verified, so that two messages with one mark are one message to whoever
    /// has the secret, however they are written.
    pub fn of(connection: &Connection, platform: &PlatformId, signature: &[u8; 32]) -> Self {
        Self(hex::encode(connection.mark(PURPOSE, &[platform.as_str(), &hex::encode(signature)])))
    }
}

/// A message that came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    pub interface: String,
    /// The record of the message, where it was carried out.
    pub message: Option<String>,
    pub first_at: Timestamp,
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, mark: &Mark) -> Result<Option<Replay>, StoreError> {
    let query = replays::table.find(&mark.0).select((dsl::interface, dsl::message_id, dsl::first_at));
    let row: Option<(String, Option<String>, i64)> = on!(connection, |link| query.first(link).optional())?;
    let Some((interface, message, first_at)) = row else { return Ok(None) };
    Ok(Some(Replay { interface, message, first_at: from_micros(TABLE, &mark.0, first_at)? }))
}

/// Remembers a message, or what has become of one that came before.
///
/// # Errors
/// [`Constraint::Replay`](super::Constraint::Replay) where somebody else remembers it in the same instant.
pub fn remember(
    connection: &mut Connection,
    mark: &Mark,
    interface: &str,
    message: Option<&str>,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let known = replays::table.find(&mark.0);
    let changes = (
        dsl::interface.eq(interface),
        dsl::message_id.eq(message),
        dsl::expires_at.eq(to_micros(expires_at)),
    );
    if on!(connection, |link| diesel::update(known).set(changes).execute(link))? == 0 {
        let new = (dsl::mark.eq(&mark.0), dsl::first_at.eq(to_micros(at)));
        on!(connection, |link| diesel::insert_into(replays::table).values((new, changes)).execute(link))?;
    }
    Ok(())
}

/// Forgets what is remembered no longer than this; tells how many.
///
/// # Errors
/// When the database fails.
pub fn forget(connection: &mut Connection, now: Timestamp) -> Result<usize, StoreError> {
    let old = replays::table.filter(dsl::expires_at.lt(to_micros(now)));
    Ok(on!(connection, |link| diesel::delete(old).execute(link))?)
}

//! How far the upload of a letter has come, so that it goes on after a crash where it stopped.

use diesel::prelude::*;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::deliveries::{self, dsl};
use super::time::{optional_from_micros, to_micros};
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{DocumentDigest, GuaranteeId};

const TABLE: &str = "deliveries";

/// An upload under way, or finished. Debug does not show the key.
#[derive(Clone)]
pub struct Delivery {
    pub document: DocumentDigest,
    /// Counts the keys, from 1.
    pub generation: i64,
    /// The file's key and initialisation vector, as [`start`] or [`restart`] was given them.
    pub file_key: Zeroizing<Vec<u8>>,
    /// How many slices there are.
    pub slices: u64,
    /// The next slice to send, from 0; all before it were acknowledged.
    pub acknowledged: u64,
    pub completed_at: Option<Timestamp>,
}

/// Begins the upload of a letter.
///
/// # Errors
/// [`Constraint::Delivery`](super::Constraint::Delivery) where one has begun already.
pub fn start(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    letter: LetterKind,
    document: &DocumentDigest,
    file_key: &[u8],
    slices: u64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = (
        dsl::guarantee_id.eq(guarantee.as_str()),
        dsl::letter.eq(letter.name()),
        dsl::document.eq(document.as_str()),
        dsl::generation.eq(1_i64),
        dsl::wrapped.eq(connection.seal(TABLE, &place_of(guarantee, letter), "wrapped", file_key)),
        dsl::slices.eq(count(slices)),
        dsl::acknowledged.eq(0_i64),
        dsl::completed_at.eq(None::<i64>),
        dsl::updated_at.eq(to_micros(at)),
    );
    on!(connection, |link| diesel::insert_into(deliveries::table).values(&row).execute(link))?;
    Ok(())
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    letter: LetterKind,
) -> Result<Option<Delivery>, StoreError> {
    let query = deliveries::table.find((guarantee.as_str(), letter.name()));
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    let Some(row) = row else { return Ok(None) };
    let place = place_of(guarantee, letter);
    Ok(Some(Delivery {
        document: DocumentDigest::new(row.document),
        generation: row.generation,
        file_key: connection.unseal(TABLE, &place, "wrapped", &row.wrapped)?,
        slices: u64::try_from(row.slices).unwrap_or(0),
        acknowledged: u64::try_from(row.acknowledged).unwrap_or(0),
        completed_at: optional_from_micros(TABLE, &place, row.completed_at)?,
    }))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct Row {
    document: String,
    generation: i64,
    wrapped: Vec<u8>,
    slices: i64,
    acknowledged: i64,
    completed_at: Option<i64>,
}

/// Notes that the platform has slice `index` of this generation; only the next slice can be noted.
///
/// # Errors
/// [`StoreError::Conflict`] where another slice was next, or another generation is under way.
pub fn acknowledge(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    letter: LetterKind,
    generation: i64,
    index: u64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let next = deliveries::table
        .find((guarantee.as_str(), letter.name()))
        .filter(dsl::generation.eq(generation).and(dsl::acknowledged.eq(count(index))))
        .filter(dsl::completed_at.is_null());
    let values = (dsl::acknowledged.eq(count(index.saturating_add(1))), dsl::updated_at.eq(to_micros(at)));
    exactly_one(on!(connection, |link| diesel::update(next).set(values).execute(link))?)
}

/// Notes that the platform has put the slices together.
///
/// # Errors
/// [`StoreError::Conflict`] where slices are missing, or another generation is under way.
pub fn complete(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    letter: LetterKind,
    generation: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let whole = deliveries::table
        .find((guarantee.as_str(), letter.name()))
        .filter(dsl::generation.eq(generation).and(dsl::acknowledged.eq(dsl::slices)));
    let values = (dsl::completed_at.eq(Some(to_micros(at))), dsl::updated_at.eq(to_micros(at)));
    exactly_one(on!(connection, |link| diesel::update(whole).set(values).execute(link))?)
}

/// Begins again from the first slice under a fresh key, because the platform refused the whole.
///
/// # Errors
/// [`StoreError::Conflict`] where somebody else has begun again already.
pub fn restart(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    letter: LetterKind,
    generation: i64,
    file_key: &[u8],
    slices: u64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let refused =
        deliveries::table.find((guarantee.as_str(), letter.name())).filter(dsl::generation.eq(generation));
    let values = (
        dsl::generation.eq(generation.saturating_add(1)),
        dsl::wrapped.eq(connection.seal(TABLE, &place_of(guarantee, letter), "wrapped", file_key)),
        dsl::slices.eq(count(slices)),
        dsl::acknowledged.eq(0_i64),
        dsl::completed_at.eq(None::<i64>),
        dsl::updated_at.eq(to_micros(at)),
    );
    exactly_one(on!(connection, |link| diesel::update(refused).set(values).execute(link))?)
}

/// Forgets an upload that is complete, so that the next one of the same letter begins at its first slice under a fresh key.
///
/// # Errors
/// When the database fails.
pub fn forget(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    letter: LetterKind,
) -> Result<(), StoreError> {
    let complete =
        deliveries::table.find((guarantee.as_str(), letter.name())).filter(dsl::completed_at.is_not_null());
    on!(connection, |link| diesel::delete(complete).execute(link))?;
    Ok(())
}

fn exactly_one(rows: usize) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn place_of(guarantee: &GuaranteeId, letter: LetterKind) -> String {
    format!("{guarantee}/{}", letter.name())
}

//! What the core system was answered, for when it sends the same request again.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::api_answers::{self, dsl};
use super::time::to_micros;
use crate::domain::identity::GuaranteeId;

const TABLE: &str = "api_answers";

/// Who asked, and under which key of idempotency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerKey {
    pub client: String,
    pub idempotency_key: String,
}

impl AnswerKey {
    fn row(&self) -> String {
        format!("{}/{}", self.client, self.idempotency_key)
    }
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The digest of the request that it answers.
    pub fingerprint: String,
    pub status: u16,
    pub etag: Option<String>,
    pub body: Vec<u8>,
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, key: &AnswerKey) -> Result<Option<StoredAnswer>, StoreError> {
    let query = api_answers::table.find((&key.client, &key.idempotency_key));
    let query = query.select((dsl::fingerprint, dsl::status, dsl::etag, dsl::body));
    let row: Option<(String, i64, Option<String>, Vec<u8>)> =
        on!(connection, |link| query.first(link).optional())?;
    let Some((fingerprint, status, etag, body)) = row else { return Ok(None) };
    let row = key.row();
    let body = connection.unseal(TABLE, &row, "body", &body)?;
    let status = u16::try_from(status).map_err(|error| StoreError::damaged(TABLE, &row, error))?;
    Ok(Some(StoredAnswer { fingerprint, status, etag, body: body.to_vec() }))
}

/// Keeps an answer, in the transaction of what it tells. Where two of the same request come at once, the database lets
/// one of them in, and the other finds its answer.
///
/// # Errors
/// When the database fails.
pub fn insert(
    connection: &mut Connection,
    key: &AnswerKey,
    api_key: &str,
    guarantee: Option<&GuaranteeId>,
    answer: &StoredAnswer,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = (
        dsl::client.eq(&key.client),
        dsl::idempotency_key.eq(&key.idempotency_key),
        dsl::fingerprint.eq(&answer.fingerprint),
        dsl::api_key.eq(api_key),
        dsl::guarantee_id.eq(guarantee.map(GuaranteeId::as_str)),
        dsl::status.eq(i64::from(answer.status)),
        dsl::etag.eq(&answer.etag),
        dsl::body.eq(connection.seal(TABLE, &key.row(), "body", &answer.body)),
        dsl::at.eq(to_micros(at)),
    );
    on!(connection, |link| diesel::insert_into(api_answers::table).values(row).execute(link))?;
    Ok(())
}

/// Forgets the answers that were given before a moment; tells how many.
///
/// # Errors
/// When the database fails.
pub fn forget(connection: &mut Connection, before: Timestamp) -> Result<usize, StoreError> {
    let old = api_answers::table.filter(dsl::at.lt(to_micros(before)));
    Ok(on!(connection, |link| diesel::delete(old).execute(link))?)
}

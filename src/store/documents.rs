//! Which documents of the archive belong to which guarantee.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::documents::{self, dsl};
use super::time::{from_micros, to_micros};
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{DocumentDigest, GuaranteeId};

const TABLE: &str = "documents";

/// The format of a letter's structured data.
pub const DATA_FORMAT: &str = "xml";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub guarantee: GuaranteeId,
    pub digest: DocumentDigest,
    pub letter: LetterKind,
    /// The file name's extension: `ofd`, `pdf`, or `xml` for the structured data of a letter.
    pub format: String,
    /// In bytes.
    pub size: u64,
    /// As some platforms ask for it, in lower-case hexadecimal.
    pub md5: String,
    pub stored_at: Timestamp,
}

/// Notes that a document belongs to a guarantee; noting it again changes nothing.
///
/// # Errors
/// When the database fails.
pub fn record(connection: &mut Connection, document: &Document) -> Result<(), StoreError> {
    let key = (document.guarantee.as_str(), document.digest.as_str());
    let known = documents::table.find(key).select(dsl::size);
    if on!(connection, |link| known.first::<i64>(link).optional())?.is_some() {
        return Ok(());
    }
    let row = (
        dsl::digest.eq(document.digest.as_str()),
        dsl::guarantee_id.eq(document.guarantee.as_str()),
        dsl::letter.eq(document.letter.name()),
        dsl::format.eq(&document.format),
        dsl::size.eq(i64::try_from(document.size).unwrap_or(i64::MAX)),
        dsl::md5.eq(&document.md5),
        dsl::stored_at.eq(to_micros(document.stored_at)),
    );
    on!(connection, |link| diesel::insert_into(documents::table).values(&row).execute(link))?;
    Ok(())
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    digest: &DocumentDigest,
) -> Result<Option<Document>, StoreError> {
    let query = documents::table.find((guarantee.as_str(), digest.as_str()));
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(document_of).transpose()
}

/// The structured data of a letter.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn find_data(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    letter: LetterKind,
) -> Result<Option<Document>, StoreError> {
    let of_letter = dsl::guarantee_id.eq(guarantee.as_str()).and(dsl::letter.eq(letter.name()));
    let query = documents::table.filter(of_letter.and(dsl::format.eq(DATA_FORMAT)));
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(document_of).transpose()
}

/// A guarantee's documents, oldest first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn for_guarantee(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
) -> Result<Vec<Document>, StoreError> {
    let query = documents::table.filter(dsl::guarantee_id.eq(guarantee.as_str()));
    let query = query.order((dsl::stored_at, dsl::digest));
    let rows: Vec<Row> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(document_of).collect()
}

#[derive(Queryable)]
struct Row {
    digest: String,
    guarantee_id: String,
    letter: String,
    format: String,
    size: i64,
    md5: String,
    stored_at: i64,
}

fn document_of(row: Row) -> Result<Document, StoreError> {
    let letter = LetterKind::ALL.into_iter().find(|it| it.name() == row.letter);
    let unknown = || StoreError::damaged(TABLE, &row.digest, format!("unknown letter `{}`", row.letter));
    Ok(Document {
        letter: letter.ok_or_else(unknown)?,
        stored_at: from_micros(TABLE, &row.digest, row.stored_at)?,
        guarantee: GuaranteeId::new(row.guarantee_id),
        digest: DocumentDigest::new(row.digest),
        format: row.format,
        size: u64::try_from(row.size).unwrap_or(0),
        md5: row.md5,
    })
}

//! Files that the core system handed in. The bytes are in the archive, under their digest.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::uploads::{self, dsl};
use super::time::to_micros;
use crate::domain::identity::DocumentDigest;

const TABLE: &str = "uploads";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub digest: DocumentDigest,
    /// As it was declared, in a form that the bytes bear out.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// As some platforms ask for it, in lower-case hexadecimal.
    pub md5: String,
}

/// Notes a file and who handed it in. Of one that is known already, what was noted first stays; that is what is told.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn record(
    connection: &mut Connection,
    upload: Upload,
    api_key: &str,
    at: Timestamp,
) -> Result<Upload, StoreError> {
    if let Some(known) = find(connection, &upload.digest)? {
        return Ok(known);
    }
    let row = (
        dsl::digest.eq(upload.digest.as_str()),
        dsl::media_type.eq(&upload.media_type),
        dsl::size.eq(i64::try_from(upload.size).unwrap_or(i64::MAX)),
        dsl::md5.eq(&upload.md5),
        dsl::uploaded_at.eq(to_micros(at)),
        dsl::api_key.eq(api_key),
    );
    on!(connection, |link| diesel::insert_into(uploads::table).values(row).execute(link))?;
    Ok(upload)
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, digest: &DocumentDigest) -> Result<Option<Upload>, StoreError> {
    let query = uploads::table.find(digest.as_str()).select((dsl::media_type, dsl::size, dsl::md5));
    let row: Option<(String, i64, String)> = on!(connection, |link| query.first(link).optional())?;
    let Some((media_type, size, md5)) = row else { return Ok(None) };
    let size = u64::try_from(size).map_err(|error| StoreError::damaged(TABLE, digest.as_str(), error))?;
    Ok(Some(Upload { digest: digest.clone(), media_type, size, md5 }))
}

//! Tender sections that platforms have reported as abnormal, whether or not a guarantee is known for them yet.
//!
//! A section is found by a keyed fingerprint of its number ([`SectionMark`]), since the number of a section that is still
//! secret may stand in no column. After the master key was replaced, sections have other marks: a report that comes then
//! does not find the guarantees that were marked before, nor an opening the reports that came before.

use diesel::prelude::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::abnormal_sections::{self, dsl};
use super::time::to_micros;
use crate::domain::abnormality::Abnormality;
use crate::domain::identity::PlatformId;
use crate::domain::section::Ciphertext;

const TABLE: &str = "abnormal_sections";

/// What the marks of sections are made for, as the keyring takes it.
const PURPOSE: &str = "section-number";
const SEALED_PURPOSE: &str = "section-ciphertext";

/// The fingerprint of a section's number on one platform, in hexadecimal. It tells nothing of the number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SectionMark(String);

impl SectionMark {
    pub fn of(connection: &Connection, platform: &PlatformId, number: &str) -> Self {
        Self(hex::encode(connection.mark(PURPOSE, &[platform.as_str(), number.trim()])))
    }

    /// Of a number that is still encrypted: it is found by nobody who knows the number.
    pub fn of_ciphertext(connection: &Connection, platform: &PlatformId, number: &Ciphertext) -> Self {
        Self(hex::encode(connection.mark(SEALED_PURPOSE, &[platform.as_str(), number.as_str()])))
    }

    /// A mark as it stands in a column or an address; None for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_mark = text.len() == 64 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        is_mark.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a platform reported last of a section.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub number: String,
    pub abnormality: Abnormality,
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(
    connection: &mut Connection,
    platform: &PlatformId,
    section: &SectionMark,
) -> Result<Option<Report>, StoreError> {
    let query = abnormal_sections::table.find((platform.as_str(), section.as_str())).select(dsl::body);
    let body: Option<Vec<u8>> = on!(connection, |link| query.first(link).optional())?;
    let Some(body) = body else { return Ok(None) };
    let place = place_of(platform, section);
    let body = connection.unseal(TABLE, &place, "body", &body)?;
    serde_json::from_slice(&body).map(Some).map_err(|error| StoreError::damaged(TABLE, &place, error))
}

/// Keeps a report in place of an earlier one of the same section.
///
/// # Errors
/// When the database fails.
pub fn put(
    connection: &mut Connection,
    platform: &PlatformId,
    section: &SectionMark,
    report: &Report,
    at: Timestamp,
) -> Result<(), StoreError> {
    let place = place_of(platform, section);
    let body = serde_json::to_vec(report).map(zeroize::Zeroizing::new);
    let body = body.map_err(|error| StoreError::damaged(TABLE, &place, error))?;
    let values =
        (dsl::body.eq(connection.seal(TABLE, &place, "body", &body)), dsl::reported_at.eq(to_micros(at)));
    let kept = abnormal_sections::table.find((platform.as_str(), section.as_str()));
    if on!(connection, |link| diesel::update(kept).set(values.clone()).execute(link))? == 0 {
        let key = (dsl::platform.eq(platform.as_str()), dsl::section_mark.eq(section.as_str()));
        let row = (key, values);
        on!(connection, |link| diesel::insert_into(abnormal_sections::table).values(row).execute(link))?;
    }
    Ok(())
}

fn place_of(platform: &PlatformId, section: &SectionMark) -> String {
    format!("{platform}/{}", section.as_str())
}

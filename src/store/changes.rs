//! What stands above the settings files: every version that two people ever put in force, of each subject the last one.

use diesel::dsl::max;
use diesel::prelude::*;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::changes::{self, dsl};
use super::time::{from_micros, to_micros};

const TABLE: &str = "changes";

/// Where a secret stands that is only proposed so far; see [`wrap`].
const PROPOSED: &str = "proposed";

/// A version of a subject.
pub struct Version {
    /// Counts adoptions: the higher, the later.
    pub generation: i64,
    pub kind: String,
    pub subject: String,
    /// Counts the versions of the subject, from 1.
    pub version: i64,
    /// What it says, as its room wrote it.
    pub body: Zeroizing<Vec<u8>>,
    /// Of what it puts in force; None for what the settings say.
    pub digest: Option<String>,
    /// Of what it replaced.
    pub previous: Option<String>,
    pub made_by: String,
    pub approved_by: String,
    /// The proposal that was approved.
    pub proposal: String,
    pub adopted_at: Timestamp,
}

/// A version that is to come; the store counts.
pub struct NewVersion<'a> {
    pub kind: &'a str,
    pub subject: &'a str,
    pub body: &'a [u8],
    pub digest: Option<&'a str>,
    pub made_by: &'a str,
    pub approved_by: &'a str,
    pub proposal: &'a str,
}

/// The last version of a subject, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    pub version: i64,
    pub digest: Option<String>,
}

type Row = (i64, String, String, i64, Vec<u8>, Option<String>, Option<String>, String, String, String, i64);

/// How many adoptions there have been; 0 before the first. One look at the end of an index.
///
/// # Errors
/// When the database fails.
pub fn generation(connection: &mut Connection) -> Result<i64, StoreError> {
    let query = changes::table.select(max(dsl::generation));
    let last: Option<i64> = on!(connection, |link| query.first(link))?;
    Ok(last.unwrap_or_default())
}

/// All versions, the first of all first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn all(connection: &mut Connection) -> Result<Vec<Version>, StoreError> {
    let query = changes::table.order(dsl::generation);
    let rows: Vec<Row> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(|row| version_of(connection, row)).collect()
}

/// # Errors
/// When the database fails.
pub fn latest(connection: &mut Connection, kind: &str, subject: &str) -> Result<Option<Latest>, StoreError> {
    let query = changes::table
        .filter(dsl::kind.eq(kind).and(dsl::subject.eq(subject)))
        .order(dsl::version.desc())
        .select((dsl::version, dsl::digest));
    let row: Option<(i64, Option<String>)> = on!(connection, |link| query.first(link).optional())?;
    Ok(row.map(|(version, digest)| Latest { version, digest }))
}

/// Puts a version behind all others; yields its generation.
///
/// # Errors
/// When the database fails, or another adoption came first, which a repetition of the transaction finds.
pub fn append(connection: &mut Connection, new: &NewVersion<'_>, at: Timestamp) -> Result<i64, StoreError> {
    let generation = generation(connection)?.saturating_add(1);
    let before = latest(connection, new.kind, new.subject)?;
    let version = before.as_ref().map_or(0, |it| it.version).saturating_add(1);
    let row = (
        dsl::generation.eq(generation),
        dsl::kind.eq(new.kind),
        dsl::subject.eq(new.subject),
        dsl::version.eq(version),
        dsl::body.eq(connection.seal(TABLE, &generation.to_string(), "body", new.body)),
        dsl::digest.eq(new.digest),
        dsl::previous.eq(before.and_then(|it| it.digest)),
        dsl::made_by.eq(new.made_by),
        dsl::approved_by.eq(new.approved_by),
        dsl::proposal.eq(new.proposal),
        dsl::adopted_at.eq(to_micros(at)),
    );
    on!(connection, |link| diesel::insert_into(changes::table).values(row).execute(link))?;
    Ok(generation)
}

/// Seals a secret of a subject before it is proposed, so that a proposal can be shown, logged and compared without showing it.
pub fn wrap(connection: &Connection, kind: &str, subject: &str, secret: &str) -> Vec<u8> {
    connection.seal(TABLE, &format!("{kind}/{subject}"), PROPOSED, secret.as_bytes())
}

/// Opens what [`wrap`] sealed for the same subject.
///
/// # Errors
/// When it was sealed for another subject, changed, or sealed by a key that is not here.
pub fn unwrap(
    connection: &Connection,
    kind: &str,
    subject: &str,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    connection.unseal(TABLE, &format!("{kind}/{subject}"), PROPOSED, wrapped)
}

/// The keyed fingerprint of a secret, which tells whether two are the same and nothing else to whoever lacks the master key.
pub fn mark(connection: &Connection, kind: &str, subject: &str, secret: &str) -> String {
    hex::encode(connection.mark("changed secret", &[kind, subject, secret]))
}

fn version_of(connection: &Connection, row: Row) -> Result<Version, StoreError> {
    let (generation, kind, subject, version, body, digest, previous, made_by, approved_by, proposal, at) =
        row;
    let place = generation.to_string();
    Ok(Version {
        body: connection.unseal(TABLE, &place, "body", &body)?,
        adopted_at: from_micros(TABLE, &place, at)?,
        generation,
        kind,
        subject,
        version,
        digest,
        previous,
        made_by,
        approved_by,
        proposal,
    })
}

//! The guarantees of a section, one by one.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Nullable, Text};
use jiff::Timestamp;

use super::TABLE;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::store::abnormal_sections::SectionMark;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::guarantees::{self, dsl};
use crate::store::time::optional_from_micros;

/// A guarantee on the way from its key to its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: GuaranteeId,
    pub application: ApplicationNumber,
    pub number: Option<GuaranteeNumber>,
    pub applicant: String,
    pub key_at: Option<Timestamp>,
    /// When a key came last that did not fit.
    pub key_refused_at: Option<Timestamp>,
    pub restored_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    /// When the plaintext letter is due; None once it is there, or where nobody waits for it.
    pub deadline: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = guarantees)]
struct Row {
    id: String,
    application_number: String,
    guarantee_number: Option<String>,
    applicant_name: String,
    key_at: Option<i64>,
    key_refused_at: Option<i64>,
    restored_at: Option<i64>,
    handed_over_at: Option<i64>,
    deadline: Option<i64>,
}

/// A page of a section's guarantees whose key has come: first what is due, the most urgent first, then the rest in the
/// order in which it was delivered.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn members(
    connection: &mut Connection,
    platform: &PlatformId,
    section: &SectionMark,
    offset: u32,
    limit: u32,
) -> Result<Vec<Member>, StoreError> {
    let rows: Vec<Row> = on!(connection, |link| {
        let marked = dsl::platform.eq(platform.as_str()).and(dsl::section_mark.eq(section.as_str()));
        let query = guarantees::table.filter(marked.and(dsl::key_at.is_not_null()));
        let due_first = sql::<diesel::sql_types::BigInt>("CASE WHEN deadline IS NULL THEN 1 ELSE 0 END");
        let query = query.order((due_first, dsl::deadline, dsl::handed_over_at, dsl::id));
        let query = query.select(Row::as_select());
        query.offset(i64::from(offset)).limit(i64::from(limit)).load(link)
    })?;
    rows.into_iter().map(member_of).collect()
}

/// Guarantees that are in a section by their ciphertext and have no key, though the key of another has come.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn missing(
    connection: &mut Connection,
    platform: &PlatformId,
    section: &SectionMark,
    limit: u32,
) -> Result<Vec<Member>, StoreError> {
    let rows: Vec<Row> = on!(connection, |link| {
        let opened = sql::<Bool>(
            "sealed_mark IN (SELECT opened.sealed_mark FROM guarantees opened WHERE opened.platform = ",
        )
        .bind::<Text, _>(platform.as_str())
        .sql(" AND opened.section_mark = ")
        .bind::<Text, _>(section.as_str())
        .sql(" AND opened.key_at IS NOT NULL)");
        let waits = sql::<Bool>("stage = 'issued' AND key_at IS NULL AND sealed_mark IS NOT NULL");
        let query = guarantees::table.filter(dsl::platform.eq(platform.as_str()).and(waits).and(opened));
        let query = query.order(dsl::id).select(Row::as_select());
        query.limit(i64::from(limit)).load(link)
    })?;
    rows.into_iter().map(member_of).collect()
}

/// A job of an opened guarantee that was given up.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Failure {
    #[diesel(sql_type = Text)]
    pub job: String,
    #[diesel(sql_type = Text)]
    pub guarantee: String,
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The name of its cause.
    #[diesel(sql_type = Nullable<Text>)]
    pub cause: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub detail: Option<String>,
}

/// Jobs that were given up, of a section's guarantees whose key has come; a hundred at most.
///
/// # Errors
/// When the database fails.
pub fn failures(
    connection: &mut Connection,
    platform: &PlatformId,
    section: &SectionMark,
) -> Result<Vec<Failure>, StoreError> {
    let statement = "SELECT job.id AS job, opened.id AS guarantee, job.kind AS kind, job.cause AS cause, \
                     job.detail AS detail FROM jobs job JOIN guarantees opened ON opened.id = job.lane \
                     WHERE job.state = 'dead' AND opened.platform = $1 AND opened.section_mark = $2 \
                     AND opened.key_at IS NOT NULL ORDER BY job.id LIMIT 100";
    Ok(on!(connection, |link| sql_query(statement)
        .bind::<Text, _>(platform.as_str())
        .bind::<Text, _>(section.as_str())
        .load(link))?)
}

fn member_of(row: Row) -> Result<Member, StoreError> {
    let id = row.id.as_str();
    let at = |micros| optional_from_micros(TABLE, id, micros);
    Ok(Member {
        key_at: at(row.key_at)?,
        key_refused_at: at(row.key_refused_at)?,
        restored_at: at(row.restored_at)?,
        delivered_at: at(row.handed_over_at)?,
        deadline: at(row.deadline)?,
        id: GuaranteeId::new(row.id),
        application: ApplicationNumber::new(row.application_number),
        number: row.guarantee_number.map(GuaranteeNumber::new),
        applicant: row.applicant_name,
    })
}

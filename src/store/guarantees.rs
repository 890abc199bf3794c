//! Guarantees: the aggregate as one sealed body, and beside it the columns that are searched.

mod list;

use diesel::dsl::count_star;
use diesel::prelude::*;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::abnormal_sections::SectionMark;
use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::guarantees::{self, dsl};
use super::time::{from_micros, to_micros};
use crate::crypto::sm3;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::domain::section::Secrecy;
use crate::domain::{Guarantee, Stage};

pub use list::{Filter, Period, Place, Summary, Time, list, summary, undelivered_restorations};

const TABLE: &str = "guarantees";

/// A guarantee as it was read, with the version that an update has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub guarantee: Guarantee,
    pub version: i64,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = guarantees, treat_none_as_default_value = false, treat_none_as_null = true)]
struct Row {
    id: String,
    platform: String,
    application_number: String,
    guarantee_number: Option<String>,
    stage: &'static str,
    version: i64,
    applicant_name: String,
    applicant_code: String,
    amount: i64,
    opened_at: Option<i64>,
    deadline: Option<i64>,
    body: Vec<u8>,
    received_at: i64,
    updated_at: i64,
    issued_at: Option<i64>,
    expires_at: Option<i64>,
    awaits: Option<String>,
    key_at: Option<i64>,
    restored_at: Option<i64>,
    handed_over_at: Option<i64>,
    sealed_mark: Option<String>,
}

/// Stores a guarantee that has just been applied for.
///
/// # Errors
/// [`Constraint::Application`](super::Constraint::Application) where the platform has sent this application before.
pub fn insert(connection: &mut Connection, guarantee: &Guarantee, at: Timestamp) -> Result<(), StoreError> {
    let row = row_of(connection, guarantee, 1, at)?;
    on!(connection, |link| diesel::insert_into(guarantees::table).values(&row).execute(link))?;
    Ok(())
}

/// Replaces a guarantee that was read at `version`.
///
/// # Errors
/// [`StoreError::Conflict`] where it has changed since; then nothing is written.
pub fn update(
    connection: &mut Connection,
    guarantee: &Guarantee,
    version: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = row_of(connection, guarantee, version.saturating_add(1), at)?;
    let read = guarantees::table.filter(dsl::id.eq(guarantee.id.as_str()).and(dsl::version.eq(version)));
    match on!(connection, |link| diesel::update(read).set(&row).execute(link))? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, id: &GuaranteeId) -> Result<Option<Stored>, StoreError> {
    let query = guarantees::table.filter(dsl::id.eq(id.as_str()));
    let query = query.select((dsl::id, dsl::version, dsl::body));
    let row = on!(connection, |link| query.first(link).optional())?;
    row.map(|row| opened(connection, row)).transpose()
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find_by_application(
    connection: &mut Connection,
    platform: &PlatformId,
    application: &ApplicationNumber,
) -> Result<Option<Stored>, StoreError> {
    let named = dsl::platform.eq(platform.as_str()).and(dsl::application_number.eq(application.as_str()));
    let query = guarantees::table.filter(named).select((dsl::id, dsl::version, dsl::body));
    let row = on!(connection, |link| query.first(link).optional())?;
    row.map(|row| opened(connection, row)).transpose()
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find_by_number(
    connection: &mut Connection,
    platform: &PlatformId,
    number: &GuaranteeNumber,
) -> Result<Option<Stored>, StoreError> {
    let named = dsl::platform.eq(platform.as_str()).and(dsl::guarantee_number.eq(number.as_str()));
    let query = guarantees::table.filter(named).select((dsl::id, dsl::version, dsl::body));
    let row = on!(connection, |link| query.first(link).optional())?;
    row.map(|row| opened(connection, row)).transpose()
}

/// The SM3 digest (hex) of a guarantee as it is stored, before it is sealed: two of the same digest are the same.
///
/// # Errors
/// When it can't be written as JSON, which all can.
pub fn digest(guarantee: &Guarantee) -> Result<String, StoreError> {
    let body = serde_json::to_vec(guarantee).map(zeroize::Zeroizing::new);
    let body = body.map_err(|error| StoreError::damaged(TABLE, guarantee.id.as_str(), error))?;
    Ok(hex::encode(sm3::digest(&body)))
}

/// What was issued from one moment to another, the second one not included, whatever became of it since; in order of
/// issue.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn issued_between(
    connection: &mut Connection,
    platform: &PlatformId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Guarantee>, StoreError> {
    let within = dsl::issued_at.ge(to_micros(from)).and(dsl::issued_at.lt(to_micros(until)));
    let query = guarantees::table.filter(dsl::platform.eq(platform.as_str()).and(within));
    let query = query.order((dsl::issued_at, dsl::id)).select((dsl::id, dsl::version, dsl::body));
    let rows: Vec<(String, i64, Vec<u8>)> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(|row| opened(connection, row).map(|stored| stored.guarantee)).collect()
}

/// A guarantee that is in force though its last moment is over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ended {
    pub at: Timestamp,
    pub id: GuaranteeId,
}

/// A platform's guarantees in force whose last moment was before this one, the longest over first; those behind
/// `passed`, where that is given.
///
/// # Errors
/// When the database fails.
pub fn ended_before(
    connection: &mut Connection,
    platform: &PlatformId,
    at: Timestamp,
    passed: Option<&Ended>,
    limit: u32,
) -> Result<Vec<Ended>, StoreError> {
    let rows: Vec<(Option<i64>, String)> = on!(connection, |link| {
        let over = dsl::expires_at.is_not_null().and(dsl::expires_at.lt(to_micros(at)));
        let mut query = guarantees::table.filter(dsl::platform.eq(platform.as_str()).and(over)).into_boxed();
        if let Some(passed) = passed {
            let (end, id) = (to_micros(passed.at), passed.id.as_str());
            query = query.filter(dsl::expires_at.gt(end).or(dsl::expires_at.eq(end).and(dsl::id.gt(id))));
        }
        let query = query.order((dsl::expires_at, dsl::id)).select((dsl::expires_at, dsl::id));
        query.limit(i64::from(limit)).load(link)
    })?;
    let ended = |(at, id): (Option<i64>, String)| {
        Ok(Ended { at: from_micros(TABLE, &id, at.unwrap_or(0))?, id: GuaranteeId::new(id) })
    };
    rows.into_iter().map(ended).collect()
}

/// Notes in which tender section a guarantee is, from when its number may be read.
///
/// # Errors
/// When the database fails.
pub fn note_section(
    connection: &mut Connection,
    id: &GuaranteeId,
    section: &SectionMark,
) -> Result<(), StoreError> {
    let noted = guarantees::table.find(id.as_str());
    let mark = dsl::section_mark.eq(Some(section.as_str()));
    on!(connection, |link| diesel::update(noted).set(mark).execute(link))?;
    Ok(())
}

/// Notes that a key came that does not fit.
///
/// # Errors
/// When the database fails.
pub fn note_refused_key(
    connection: &mut Connection,
    id: &GuaranteeId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let refused = dsl::key_refused_at.eq(Some(to_micros(at)));
    on!(connection, |link| diesel::update(guarantees::table.find(id.as_str())).set(refused).execute(link))?;
    Ok(())
}

/// Notes on which day in China a guarantee's section is to be opened.
///
/// # Errors
/// When the database fails.
pub fn note_opening_day(connection: &mut Connection, id: &GuaranteeId, day: Date) -> Result<(), StoreError> {
    let mark = dsl::opening_day_mark.eq(Some(super::openings::day_mark(connection, day)));
    let noted = diesel::update(guarantees::table.find(id.as_str())).set(mark);
    on!(connection, |link| noted.execute(link))?;
    Ok(())
}

/// The guarantees of a tender section behind this one, oldest first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn in_section(
    connection: &mut Connection,
    platform: &PlatformId,
    section: &SectionMark,
    behind: Option<&GuaranteeId>,
    limit: u32,
) -> Result<Vec<Stored>, StoreError> {
    let behind = behind.map_or("", GuaranteeId::as_str);
    let marked = dsl::platform.eq(platform.as_str()).and(dsl::section_mark.eq(section.as_str()));
    let query = guarantees::table.filter(marked.and(dsl::id.gt(behind))).order(dsl::id);
    let query = query.limit(i64::from(limit)).select((dsl::id, dsl::version, dsl::body));
    let rows: Vec<(String, i64, Vec<u8>)> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(|row| opened(connection, row)).collect()
}

/// All guarantees behind this one, oldest first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn behind(
    connection: &mut Connection,
    behind: Option<&GuaranteeId>,
    limit: u32,
) -> Result<Vec<Guarantee>, StoreError> {
    let behind = behind.map_or("", GuaranteeId::as_str);
    let query = guarantees::table.filter(dsl::id.gt(behind)).order(dsl::id).limit(i64::from(limit));
    let query = query.select((dsl::id, dsl::version, dsl::body));
    let rows: Vec<(String, i64, Vec<u8>)> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(|row| opened(connection, row).map(|stored| stored.guarantee)).collect()
}

/// How many guarantees stand where.
///
/// # Errors
/// When the database fails.
pub fn counts(connection: &mut Connection) -> Result<Vec<(PlatformId, Stage, u64)>, StoreError> {
    let query = guarantees::table.group_by((dsl::platform, dsl::stage));
    let query = query.select((dsl::platform, dsl::stage, count_star())).order((dsl::platform, dsl::stage));
    let rows: Vec<(String, String, i64)> = on!(connection, |link| query.load(link))?;
    let counted = |(platform, stage, count): (String, String, i64)| {
        let stage = stage_named(&platform, &stage)?;
        Ok((PlatformId::new(platform), stage, u64::try_from(count).unwrap_or(0)))
    };
    rows.into_iter().map(counted).collect()
}

fn row_of(
    connection: &Connection,
    guarantee: &Guarantee,
    version: i64,
    at: Timestamp,
) -> Result<Row, StoreError> {
    let id = guarantee.id.as_str();
    let body = serde_json::to_vec(guarantee).map(zeroize::Zeroizing::new);
    let body = body.map_err(|error| StoreError::damaged(TABLE, id, error))?;
    let opening = guarantee.opening.as_ref();
    let awaited = guarantee.abnormality.is_none()
        && matches!(guarantee.stage, Stage::Opened | Stage::Restored)
        && guarantee.letter(LetterKind::Merged).is_none_or(|letter| letter.delivered_at.is_none());
    Ok(Row {
        id: id.to_owned(),
        platform: guarantee.platform.to_string(),
        application_number: guarantee.application.number.to_string(),
        guarantee_number: guarantee.number().map(ToString::to_string),
        stage: guarantee.stage.name(),
        version,
        applicant_name: guarantee.application.applicant.name.clone(),
        applicant_code: guarantee.application.applicant.code.clone(),
        amount: guarantee.application.amount.fen(),
        opened_at: opening.map(|opening| to_micros(opening.opened_at)),
        deadline: opening.filter(|_| awaited).map(|opening| to_micros(opening.deadline)),
        body: connection.seal(TABLE, id, "body", &body),
        received_at: to_micros(guarantee.received_at),
        updated_at: to_micros(at),
        issued_at: guarantee.issued_letter.as_ref().map(|letter| to_micros(letter.sealed_at)),
        expires_at: last_moment(guarantee).map(to_micros),
        awaits: awaits_of(guarantee),
        key_at: opening.map(|opening| to_micros(opening.key_received_at)),
        restored_at: guarantee.merged_letter.as_ref().map(|letter| to_micros(letter.sealed_at)),
        handed_over_at: guarantee.merged_letter.as_ref().and_then(|it| it.delivered_at).map(to_micros),
        sealed_mark: sealed_mark(connection, guarantee),
    })
}

/// What a guarantee awaits, as it stands in its column: names with a space at both ends, so that each is found whole.
pub(super) fn awaits_of(guarantee: &Guarantee) -> Option<String> {
    let awaited = guarantee.awaits();
    let names: Vec<&str> = awaited.iter().map(|awaited| awaited.name()).collect();
    (!names.is_empty()).then(|| format!(" {} ", names.join(" ")))
}

/// By which guarantees of one section are known to belong together before their opening, if by anything: where section and
/// key are the same, so is the ciphertext.
fn sealed_mark(connection: &Connection, guarantee: &Guarantee) -> Option<String> {
    let application = &guarantee.application;
    (application.secrecy == Secrecy::UntilOpening).then(|| {
        let mark = SectionMark::of_ciphertext(connection, &guarantee.platform, &application.section.number);
        mark.as_str().to_owned()
    })
}

/// When a guarantee that is in force ends.
fn last_moment(guarantee: &Guarantee) -> Option<Timestamp> {
    let letter = guarantee.issued_letter.as_ref().filter(|_| guarantee.stage.is_in_force())?;
    Some(guarantee.terms.as_ref()?.validity.bounds(letter.sealed_at).1)
}

pub(super) fn opened(
    connection: &Connection,
    (id, version, body): (String, i64, Vec<u8>),
) -> Result<Stored, StoreError> {
    let body = connection.unseal(TABLE, &id, "body", &body)?;
    let guarantee = serde_json::from_slice(&body).map_err(|error| StoreError::damaged(TABLE, &id, error))?;
    Ok(Stored { guarantee, version })
}

fn stage_named(row: &str, name: &str) -> Result<Stage, StoreError> {
    let known = Stage::ALL.into_iter().find(|stage| stage.name() == name);
    known.ok_or_else(|| StoreError::damaged(TABLE, row, format!("unknown stage `{name}`")))
}

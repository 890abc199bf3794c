//! The sections of a day's openings, counted. How many statements that takes does not depend on how many sections or
//! guarantees there are.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};
use jiff::{SignedDuration, Timestamp};

use super::{OpenedSection, TABLE};
use crate::domain::identity::PlatformId;
use crate::store::abnormal_sections::SectionMark;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::time::{from_micros, optional_from_micros, to_micros};

/// From one moment to another, the second one not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// What to count: all of a day, or one section whenever its keys came.
enum Scope<'a> {
    Day(Day),
    Section(&'a PlatformId, &'a SectionMark),
}

impl Scope<'_> {
    /// In terms of `$2` to `$5`, the same for each scope's statements, so that databases prepare each once. SQLite counts
    /// parameters by where they stand first, so that they stand in their order, behind `$1`.
    fn condition(&self) -> &'static str {
        match self {
            Self::Day(_) => "$2 = '' AND $3 = '' AND key_at IS NOT NULL AND key_at >= $4 AND key_at < $5",
            Self::Section(..) => "platform = $2 AND section_mark = $3 AND key_at IS NOT NULL AND $4 < $5",
        }
    }

    fn texts(&self) -> (&str, &str) {
        match self {
            Self::Day(_) => ("", ""),
            Self::Section(platform, section) => (platform.as_str(), section.as_str()),
        }
    }

    fn bounds(&self) -> (i64, i64) {
        match self {
            Self::Day(day) => (to_micros(day.from), to_micros(day.until)),
            Self::Section(..) => (0, 1),
        }
    }
}

/// Runs a statement over a scope; `$1` is the present.
macro_rules! counted {
    ($connection:expr, $scope:expr, $now:expr, $statement:expr) => {{
        let ((platform, section), (from, until)) = ($scope.texts(), $scope.bounds());
        on!($connection, |link| sql_query($statement)
            .bind::<BigInt, _>(to_micros($now))
            .bind::<Text, _>(platform)
            .bind::<Text, _>(section)
            .bind::<BigInt, _>(from)
            .bind::<BigInt, _>(until)
            .load(link))?
    }};
}

/// The sections for which keys came on a day, in no particular order.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn day(connection: &mut Connection, day: Day, now: Timestamp) -> Result<Vec<OpenedSection>, StoreError> {
    count(connection, &Scope::Day(day), now)
}

/// One section, whenever its keys came; None where none has come.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn section(
    connection: &mut Connection,
    platform: &PlatformId,
    section: &SectionMark,
    now: Timestamp,
) -> Result<Option<OpenedSection>, StoreError> {
    Ok(count(connection, &Scope::Section(platform, section), now)?.pop())
}

#[derive(QueryableByName)]
struct Tally {
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Nullable<Text>)]
    section_mark: Option<String>,
    #[diesel(sql_type = BigInt)]
    received: i64,
    #[diesel(sql_type = BigInt)]
    restored: i64,
    #[diesel(sql_type = BigInt)]
    delivered: i64,
    #[diesel(sql_type = BigInt)]
    due: i64,
    #[diesel(sql_type = BigInt)]
    overdue: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    opened: Option<i64>,
    #[diesel(sql_type = BigInt)]
    first_key: i64,
    #[diesel(sql_type = BigInt)]
    last_key: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last_delivered: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    oldest_due: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    slowest: Option<i64>,
}

#[derive(QueryableByName)]
struct Median {
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Nullable<Text>)]
    section_mark: Option<String>,
    #[diesel(sql_type = BigInt)]
    median: i64,
}

/// Guarantees of one ciphertext that have no key, though another of the section has one.
#[derive(QueryableByName)]
struct Missing {
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Nullable<Text>)]
    section_mark: Option<String>,
    #[diesel(sql_type = Text)]
    sealed_mark: String,
    #[diesel(sql_type = BigInt)]
    many: i64,
    #[diesel(sql_type = BigInt)]
    refused: i64,
}

#[derive(QueryableByName)]
struct Failed {
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Nullable<Text>)]
    section_mark: Option<String>,
    #[diesel(sql_type = BigInt)]
    many: i64,
}

type Key = (String, Option<String>);

fn count(
    connection: &mut Connection,
    scope: &Scope<'_>,
    now: Timestamp,
) -> Result<Vec<OpenedSection>, StoreError> {
    let condition = scope.condition();
    let tallies: Vec<Tally> = counted!(
        connection,
        scope,
        now,
        format!(
            "SELECT platform, section_mark, count(*) AS received, count(restored_at) AS restored, \
             count(handed_over_at) AS delivered, count(deadline) AS due, \
             count(CASE WHEN deadline < $1 THEN 1 END) AS overdue, min(opened_at) AS opened, \
             min(key_at) AS first_key, max(key_at) AS last_key, max(handed_over_at) AS last_delivered, \
             min(CASE WHEN deadline IS NOT NULL THEN key_at END) AS oldest_due, \
             max(handed_over_at - key_at) AS slowest \
             FROM guarantees WHERE {condition} GROUP BY platform, section_mark"
        )
    );
    // The lower one of the two in the middle.
    let medians: Vec<Median> = counted!(
        connection,
        scope,
        now,
        format!(
            "SELECT platform, section_mark, took AS median FROM (\
             SELECT platform, section_mark, handed_over_at - key_at AS took, \
             row_number() OVER (PARTITION BY platform, section_mark ORDER BY handed_over_at - key_at) AS turn, \
             count(*) OVER (PARTITION BY platform, section_mark) AS many \
             FROM guarantees WHERE key_at <= $1 AND {condition} AND handed_over_at IS NOT NULL) ranked \
             WHERE turn = (many + 1) / 2"
        )
    );
    let missing: Vec<Missing> = counted!(
        connection,
        scope,
        now,
        format!(
            "SELECT opened.platform AS platform, opened.section_mark AS section_mark, \
             opened.sealed_mark AS sealed_mark, count(*) AS many, count(sealed.key_refused_at) AS refused FROM (\
             SELECT DISTINCT platform, section_mark, sealed_mark FROM guarantees \
             WHERE key_at <= $1 AND {condition} AND sealed_mark IS NOT NULL) opened \
             JOIN guarantees sealed ON sealed.platform = opened.platform \
             AND sealed.sealed_mark = opened.sealed_mark \
             WHERE sealed.stage = 'issued' AND sealed.key_at IS NULL AND sealed.sealed_mark IS NOT NULL \
             GROUP BY opened.platform, opened.section_mark, opened.sealed_mark"
        )
    );
    let failed: Vec<Failed> = counted!(
        connection,
        scope,
        now,
        format!(
            "SELECT opened.platform AS platform, opened.section_mark AS section_mark, count(*) AS many \
             FROM jobs job JOIN guarantees opened ON opened.id = job.lane \
             WHERE job.state = 'dead' AND opened.key_at <= $1 AND {} \
             GROUP BY opened.platform, opened.section_mark",
            condition.replace("key_at", "opened.key_at").replace("platform =", "opened.platform =")
        )
    );
    let mut medians: BTreeMap<Key, i64> =
        medians.into_iter().map(|it| ((it.platform, it.section_mark), it.median)).collect();
    let mut failed: BTreeMap<Key, i64> =
        failed.into_iter().map(|it| ((it.platform, it.section_mark), it.many)).collect();
    let mut sections = Vec::with_capacity(tallies.len());
    for tally in tallies {
        let key = (tally.platform.clone(), tally.section_mark.clone());
        let of_section = missing.iter().filter(|it| it.platform == key.0 && it.section_mark == key.1);
        sections.push(OpenedSection {
            missing: of_section.clone().map(|it| number(it.many)).sum(),
            refused: of_section.clone().map(|it| number(it.refused)).sum(),
            sealed: of_section.map(|it| it.sealed_mark.clone()).collect(),
            failed: number(failed.remove(&key).unwrap_or(0)),
            median: medians.remove(&key).map(SignedDuration::from_micros),
            ..opened(tally)?
        });
    }
    Ok(sections)
}

/// What a tally tells by itself.
fn opened(tally: Tally) -> Result<OpenedSection, StoreError> {
    let row = tally.section_mark.clone().unwrap_or_default();
    let at = |micros| optional_from_micros(TABLE, &row, micros);
    Ok(OpenedSection {
        received: number(tally.received),
        restored: number(tally.restored),
        delivered: number(tally.delivered),
        due: number(tally.due),
        overdue: number(tally.overdue),
        missing: 0,
        refused: 0,
        sealed: Vec::new(),
        failed: 0,
        opened_at: at(tally.opened)?,
        first_key_at: from_micros(TABLE, &row, tally.first_key)?,
        last_key_at: from_micros(TABLE, &row, tally.last_key)?,
        last_delivered_at: at(tally.last_delivered)?,
        oldest_due: at(tally.oldest_due)?,
        median: None,
        slowest: tally.slowest.map(SignedDuration::from_micros),
        section: tally.section_mark.as_deref().and_then(SectionMark::parse),
        platform: PlatformId::new(tally.platform),
    })
}

/// What happened in a time with openings as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Keys that came, plaintext letters that were sealed, those that were delivered.
    pub received: u64,
    pub restored: u64,
    pub delivered: u64,
    /// Letters that are due now, whenever their keys came, and those whose time is over.
    pub due: u64,
    pub overdue: u64,
    /// When the key came of the one that is due for longest.
    pub oldest_due: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct Sums {
    #[diesel(sql_type = BigInt)]
    received: i64,
    #[diesel(sql_type = BigInt)]
    restored: i64,
    #[diesel(sql_type = BigInt)]
    delivered: i64,
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = BigInt)]
    due: i64,
    #[diesel(sql_type = BigInt)]
    overdue: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    oldest: Option<i64>,
}

/// A letter that was delivered so much later than its key came counts for no day any more.
const LATEST: SignedDuration = SignedDuration::from_hours(48);

/// # Errors
/// When the database fails or a row can't be read.
pub fn totals(connection: &mut Connection, day: Day, now: Timestamp) -> Result<Totals, StoreError> {
    let within = |column: &str| format!("count(CASE WHEN {column} >= $1 AND {column} < $2 THEN 1 END)");
    let sums = format!(
        "SELECT {} AS received, {} AS restored, {} AS delivered FROM guarantees \
         WHERE key_at IS NOT NULL AND key_at >= $3 AND key_at < $2",
        within("key_at"),
        within("restored_at"),
        within("handed_over_at")
    );
    let earliest = day.from.checked_sub(LATEST).unwrap_or(day.from);
    let sums: Sums = on!(connection, |link| sql_query(sums)
        .bind::<BigInt, _>(to_micros(day.from))
        .bind::<BigInt, _>(to_micros(day.until))
        .bind::<BigInt, _>(to_micros(earliest))
        .get_result(link))?;
    let due = "SELECT count(*) AS due, count(CASE WHEN deadline < $1 THEN 1 END) AS overdue, min(key_at) AS oldest \
               FROM guarantees WHERE deadline IS NOT NULL";
    let due: Due = on!(connection, |link| sql_query(due).bind::<BigInt, _>(to_micros(now)).get_result(link))?;
    Ok(Totals {
        received: number(sums.received),
        restored: number(sums.restored),
        delivered: number(sums.delivered),
        due: number(due.due),
        overdue: number(due.overdue),
        oldest_due: optional_from_micros(TABLE, "", due.oldest)?,
    })
}

pub(super) fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

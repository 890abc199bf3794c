//! What statements and reconciliations ask: what happened on a platform's guarantees in a time, and what is known of the
//! guarantees that somebody names. All of it stands in columns that are not sealed.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::events::Entry;
use super::schema::{events, guarantees};
use super::time::{from_micros, to_micros};
use crate::domain::Event;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::domain::money::Fen;
use crate::domain::party::Party;

/// What stands of a guarantee in columns that never change once it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: GuaranteeId,
    pub application: ApplicationNumber,
    pub number: Option<GuaranteeNumber>,
    pub applicant: Party,
    pub amount: Fen,
}

/// An event with the guarantee that it happened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    pub guarantee: Known,
    pub place: Place,
    pub event: Event,
}

/// Where an event stands among all: by its time, and among those of one instant by its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub at: Timestamp,
    pub id: String,
}

/// Which events to read: those of some kinds, by their stable names, from one moment to another, the second one not
/// included.
#[derive(Clone, Debug)]
pub struct Span {
    pub platform: PlatformId,
    pub kinds: &'static [&'static str],
    pub from: Timestamp,
    pub until: Timestamp,
}

/// A page of a span's events, oldest first; those behind a place, where one is given.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn happened(
    connection: &mut Connection,
    span: &Span,
    behind: Option<&Place>,
    limit: u32,
) -> Result<Vec<Happened>, StoreError> {
    let rows: Vec<(KnownRow, (String, i64, String))> = on!(connection, |link| {
        let within = events::at.ge(to_micros(span.from)).and(events::at.lt(to_micros(span.until)));
        let wanted = events::platform.eq(span.platform.as_str()).and(within);
        let joined = events::table.inner_join(guarantees::table.on(guarantees::id.eq(events::guarantee_id)));
        let mut query = joined.filter(wanted.and(events::kind.eq_any(span.kinds))).into_boxed();
        if let Some(behind) = behind {
            let (at, id) = (to_micros(behind.at), behind.id.as_str());
            query = query.filter(events::at.gt(at).or(events::at.eq(at).and(events::id.gt(id))));
        }
        let query = query.order((events::at, events::id)).limit(i64::from(limit));
        query.select((KnownRow::as_select(), (events::id, events::at, events::body))).load(link)
    })?;
    let happened = |(known, (id, at, body)): (KnownRow, (String, i64, String))| {
        Ok(Happened {
            guarantee: known_of(known)?,
            event: event_of(&id, &body)?,
            place: Place { at: from_micros("events", &id, at)?, id },
        })
    };
    rows.into_iter().map(happened).collect()
}

/// The timelines of some guarantees up to a moment, one after the other, each in order.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn histories(
    connection: &mut Connection,
    guarantees: &[GuaranteeId],
    until: Timestamp,
) -> Result<Vec<Entry>, StoreError> {
    let ids = guarantees.iter().map(GuaranteeId::as_str);
    let told = events::guarantee_id.eq_any(ids).and(events::at.lt(to_micros(until)));
    let query = events::table.filter(told).order((events::guarantee_id, events::number));
    let query = query.select((
        (events::id, events::guarantee_id, events::platform),
        (events::number, events::at, events::body),
    ));
    let rows: Vec<HistoryRow> = on!(connection, |link| query.load(link))?;
    let entry = |((id, guarantee, platform), (number, at, body)): HistoryRow| {
        Ok(Entry {
            at: from_micros("events", &id, at)?,
            event: event_of(&id, &body)?,
            guarantee: GuaranteeId::new(guarantee),
            platform: PlatformId::new(platform),
            number,
        })
    };
    rows.into_iter().map(entry).collect()
}

type HistoryRow = ((String, String, String), (i64, i64, String));

/// A platform's guarantees that have one of these numbers, whatever became of them.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn with_numbers(
    connection: &mut Connection,
    platform: &PlatformId,
    numbers: &[GuaranteeNumber],
) -> Result<Vec<Known>, StoreError> {
    let named = guarantees::guarantee_number.eq_any(numbers.iter().map(GuaranteeNumber::as_str));
    let query = guarantees::table.filter(guarantees::platform.eq(platform.as_str()).and(named));
    let rows: Vec<KnownRow> = on!(connection, |link| query.select(KnownRow::as_select()).load(link))?;
    rows.into_iter().map(known_of).collect()
}

/// A platform's guarantees that were applied for under one of these numbers, whatever became of them.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn with_applications(
    connection: &mut Connection,
    platform: &PlatformId,
    applications: &[ApplicationNumber],
) -> Result<Vec<Known>, StoreError> {
    let named = guarantees::application_number.eq_any(applications.iter().map(ApplicationNumber::as_str));
    let query = guarantees::table.filter(guarantees::platform.eq(platform.as_str()).and(named));
    let rows: Vec<KnownRow> = on!(connection, |link| query.select(KnownRow::as_select()).load(link))?;
    rows.into_iter().map(known_of).collect()
}

/// # Errors
/// When the database fails or a row can't be read.
pub fn with_ids(connection: &mut Connection, ids: &[GuaranteeId]) -> Result<Vec<Known>, StoreError> {
    let query = guarantees::table.filter(guarantees::id.eq_any(ids.iter().map(GuaranteeId::as_str)));
    let rows: Vec<KnownRow> = on!(connection, |link| query.select(KnownRow::as_select()).load(link))?;
    rows.into_iter().map(known_of).collect()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = guarantees)]
struct KnownRow {
    id: String,
    application_number: String,
    guarantee_number: Option<String>,
    applicant_name: String,
    applicant_code: String,
    amount: i64,
}

fn known_of(row: KnownRow) -> Result<Known, StoreError> {
    let amount = Fen::new(row.amount).map_err(|error| StoreError::damaged("guarantees", &row.id, error))?;
    Ok(Known {
        id: GuaranteeId::new(row.id),
        application: ApplicationNumber::new(row.application_number),
        number: row.guarantee_number.map(GuaranteeNumber::new),
        applicant: Party { name: row.applicant_name, code: row.applicant_code },
        amount,
    })
}

fn event_of(id: &str, body: &str) -> Result<Event, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::damaged("events", id, error))
}

//! Alarms: one row for each time that a condition came to hold. Of one rule about one subject, one is open at most, however
//! many replicas see it.

use diesel::dsl::count_star;
use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::alarms::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};

const TABLE: &str = "alarms";

/// How soon people have to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// During the day.
    Warning,
    /// Now, whatever the hour.
    Page,
}

impl Severity {
    pub const ALL: [Self; 2] = [Self::Warning, Self::Page];

    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Page => "page",
        }
    }
}

/// What an alarm is about. At most one alarm of each is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// The rule's name, a word of the code.
    pub rule: String,
    /// A platform, a certificate, a folder; empty where it is about the gateway as a whole.
    pub subject: String,
    /// The process that sees it, where others may not; empty where all see the same.
    pub replica: String,
}

/// An alarm, open or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub id: String,
    pub about: About,
    pub severity: Severity,
    /// What the rule compares, when it was seen last, in the rule's unit.
    pub figure: i64,
    pub raised_at: Timestamp,
    pub seen_at: Timestamp,
    /// When people were told last that it is open.
    pub told_at: Timestamp,
    pub escalated_at: Option<Timestamp>,
    /// When, and by whom.
    pub acknowledged: Option<(Timestamp, String)>,
    pub recovered_at: Option<Timestamp>,
}

/// Which alarms to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub rule: Option<String>,
    pub subject: Option<String>,
    /// Those that are open, or over; all, where None.
    pub is_open: Option<bool>,
    /// The last one of the page before: its `raised_at` and id.
    pub behind: Option<(Timestamp, String)>,
    pub limit: u32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = alarms)]
struct Row {
    id: String,
    rule: String,
    subject: String,
    replica: String,
    severity: String,
    figure: i64,
    raised_at: i64,
    seen_at: i64,
    told_at: i64,
    escalated_at: Option<i64>,
    acknowledged_at: Option<i64>,
    acknowledged_by: Option<String>,
    recovered_at: Option<i64>,
}

/// Opens an alarm and yields its id; None where one of the same is open. Where another replica opens it at the same time, it
/// is [`Duplicate`](StoreError::Duplicate) for one of the two, and open when looked for again.
///
/// # Errors
/// When the database fails.
pub fn raise(
    connection: &mut Connection,
    about: &About,
    severity: Severity,
    figure: i64,
    at: Timestamp,
) -> Result<Option<String>, StoreError> {
    let same =
        dsl::rule.eq(&about.rule).and(dsl::subject.eq(&about.subject)).and(dsl::replica.eq(&about.replica));
    let open = alarms::table.filter(same.and(dsl::recovered_at.is_null())).select(count_star());
    let open: i64 = on!(connection, |link| open.first(link))?;
    if open > 0 {
        return Ok(None);
    }
    let (id, at) = (uuid::Uuid::now_v7().to_string(), to_micros(at));
    let row = (
        dsl::id.eq(&id),
        dsl::rule.eq(&about.rule),
        dsl::subject.eq(&about.subject),
        dsl::replica.eq(&about.replica),
        dsl::severity.eq(severity.name()),
        dsl::figure.eq(figure),
        dsl::raised_at.eq(at),
        dsl::seen_at.eq(at),
        dsl::told_at.eq(at),
    );
    on!(connection, |link| diesel::insert_into(alarms::table).values(row).execute(link))?;
    Ok(Some(id))
}

/// Notes that the condition of an open alarm still holds.
///
/// # Errors
/// When the database fails.
pub fn see(connection: &mut Connection, id: &str, figure: i64, at: Timestamp) -> Result<(), StoreError> {
    let open = alarms::table.find(id).filter(dsl::recovered_at.is_null());
    let seen = (dsl::figure.eq(figure), dsl::seen_at.eq(to_micros(at)));
    on!(connection, |link| diesel::update(open).set(seen).execute(link))?;
    Ok(())
}

/// Ends an open alarm that nobody has seen since `seen`; false where somebody has, or it is over.
///
/// # Errors
/// When the database fails.
pub fn recover(
    connection: &mut Connection,
    id: &str,
    seen: Timestamp,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let unseen = dsl::recovered_at.is_null().and(dsl::seen_at.le(to_micros(seen)));
    let open = alarms::table.find(id).filter(unseen);
    let over = dsl::recovered_at.eq(Some(to_micros(at)));
    Ok(on!(connection, |link| diesel::update(open).set(over).execute(link))? == 1)
}

/// Notes that people are told once more; false where another replica does so, or it is over or acknowledged.
///
/// # Errors
/// When the database fails.
pub fn remind(
    connection: &mut Connection,
    id: &str,
    told: Timestamp,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let waits = dsl::recovered_at.is_null().and(dsl::acknowledged_at.is_null());
    let open = alarms::table.find(id).filter(waits.and(dsl::told_at.eq(to_micros(told))));
    let now = dsl::told_at.eq(to_micros(at));
    Ok(on!(connection, |link| diesel::update(open).set(now).execute(link))? == 1)
}

/// Notes that others are told; false where they were, or it is over or acknowledged.
///
/// # Errors
/// When the database fails.
pub fn escalate(connection: &mut Connection, id: &str, at: Timestamp) -> Result<bool, StoreError> {
    let waits =
        dsl::recovered_at.is_null().and(dsl::acknowledged_at.is_null()).and(dsl::escalated_at.is_null());
    let open = alarms::table.find(id).filter(waits);
    let now = dsl::escalated_at.eq(Some(to_micros(at)));
    Ok(on!(connection, |link| diesel::update(open).set(now).execute(link))? == 1)
}

/// Notes that somebody has taken an open alarm on; false where somebody has already, or it is over or unknown.
///
/// # Errors
/// When the database fails.
pub fn acknowledge(
    connection: &mut Connection,
    id: &str,
    by: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let waits = dsl::recovered_at.is_null().and(dsl::acknowledged_at.is_null());
    let open = alarms::table.find(id).filter(waits);
    let taken = (dsl::acknowledged_at.eq(Some(to_micros(at))), dsl::acknowledged_by.eq(Some(by)));
    Ok(on!(connection, |link| diesel::update(open).set(taken).execute(link))? == 1)
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<Alarm>, StoreError> {
    let query = alarms::table.find(id);
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(alarm_of).transpose()
}

/// Those that are open, the first one raised first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn open(connection: &mut Connection) -> Result<Vec<Alarm>, StoreError> {
    let query = alarms::table.filter(dsl::recovered_at.is_null()).order((dsl::raised_at, dsl::id));
    let rows: Vec<Row> = on!(connection, |link| query.select(Row::as_select()).load(link))?;
    rows.into_iter().map(alarm_of).collect()
}

/// # Errors
/// When the database fails or a row can't be read.
pub fn list(connection: &mut Connection, filter: &Filter) -> Result<Vec<Alarm>, StoreError> {
    let rows: Vec<Row> = on!(connection, |link| {
        let mut query = alarms::table.order((dsl::raised_at.desc(), dsl::id.desc())).into_boxed();
        if let Some(rule) = &filter.rule {
            query = query.filter(dsl::rule.eq(rule));
        }
        if let Some(subject) = &filter.subject {
            query = query.filter(dsl::subject.eq(subject));
        }
        query = match filter.is_open {
            Some(true) => query.filter(dsl::recovered_at.is_null()),
            Some(false) => query.filter(dsl::recovered_at.is_not_null()),
            None => query,
        };
        if let Some((at, id)) = &filter.behind {
            let same = dsl::raised_at.eq(to_micros(*at)).and(dsl::id.lt(id));
            query = query.filter(dsl::raised_at.lt(to_micros(*at)).or(same));
        }
        query.select(Row::as_select()).limit(i64::from(filter.limit)).load(link)
    })?;
    rows.into_iter().map(alarm_of).collect()
}

fn alarm_of(row: Row) -> Result<Alarm, StoreError> {
    let (id, time) = (row.id, |id: &str, micros| from_micros(TABLE, id, micros));
    let severity = Severity::ALL.into_iter().find(|severity| severity.name() == row.severity);
    let severity = severity
        .ok_or_else(|| StoreError::damaged(TABLE, &id, format!("unknown severity `{}`", row.severity)))?;
    let acknowledged_at = optional_from_micros(TABLE, &id, row.acknowledged_at)?;
    Ok(Alarm {
        about: About { rule: row.rule, subject: row.subject, replica: row.replica },
        severity,
        figure: row.figure,
        raised_at: time(&id, row.raised_at)?,
        seen_at: time(&id, row.seen_at)?,
        told_at: time(&id, row.told_at)?,
        escalated_at: optional_from_micros(TABLE, &id, row.escalated_at)?,
        acknowledged: acknowledged_at.map(|at| (at, row.acknowledged_by.unwrap_or_default())),
        recovered_at: optional_from_micros(TABLE, &id, row.recovered_at)?,
        id,
    })
}

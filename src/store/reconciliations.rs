//! Statements of platforms as they were imported, with what differs from ours, what people said about it, and who signed.
//!
//! A file is imported once for a day; another file for the same day stands beside the older ones, and the last one is
//! current. What was signed changes no more: each change asks in its own statement that nobody has signed meanwhile.

mod rows;
mod unexplained;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use diesel::dsl::max;
use diesel::prelude::*;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::{differences, reconciliations, remarks};
use super::time::to_micros;
use crate::crypto::sm3;
use crate::domain::identity::{ApplicationNumber, DocumentDigest, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::domain::money::Fen;

pub use unexplained::{open_differences, open_differences_before};

use rows::{DifferenceRow, ReconciliationRow, difference_of, reconciliation_of, sealed};

const TABLE: &str = "reconciliations";

/// Rows that one statement inserts: SQLite takes 32,766 values.
const CHUNK: usize = 1000;

/// The id of a reconciliation: a UUID version 7, made by the gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReconciliationId(String);

impl ReconciliationId {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReconciliationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// In which way the platform's statement differs from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// We have it that day, and the platform's statement does not name it.
    OnlyOurs,
    /// We have no such guarantee at all.
    OnlyTheirs,
    /// One application, two guarantee numbers.
    Number,
    Amount,
    Premium,
    State,
    /// Both have it, on different days; or ours lies at midnight, and theirs may follow the day after.
    Date,
    /// The platform's statement names it more than once.
    Duplicate,
}

impl DifferenceKind {
    pub const ALL: [Self; 8] = [
        Self::OnlyOurs,
        Self::OnlyTheirs,
        Self::Number,
        Self::Amount,
        Self::Premium,
        Self::State,
        Self::Date,
        Self::Duplicate,
    ];

    /// The stable name, as stored and as a metric's label.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnlyOurs => "only-ours",
            Self::OnlyTheirs => "only-theirs",
            Self::Number => "number",
            Self::Amount => "amount",
            Self::Premium => "premium",
            Self::State => "state",
            Self::Date => "date",
            Self::Duplicate => "duplicate",
        }
    }

    /// How people call it, in Chinese.
    pub fn title(self) -> &'static str {
        match self {
            Self::OnlyOurs => "仅我方有",
            Self::OnlyTheirs => "仅对方有",
            Self::Number => "保函编号不符",
            Self::Amount => "金额不符",
            Self::Premium => "保费不符",
            Self::State => "状态不符",
            Self::Date => "日期不符",
            Self::Duplicate => "对方重复",
        }
    }
}

/// What one side says of a guarantee; what it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    pub application: Option<ApplicationNumber>,
    pub number: Option<GuaranteeNumber>,
    pub applicant: Option<String>,
    pub amount: Option<Fen>,
    pub premium: Option<Fen>,
    /// In that side's own words.
    pub state: Option<String>,
    /// The day in China under which that side lists it.
    pub date: Option<Date>,
    /// When it happened with us.
    pub at: Option<Timestamp>,
    /// The line of the platform's file.
    pub line: Option<u64>,
}

/// A difference that has just been found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: DifferenceKind,
    /// Ours, where we have it.
    pub guarantee: Option<GuaranteeId>,
    pub ours: Option<Side>,
    pub theirs: Option<Side>,
}

/// A stored difference; numbers count from 1 within a reconciliation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub number: u32,
    pub finding: Finding,
    pub remarks: Vec<Remark>,
}

/// What somebody said about a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub by: String,
    pub text: String,
    pub at: Timestamp,
}

/// Who took note of a reconciliation as it is, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub by: String,
    pub remark: Option<String>,
    pub at: Timestamp,
}

/// A platform's statement that was compared with ours and is to be kept.
#[derive(Clone, Debug)]
pub struct NewReconciliation {
    pub platform: PlatformId,
    pub day: Date,
    pub import: Import,
    pub digest: DocumentDigest,
    pub findings: Vec<Finding>,
    pub at: Timestamp,
}

/// Who imported which file, and how much was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The file's name, without folders.
    pub file: String,
    pub by: String,
    /// Guarantees in the platform's file, each row counted.
    pub theirs: u64,
    /// Guarantees that we expected in it.
    pub ours: u64,
    /// What the file says beside a guarantee's number, by the names of the settings' keys.
    pub compared: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    pub id: ReconciliationId,
    pub platform: PlatformId,
    pub day: Date,
    /// Counts the files of this day from 1.
    pub generation: u32,
    /// The reconciliation of the next file of this day; the current one has none.
    pub superseded_by: Option<ReconciliationId>,
    pub import: Import,
    pub digest: DocumentDigest,
    pub imported_at: Timestamp,
    /// How many differences there are of each kind that there are any of.
    pub differences: BTreeMap<DifferenceKind, u64>,
    /// Differences that nobody has said anything about.
    pub unexplained: u64,
    pub signature: Option<Signature>,
}

impl Reconciliation {
    /// Whether somebody has still to look at it: current, with differences that nobody explained or signed for.
    pub fn is_open(&self) -> bool {
        self.superseded_by.is_none() && self.signature.is_none() && self.unexplained > 0
    }
}

/// Which reconciliations to list, newest first, those of the past included.
#[derive(Clone, Debug)]
pub struct Filter {
    pub platform: Option<PlatformId>,
    pub day: Option<Date>,
    /// The last one of the page before.
    pub before: Option<ReconciliationId>,
    /// Only those that somebody has still to look at.
    pub open: bool,
    pub limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { platform: None, day: None, before: None, open: false, limit: 100 }
    }
}

/// The name under which a file is known: its SM3 digest.
pub fn digest(file: &[u8]) -> DocumentDigest {
    DocumentDigest::new(hex::encode(sm3::digest(file)))
}

/// Keeps a reconciliation, which from then on is the current one of its day.
///
/// # Errors
/// [`StoreError::Duplicate`] where the same file was imported for the same day before.
pub fn insert(connection: &mut Connection, new: &NewReconciliation) -> Result<ReconciliationId, StoreError> {
    let id = ReconciliationId(uuid::Uuid::now_v7().to_string());
    let day = new.day.to_string();
    let others = reconciliations::platform.eq(new.platform.as_str()).and(reconciliations::day.eq(&day));
    let last = reconciliations::table.filter(others).select(max(reconciliations::generation));
    let last: Option<i64> = on!(connection, |link| last.first(link))?;
    let row = (
        reconciliations::id.eq(id.as_str()),
        reconciliations::platform.eq(new.platform.as_str()),
        reconciliations::day.eq(&day),
        reconciliations::generation.eq(last.unwrap_or(0).saturating_add(1)),
        reconciliations::digest.eq(new.digest.as_str()),
        reconciliations::unexplained.eq(i64::try_from(new.findings.len()).unwrap_or(i64::MAX)),
        reconciliations::imported_at.eq(to_micros(new.at)),
        reconciliations::body.eq(sealed(connection, TABLE, id.as_str(), "body", &new.import)?),
    );
    on!(connection, |link| diesel::insert_into(reconciliations::table).values(&row).execute(link))?;
    let before = reconciliations::table.filter(others.and(reconciliations::generation.eq_any(last)));
    let superseded = reconciliations::superseded_by.eq(Some(id.as_str()));
    on!(connection, |link| diesel::update(before).set(superseded).execute(link))?;
    let mut number = 0_i64;
    for chunk in new.findings.chunks(CHUNK) {
        let mut rows = Vec::with_capacity(chunk.len());
        for finding in chunk {
            number = number.saturating_add(1);
            rows.push(rows::of_finding(connection, &id, number, finding)?);
        }
        on!(connection, |link| diesel::insert_into(differences::table).values(&rows).execute(link))?;
    }
    Ok(id)
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(
    connection: &mut Connection,
    id: &ReconciliationId,
) -> Result<Option<Reconciliation>, StoreError> {
    let query = reconciliations::table.find(id.as_str());
    let row = on!(connection, |link| query.select(ReconciliationRow::as_select()).first(link).optional())?;
    row.map(|row| reconciliation_of(connection, row)).transpose()
}

/// The reconciliation of a file that was imported for this day before, current or not.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn find_by_file(
    connection: &mut Connection,
    platform: &PlatformId,
    day: Date,
    digest: &DocumentDigest,
) -> Result<Option<Reconciliation>, StoreError> {
    let named = reconciliations::platform.eq(platform.as_str()).and(reconciliations::day.eq(day.to_string()));
    let query = reconciliations::table.filter(named.and(reconciliations::digest.eq(digest.as_str())));
    let row = on!(connection, |link| query.select(ReconciliationRow::as_select()).first(link).optional())?;
    row.map(|row| reconciliation_of(connection, row)).transpose()
}

/// The reconciliation of the last file that was imported for this day.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn current(
    connection: &mut Connection,
    platform: &PlatformId,
    day: Date,
) -> Result<Option<Reconciliation>, StoreError> {
    let named = reconciliations::platform.eq(platform.as_str()).and(reconciliations::day.eq(day.to_string()));
    let query = reconciliations::table.filter(named).order(reconciliations::generation.desc());
    let row = on!(connection, |link| query.select(ReconciliationRow::as_select()).first(link).optional())?;
    row.map(|row| reconciliation_of(connection, row)).transpose()
}

/// # Errors
/// When the database fails or a row can't be read.
pub fn list(connection: &mut Connection, filter: &Filter) -> Result<Vec<Reconciliation>, StoreError> {
    let rows: Vec<ReconciliationRow> = on!(connection, |link| {
        let mut query = reconciliations::table.select(ReconciliationRow::as_select()).into_boxed();
        if let Some(platform) = &filter.platform {
            query = query.filter(reconciliations::platform.eq(platform.as_str()));
        }
        if let Some(day) = filter.day {
            query = query.filter(reconciliations::day.eq(day.to_string()));
        }
        if let Some(before) = &filter.before {
            query = query.filter(reconciliations::id.lt(before.as_str()));
        }
        if filter.open {
            let current = reconciliations::signed_at.is_null().and(reconciliations::superseded_by.is_null());
            query = query.filter(current.and(reconciliations::unexplained.gt(0)));
        }
        query.order(reconciliations::id.desc()).limit(i64::from(filter.limit)).load(link)
    })?;
    rows.into_iter().map(|row| reconciliation_of(connection, row)).collect()
}

/// A page of a reconciliation's differences behind a number, in order, each with what was said about it.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn differences(
    connection: &mut Connection,
    id: &ReconciliationId,
    behind: u32,
    limit: u32,
) -> Result<Vec<Difference>, StoreError> {
    some_differences(connection, id, &WhichDifferences { behind, ..WhichDifferences::default() }, limit)
}

/// Which differences of a reconciliation to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WhichDifferences {
    /// All kinds, where none is given.
    pub kind: Option<DifferenceKind>,
    /// Only those about which nobody has said anything.
    pub unexplained: bool,
    /// Those behind this number.
    pub behind: u32,
}

/// A page of some of a reconciliation's differences, in order, each with what was said about it.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn some_differences(
    connection: &mut Connection,
    id: &ReconciliationId,
    which: &WhichDifferences,
    limit: u32,
) -> Result<Vec<Difference>, StoreError> {
    let rows = on!(connection, |link| {
        let page = differences::number.gt(i64::from(which.behind));
        let query = differences::table.filter(differences::reconciliation_id.eq(id.as_str()).and(page));
        let mut query = query.select(DifferenceRow::as_select()).into_boxed();
        if let Some(kind) = which.kind {
            query = query.filter(differences::kind.eq(kind.name()));
        }
        if which.unexplained {
            query = query.filter(differences::remarks.eq(0));
        }
        query.order(differences::number).limit(i64::from(limit)).load(link)
    })?;
    rows.into_iter().map(|row| difference_of(connection, row)).collect()
}

/// # Errors
/// When the database fails or a row can't be read.
pub fn difference(
    connection: &mut Connection,
    id: &ReconciliationId,
    number: u32,
) -> Result<Option<Difference>, StoreError> {
    let query = differences::table.find((id.as_str(), i64::from(number)));
    let row = on!(connection, |link| query.select(DifferenceRow::as_select()).first(link).optional())?;
    row.map(|row| difference_of(connection, row)).transpose()
}

/// The guarantees that a reconciliation says the two sides have on different days: those that the platform's file named,
/// and those of ours at midnight that it did not name.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn of_other_days(
    connection: &mut Connection,
    id: &ReconciliationId,
) -> Result<(BTreeSet<GuaranteeId>, BTreeSet<GuaranteeId>), StoreError> {
    let dated = differences::kind.eq(DifferenceKind::Date.name());
    let query = differences::table.filter(differences::reconciliation_id.eq(id.as_str()).and(dated));
    let query = query.order(differences::number);
    let rows = on!(connection, |link| query.select(DifferenceRow::as_select()).load(link))?;
    let (mut named, mut awaited) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let Finding { guarantee, theirs, .. } = rows::finding_of(connection, row)?;
        match (guarantee, theirs) {
            (Some(guarantee), None) => drop(awaited.insert(guarantee)),
            (Some(guarantee), Some(Side { line: Some(_), .. })) => drop(named.insert(guarantee)),
            // The file of yet another day named it.
            _ => {}
        }
    }
    Ok((named, awaited))
}

/// Adds a remark to a difference that was read with so many; the first one explains it.
///
/// # Errors
/// [`StoreError::Conflict`] where somebody has signed or remarked meanwhile; then nothing is written.
pub fn add_remark(
    connection: &mut Connection,
    id: &ReconciliationId,
    difference: &Difference,
    remark: &Remark,
) -> Result<(), StoreError> {
    let (key, before) = (i64::from(difference.number), difference.remarks.len());
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let explained = i64::from(before == 0);
    let unsigned = reconciliations::table.find(id.as_str()).filter(reconciliations::signed_at.is_null());
    let fewer = reconciliations::unexplained.eq(reconciliations::unexplained - explained);
    expect_one(on!(connection, |link| diesel::update(unsigned).set(fewer).execute(link))?)?;
    let read = differences::table.find((id.as_str(), key)).filter(differences::remarks.eq(before));
    let counted = differences::remarks.eq(before + 1);
    expect_one(on!(connection, |link| diesel::update(read).set(counted).execute(link))?)?;
    let place = rows::place_of_remark(id, key, before + 1);
    let body = sealed(connection, "remarks", &place, "body", &(&remark.by, &remark.text))?;
    let row = (
        remarks::reconciliation_id.eq(id.as_str()),
        remarks::difference.eq(key),
        remarks::number.eq(before + 1),
        remarks::at.eq(to_micros(remark.at)),
        remarks::body.eq(body),
    );
    on!(connection, |link| diesel::insert_into(remarks::table).values(row).execute(link))?;
    Ok(())
}

/// Signs a reconciliation that was read as it is given.
///
/// # Errors
/// [`StoreError::Conflict`] where it was signed or remarked upon meanwhile; then nothing is written.
pub fn sign(
    connection: &mut Connection,
    read: &Reconciliation,
    signature: &Signature,
) -> Result<(), StoreError> {
    let id = read.id.as_str();
    let body = sealed(connection, TABLE, id, "signature", &(&signature.by, &signature.remark))?;
    let unexplained = i64::try_from(read.unexplained).unwrap_or(i64::MAX);
    let unchanged = reconciliations::signed_at.is_null().and(reconciliations::unexplained.eq(unexplained));
    let row = reconciliations::table.find(id).filter(unchanged);
    let signed = (
        reconciliations::signed_at.eq(Some(to_micros(signature.at))),
        reconciliations::signature.eq(Some(body)),
    );
    expect_one(on!(connection, |link| diesel::update(row).set(signed).execute(link))?)
}

fn expect_one(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

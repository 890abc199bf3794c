//! Whether the trail is what the gateway wrote: every code computed anew, from the first entry or from one that was found
//! in order before.

use std::fmt;
use std::sync::Arc;

use diesel::prelude::*;
use serde::Serialize;

use super::TABLE;
use super::anchor::Anchors;
use super::chain::{self, GENESIS};
use super::row::Row;
use crate::store::Store;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::audit_entries::{self, dsl};

/// Entries that are looked at in one transaction, so that none lasts.
const PAGE: i64 = 500;

/// An entry up to which everything was in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    pub number: i64,
    #[serde(with = "super::anchor::in_hex")]
    pub mac: [u8; 32],
}

impl Checkpoint {
    /// Before the first entry.
    pub const BEGINNING: Self = Self { number: 0, mac: GENESIS };
}

/// What is wrong with an entry, or with the end of the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Its code is not that of what stands in it behind the entry before it.
    Changed,
    /// Its sealed detail does not open: it was changed, or comes from another entry.
    DetailUnreadable,
    /// There is no such entry, and there are later ones.
    Missing,
    /// The master key under which it was made is not in the file of the master key.
    UnknownKey,
    /// It stands behind the last one that the gateway wrote.
    Foreign,
    /// It was the last one, and is not there: the end was cut off.
    CutOff,
    /// The row that says which entry is the last was changed or removed.
    HeadChanged,
    /// It was noted outside of the database, and the trail ends before it: the end was cut off, or the database set back.
    CutOffBeforeAnchor,
    /// It has another code than was noted outside of the database: the end was cut off, and others were written since.
    Replaced,
}

impl Fault {
    /// As reports in JSON and the console's texts call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::DetailUnreadable => "detail-unreadable",
            Self::Missing => "missing",
            Self::UnknownKey => "unknown-key",
            Self::Foreign => "foreign",
            Self::CutOff => "cut-off",
            Self::HeadChanged => "head-changed",
            Self::CutOffBeforeAnchor => "cut-off-before-anchor",
            Self::Replaced => "replaced",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "was changed, or was never written behind the entry before it",
            Self::DetailUnreadable => {
                "has a sealed detail that does not open: changed, or taken from another entry"
            }
            Self::Missing => "is missing, and later ones are there",
            Self::UnknownKey => "was made under a master key that is not in the file of the master key",
            Self::Foreign => "stands behind the last one that the gateway wrote",
            Self::CutOff => "is missing, and was the last one: the end of the trail was cut off",
            Self::HeadChanged => "ought to be the last one, but the row that says so was changed or removed",
            Self::CutOffBeforeAnchor => {
                "is missing, and an anchor names it: the end was cut off, or the database set back"
            }
            Self::Replaced => "is another one than an anchor says: the end was cut off and written anew",
        })
    }
}

/// Something that is wrong, and with which entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub number: i64,
    pub fault: Fault,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} {}", self.number, self.fault)
    }
}

/// What a look at the trail found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Entries that are in order.
    pub entries: u64,
    /// The last one of these.
    pub last: Checkpoint,
    /// Entries whose anchors agree with them.
    pub anchors: u64,
    /// The first entry that is wrong, and what is wrong with the end of the trail: at most three findings.
    pub findings: Vec<Finding>,
}

impl Verdict {
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Looks through the trail behind `since` up to the entry that is the last one when the look begins. It reads a page at a
/// time and holds nobody up.
///
/// # Errors
/// When the database fails.
pub async fn verify(store: &Store, since: Checkpoint, anchors: Anchors) -> Result<Verdict, StoreError> {
    let end = store.read(end).await?;
    let anchors = Arc::new(anchors);
    let mut verdict = Verdict { entries: 0, last: since, anchors: 0, findings: Vec::new() };
    if since != Checkpoint::BEGINNING && !store.read(move |c| stands(c, since)).await? {
        let fault = if end.last < since.number { Fault::CutOffBeforeAnchor } else { Fault::Replaced };
        verdict.findings.push(Finding { number: since.number, fault });
        return Ok(verdict);
    }
    // Without a row that can be believed, what is there is looked at all the same.
    let until = end.head.map_or(end.last, |head| head.number);
    while verdict.last.number < until && verdict.findings.is_empty() {
        let (from, anchors) = (verdict.last, Arc::clone(&anchors));
        let page = store.read(move |connection| page(connection, from, until, &anchors)).await?;
        verdict.entries += page.entries;
        verdict.anchors += page.anchors;
        verdict.last = page.last;
        verdict.findings.extend(page.finding);
    }
    verdict.findings.extend(end.faults(&verdict, &anchors));
    Ok(verdict)
}

/// How the trail ends.
struct End {
    /// What the row says that names the last entry; None where it can't be believed.
    head: Option<Checkpoint>,
    /// The greatest number that there is; 0 where there is none.
    last: i64,
    /// Whether there is anything at all, the row included.
    is_begun: bool,
}

fn end(connection: &mut Connection) -> Result<End, StoreError> {
    let row = chain::head_row(connection)?;
    let last = chain::last_number(connection)?;
    let head = row.as_ref().and_then(|row| row.proven(connection));
    Ok(End {
        head: head.map(|head| Checkpoint { number: head.number, mac: head.mac }),
        last: last.unwrap_or(0),
        is_begun: row.is_some() || last.is_some(),
    })
}

impl End {
    /// What is wrong with it, after the entries before it were looked at.
    fn faults(&self, verdict: &Verdict, anchors: &Anchors) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut found = |number, fault| findings.push(Finding { number, fault });
        match self.head {
            None if self.is_begun => found(self.last, Fault::HeadChanged),
            Some(head) if self.last > head.number => found(head.number.saturating_add(1), Fault::Foreign),
            Some(head) if verdict.last.number == head.number && verdict.last.mac != head.mac => {
                found(head.number, Fault::Changed);
            }
            _ => {}
        }
        let end = self.head.map_or(self.last, |head| head.number);
        if let Some(anchored) = anchors.last().filter(|anchored| *anchored > end) {
            found(anchored, Fault::CutOffBeforeAnchor);
        }
        findings
    }
}

/// Whether an entry that was in order before is still there, with the same code.
fn stands(connection: &mut Connection, at: Checkpoint) -> Result<bool, StoreError> {
    let query = audit_entries::table.find(at.number).select(dsl::mac);
    let mac: Option<String> = on!(connection, |link| query.first(link).optional())?;
    Ok(mac == Some(hex::encode(at.mac)))
}

/// What a page of entries came to.
struct Page {
    entries: u64,
    anchors: u64,
    last: Checkpoint,
    finding: Option<Finding>,
}

fn page(
    connection: &mut Connection,
    from: Checkpoint,
    until: i64,
    anchors: &Anchors,
) -> Result<Page, StoreError> {
    let wanted = dsl::number.gt(from.number).and(dsl::number.le(until));
    let query = audit_entries::table.filter(wanted).order(dsl::number).limit(PAGE);
    let rows: Vec<Row> = on!(connection, |link| query.select(Row::as_select()).load(link))?;
    let mut page = Page { entries: 0, anchors: 0, last: from, finding: None };
    if rows.is_empty() {
        // All up to here was there when the look began, or ought to have been.
        page.finding = Some(Finding { number: from.number.saturating_add(1), fault: Fault::CutOff });
    }
    for row in rows {
        let next = page.last.number.saturating_add(1);
        if row.number != next {
            page.finding = Some(Finding { number: next, fault: Fault::Missing });
            break;
        }
        let mac = match recomputed(connection, &page.last.mac, &row) {
            Ok(mac) => mac,
            Err(fault) => {
                page.finding = Some(Finding { number: next, fault });
                break;
            }
        };
        let noted = anchors.of(next);
        if noted.iter().any(|noted| *noted != mac) {
            page.finding = Some(Finding { number: next, fault: Fault::Replaced });
            break;
        }
        page.anchors += u64::from(!noted.is_empty());
        page.entries += 1;
        page.last = Checkpoint { number: next, mac };
    }
    Ok(page)
}

/// The code of an entry, from what stands in its columns; it is the one that the row bears.
fn recomputed(connection: &Connection, previous: &[u8; 32], row: &Row) -> Result<[u8; 32], Fault> {
    let number = row.number.to_string();
    let detail = connection.unseal(TABLE, &number, "detail", &row.detail);
    let detail = detail.map_err(|_| Fault::DetailUnreadable)?;
    let mac = chain::code(connection, previous, row, &detail).ok_or(Fault::UnknownKey)?;
    if hex::encode(mac) == row.mac { Ok(mac) } else { Err(Fault::Changed) }
}

//! The audit trail: who did what, when, from where, to what.
//!
//! Entries are numbered without gaps, and each bears a code over itself and over the code before it, under a key that
//! is one of the data keys: nobody changes, removes or slips in an entry unseen who has no more than the database.
//!
//! ```text
//! code(n) = HMAC-SM3(auditing key, code(n-1) ‖ length‖label ‖ length‖field ‖ …)     code(0) = 32 zero bytes
//! fields  = number, time, actor (kind, id, name), address, action, subject (kind, id), detail, before, after, key id
//! ```
//!
//! Lengths are eight bytes; a field that is missing is eight bytes of ones. Numbers are decimal texts. The detail goes in as
//! it was before it was sealed.
//!
//! Whoever can set the whole database back to an older state removes the end of the trail, and nothing inside shows that.
//! Hence [anchors](Anchor): number and code of the last entry, noted outside of the database every few seconds.

mod anchor;
pub mod anchor_file;
mod chain;
mod list;
mod marks;
mod options;
mod row;
mod verify;

use std::net::IpAddr;

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::{audit_entries, audit_head};

pub use anchor::{ANCHOR_MESSAGE, ANCHOR_TARGET, Anchor, Anchors};
pub use chain::{Head, head, reseal};
pub use list::{Filter, find, list};
pub use marks::{Mark, MarkKind, last_mark, mark};
pub use options::AuditOptions;
pub use row::{ActorKind, Record};
pub use verify::{Checkpoint, Fault, Finding, Verdict, verify};

const TABLE: &str = "audit_entries";

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody signed in to the console.
    Operator { id: String, name: String },
    /// The institution's core system, under one of its keys.
    CoreSystem { client: String, key: String },
    /// Somebody at the command line of the machine, by the name of the account.
    CommandLine { account: String },
    /// The gateway itself, when a time is over.
    House,
    /// Somebody who is not signed in: an attempt to.
    Stranger,
}

/// An act, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub actor: Actor,
    /// Where the request came from; None at the command line.
    pub address: Option<IpAddr>,
    /// What was done, in words with dots: `session.begin`, `job.retry`, `proposal.approve`.
    pub action: &'static str,
    /// To what: a kind and an id, such as `guarantee` and its id.
    pub subject: (&'static str, String),
    /// What else is worth knowing; no secret and no plaintext of a sealed section. It is stored sealed.
    pub detail: serde_json::Value,
    /// The SM3 digest (hex) of what was there before and after, where the act changed something that has one.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Adds an entry to the end of the trail, in the transaction of the act; yields its number. From here to the commit nobody
/// else appends, so this is best the last thing that a transaction does.
///
/// # Errors
/// When the database fails. [`StoreError::Damaged`] where somebody else than the gateway changed the end of the trail: what
/// can't be recorded is not done, until [`reseal`] has been called.
pub fn append(connection: &mut Connection, entry: &Entry, at: Timestamp) -> Result<i64, StoreError> {
    let before = chain::advance(connection)?;
    let number = before.as_ref().map_or(0, |head| head.number).saturating_add(1);
    let previous = before.as_ref().map_or(chain::GENESIS, |head| head.mac);
    let detail = entry.detail.to_string();
    let mut row = row::Row::of(entry, number, at, hex::encode(connection.linking_id()));
    let mac = chain::code(connection, &previous, &row, detail.as_bytes())
        .ok_or_else(|| StoreError::damaged(TABLE, &row.number.to_string(), "no key to link it with"))?;
    row.mac = hex::encode(mac);
    row.detail = connection.seal(TABLE, &number.to_string(), "detail", detail.as_bytes());
    let inserted = diesel::insert_into(audit_entries::table).values(&row);
    on!(connection, |link| inserted.execute(link))?;
    let head = chain::HeadRow::of(connection, number, &row.mac)?;
    match before {
        Some(_) => {
            let known = diesel::update(audit_head::table.find(chain::HEAD)).set(&head);
            on!(connection, |link| known.execute(link))?
        }
        None => {
            let first = diesel::insert_into(audit_head::table).values(&head);
            on!(connection, |link| first.execute(link))?
        }
    };
    Ok(number)
}

//! What can go wrong with the store, told apart by what the caller does about it.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use crate::domain::Refusal;

/// Cloneable, because one failed commit answers every request that was in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// More work is waiting than the store takes in; ask again later (HTTP 503).
    #[error("the store is busy: {0}")]
    Busy(String),
    /// The database or its disk can't be reached. Nothing is known of the write that met this: repeat it, since
    /// writes are idempotent.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A row with the same unique key is there already.
    #[error("{0} exists already")]
    Duplicate(Constraint),
    /// Somebody else changed the row after it was read.
    #[error("the row was changed by somebody else")]
    Conflict,
    /// The database gave up this transaction in favour of another one; a repetition succeeds.
    #[error("another transaction came first: {0}")]
    Contended(String),
    /// The job belongs to another worker by now; nothing of this attempt may be written.
    #[error("the lease of job `{0}` was lost")]
    LeaseLost(String),
    /// The domain refused, which undoes the transaction.
    #[error("{0}")]
    Refused(Refusal),
    /// A stored row can't be read: not sealed by this keyring, or not of the expected shape.
    #[error("{table} `{row}`: {detail}")]
    Damaged { table: &'static str, row: String, detail: String },
    /// The work panicked; its writes are undone.
    #[error("work in the store panicked: {0}")]
    Panicked(String),
    /// The settings name a database that this program can't use.
    #[error("{0}")]
    Unusable(String),
    /// Any other error of the database: a mistake of ours.
    #[error("the database refused a statement: {0}")]
    Statement(String),
}

/// The unique keys, by the names that the migrations give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Constraint {
    #[error("an application with this number")]
    Application,
    #[error("a guarantee with this number")]
    GuaranteeNumber,
    #[error("a binding of this business key")]
    Binding,
    #[error("an event with this number")]
    EventNumber,
    #[error("a job at this place of its lane")]
    LanePosition,
    #[error("a delivery of this letter")]
    Delivery,
    #[error("a mark of this message")]
    Replay,
    #[error("a row with this key")]
    Other,
}

/// Constraint, the name that PostgreSQL reports, and the columns that SQLite reports instead.
const CONSTRAINTS: [(Constraint, &str, &str); 7] = [
    (
        Constraint::Application,
        "guarantees_application_unique",
        "guarantees.platform, guarantees.application_number",
    ),
    (
        Constraint::GuaranteeNumber,
        "guarantees_number_unique",
        "guarantees.platform, guarantees.guarantee_number",
    ),
    (Constraint::Binding, "bindings_pk", "bindings.platform, bindings.interface, bindings.business_key"),
    (Constraint::EventNumber, "events_number_unique", "events.guarantee_id, events.number"),
    (Constraint::LanePosition, "jobs_position_unique", "jobs.lane, jobs.position"),
    (Constraint::Delivery, "deliveries_pk", "deliveries.guarantee_id, deliveries.letter"),
    (Constraint::Replay, "replays_pk", "replays.mark"),
];

impl Constraint {
    fn named(info: &dyn DatabaseErrorInformation) -> Self {
        let columns = info.message().strip_prefix("UNIQUE constraint failed: ");
        let found = CONSTRAINTS.iter().find(|(_, name, listed)| match info.constraint_name() {
            Some(constraint) => constraint == *name,
            None => columns == Some(listed),
        });
        found.map_or(Self::Other, |(constraint, ..)| *constraint)
    }
}

/// SQLite's texts for trouble with the disk or the memory rather than with the statement (sqlite3ErrStr). After one
/// of these, SQLite may have rolled back the whole transaction by itself.
const SQLITE_TROUBLE: [&str; 9] = [
    "disk I/O error",
    "database or disk is full",
    "out of memory",
    "database disk image is malformed",
    "file is not a database",
    "attempt to write a readonly database",
    "unable to open database file",
    "locking protocol",
    "interrupted",
];

/// PostgreSQL's text for a deadlock (SQLSTATE 40P01, which diesel does not pass on), in the languages of its servers.
const DEADLOCK: [&str; 3] = ["deadlock detected", "检测到死锁", "侦测到死锁"];

/// PostgreSQL's texts for a server that goes away (SQLSTATE class 57), for a disk without room (53100) and for one that
/// takes no writes for a while (25006), and libpq's for a lost connection.
const POSTGRES_TROUBLE: [&str; 13] = [
    "terminating connection",
    "the database system is",
    "server closed the connection",
    "connection to server",
    "could not receive data from server",
    "could not send data to server",
    "SSL connection has been closed",
    "SSL SYSCALL error",
    "no connection to the server",
    "could not extend file",
    "No space left on device",
    "Disk quota exceeded",
    "in a read-only transaction",
];

/// PostgreSQL's texts for a statement that took longer than the server or the URL allows (SQLSTATE 57014 and 55P03).
const TIMED_OUT: [&str; 4] = [
    "canceling statement due to statement timeout",
    "canceling statement due to lock timeout",
    "由于语句执行超时，正在取消查询命令",
    "由于锁超时，取消语句操作",
];

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, info) => from_database(kind, &*info),
            DieselError::BrokenTransactionManager => {
                Self::Unavailable("the connection broke inside a transaction".to_owned())
            }
            DieselError::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            other => Self::Statement(other.to_string()),
        }
    }
}

fn from_database(kind: DatabaseErrorKind, info: &dyn DatabaseErrorInformation) -> StoreError {
    let message = info.message().to_owned();
    let speaks_of = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    match kind {
        DatabaseErrorKind::UniqueViolation => StoreError::Duplicate(Constraint::named(info)),
        DatabaseErrorKind::SerializationFailure => StoreError::Contended(message),
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            StoreError::Unavailable(message)
        }
        _ if speaks_of(&DEADLOCK) => StoreError::Contended(message),
        _ if speaks_of(&TIMED_OUT) => StoreError::Busy(message),
        _ if message.contains("database is locked") || message.contains("database table is locked") => {
            StoreError::Busy(message)
        }
        _ if speaks_of(&SQLITE_TROUBLE) || speaks_of(&POSTGRES_TROUBLE) => StoreError::Unavailable(message),
        _ => StoreError::Statement(message),
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl StoreError {
    pub(super) fn damaged(table: &'static str, row: &str, detail: impl ToString) -> Self {
        Self::Damaged { table, row: row.to_owned(), detail: detail.to_string() }
    }

    /// Whether another transaction got in between, so that the same work on a fresh view may succeed.
    pub fn lost_a_race(&self) -> bool {
        matches!(self, Self::Contended(_) | Self::Conflict | Self::Duplicate(_))
    }

    /// Whether the same write may succeed later without anybody's help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unavailable(_) | Self::Contended(_))
    }
}

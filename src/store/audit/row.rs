//! Entries as rows, and back.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use diesel::prelude::*;
use jiff::Timestamp;

use super::{Actor, Entry, TABLE};
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::schema::audit_entries;
use crate::store::time::{from_micros, to_micros};

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries, treat_none_as_default_value = false)]
pub(super) struct Row {
    pub number: i64,
    pub at: i64,
    pub actor_kind: String,
    pub actor_id: String,
    pub actor_name: String,
    pub address: Option<String>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub detail: Vec<u8>,
    pub digest_before: Option<String>,
    pub digest_after: Option<String>,
    pub key_id: String,
    pub mac: String,
}

impl Row {
    /// The row but for its detail and its code.
    pub fn of(entry: &Entry, number: i64, at: Timestamp, key_id: String) -> Self {
        let (id, name) = match &entry.actor {
            Actor::Operator { id, name } => (id.clone(), name.clone()),
            Actor::CoreSystem { client, key } => (client.clone(), key.clone()),
            Actor::CommandLine { account } => (account.clone(), String::new()),
            Actor::House | Actor::Stranger => (String::new(), String::new()),
        };
        Self {
            number,
            at: to_micros(at),
            actor_kind: ActorKind::of(&entry.actor).name().to_owned(),
            actor_id: id,
            actor_name: name,
            address: entry.address.map(|address| address.to_string()),
            action: entry.action.to_owned(),
            subject_kind: entry.subject.0.to_owned(),
            subject_id: entry.subject.1.clone(),
            detail: Vec::new(),
            digest_before: entry.before.clone(),
            digest_after: entry.after.clone(),
            key_id,
            mac: String::new(),
        }
    }
}

/// The kinds of those who act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    Operator,
    CoreSystem,
    CommandLine,
    House,
    Stranger,
}

impl ActorKind {
    pub const ALL: [Self; 5] =
        [Self::Operator, Self::CoreSystem, Self::CommandLine, Self::House, Self::Stranger];

    pub fn of(actor: &Actor) -> Self {
        match actor {
            Actor::Operator { .. } => Self::Operator,
            Actor::CoreSystem { .. } => Self::CoreSystem,
            Actor::CommandLine { .. } => Self::CommandLine,
            Actor::House => Self::House,
            Actor::Stranger => Self::Stranger,
        }
    }

    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::CoreSystem => "core-system",
            Self::CommandLine => "command-line",
            Self::House => "house",
            Self::Stranger => "stranger",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = ActorKind::of(self).name();
        match self {
            Self::Operator { name, .. } => write!(f, "{kind} {name}"),
            Self::CoreSystem { client, key } => write!(f, "{kind} {client} (key {key})"),
            Self::CommandLine { account } => write!(f, "{kind} {account}"),
            Self::House | Self::Stranger => f.write_str(kind),
        }
    }
}

/// An entry as it stands in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub number: i64,
    pub at: Timestamp,
    pub actor: Actor,
    pub address: Option<IpAddr>,
    pub action: String,
    pub subject: (String, String),
    pub detail: serde_json::Value,
    pub before: Option<String>,
    pub after: Option<String>,
    /// The code (hex) by which it hangs on the entry before it.
    pub mac: String,
}

pub(super) fn record_of(connection: &Connection, row: Row) -> Result<Record, StoreError> {
    let number = row.number.to_string();
    let damaged = |detail: String| StoreError::damaged(TABLE, &number, detail);
    let actor = match row.actor_kind.as_str() {
        "operator" => Actor::Operator { id: row.actor_id, name: row.actor_name },
        "core-system" => Actor::CoreSystem { client: row.actor_id, key: row.actor_name },
        "command-line" => Actor::CommandLine { account: row.actor_id },
        "house" => Actor::House,
        "stranger" => Actor::Stranger,
        other => return Err(damaged(format!("expected a kind of actor, found `{other}`"))),
    };
    let address = row.address.as_deref().map(IpAddr::from_str).transpose();
    let detail = connection.unseal(TABLE, &number, "detail", &row.detail)?;
    Ok(Record {
        number: row.number,
        at: from_micros(TABLE, &number, row.at)?,
        actor,
        address: address.map_err(|error| damaged(error.to_string()))?,
        action: row.action,
        subject: (row.subject_kind, row.subject_id),
        detail: serde_json::from_slice(&detail).map_err(|error| damaged(error.to_string()))?,
        before: row.digest_before,
        after: row.digest_after,
        mac: row.mac,
    })
}

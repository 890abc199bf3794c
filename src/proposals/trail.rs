//! What the audit trail says of proposals.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::access::Operator;
use crate::store::audit::{self, Actor, Entry};
use crate::store::proposals::{Person, Proposal};
use crate::store::{Connection, StoreError};

/// Who acts, and from where.
#[derive(Clone, Debug)]
pub struct By {
    pub operator: Operator,
    pub address: Option<IpAddr>,
}

impl By {
    pub(super) fn person(&self) -> Person {
        Person { id: self.operator.id.clone(), name: self.operator.name.clone() }
    }

    pub(super) fn actor(&self) -> Actor {
        Actor::Operator { id: self.operator.id.clone(), name: self.operator.name.clone() }
    }
}

/// What an act changed beside the proposal itself: its digest before and after.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Notes an act on a proposal; of what it would do, no more than its digest.
pub(super) fn note(
    connection: &mut Connection,
    by: &By,
    action: &'static str,
    proposal: &Proposal,
    (more, change): (Value, Change),
    at: Timestamp,
) -> Result<(), StoreError> {
    let Change { before, after } = change;
    let (actor, address, detail) = (by.actor(), by.address, said_of(proposal, more));
    let subject = ("proposal", proposal.id.to_string());
    let entry = Entry { actor, address, action, subject, detail, before, after };
    audit::append(connection, &entry, at).map(drop)
}

/// Notes that nobody has decided in time.
pub(super) fn note_expiry(
    connection: &mut Connection,
    proposal: &Proposal,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        actor: Actor::House,
        address: None,
        action: "proposal.expire",
        subject: ("proposal", proposal.id.to_string()),
        detail: said_of(proposal, Value::Null),
        before: None,
        after: None,
    };
    audit::append(connection, &entry, at).map(drop)
}

fn said_of(proposal: &Proposal, more: Value) -> Value {
    json!({
        "kind": proposal.kind,
        "about": [proposal.subject.kind(), proposal.subject.id()],
        "maker": proposal.maker.name,
        "digest": proposal.digest,
        "more": more,
    })
}

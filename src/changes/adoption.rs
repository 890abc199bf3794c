//! Putting a change in force, in the transaction in which its proposal is closed.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::change::{Change, Content, Item};
use super::live::Live;
use super::overlay::Held;
use super::refusal::Refusal;
use super::subject::Subject;
use crate::clock::china_date;
use crate::crypto::sm3;
use crate::store::audit::{self, Actor};
use crate::store::changes::{self, Latest, NewVersion};
use crate::store::{Connection, StoreError};

const LONGEST_NAME: usize = 64;

/// What a platform takes for its change of secrets is hours; a secret that stays accepted is none that was changed.
const LONGEST_OVERLAP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Who agreed on a change: two people, and a proposal that names them.
#[derive(Clone, Debug)]
pub struct Approval {
    pub made_by: String,
    pub approved_by: String,
    /// The id of the proposal.
    pub proposal: String,
    /// Whose act the adoption is: the second person's.
    pub actor: Actor,
    pub address: Option<IpAddr>,
}

/// An item that fits what is in force, opened.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) subject: Subject,
    pub(super) held: Held,
    /// None where the settings are to hold again.
    pub(super) digest: Option<String>,
}

/// Adopts a change, and writes it down in the audit trail with the digests of before and after. It must have been tried in this
/// process, by [`Live::try_out`], on what is in force at this moment. The replicas notice by themselves; the process that adopts
/// rings [`Live`] after the commit.
///
/// # Errors
/// A [`Refusal`], after which nothing is written: above all where another change came in between. Or the database's error.
pub fn adopt(
    connection: &mut Connection,
    live: &Live,
    change: &Change,
    approval: &Approval,
    at: Timestamp,
) -> Result<Result<i64, Refusal>, StoreError> {
    if approval.made_by == approval.approved_by {
        return Ok(Err(Refusal::OnePerson(approval.made_by.clone())));
    }
    let prepared = match prepare(connection, change, at)? {
        Ok(prepared) => prepared,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut generation = changes::generation(connection)?;
    if !live.has_tried(change, generation) {
        return Ok(Err(Refusal::NotTried));
    }
    for Prepared { subject, held, digest } in prepared {
        let (kind, id) = (subject.kind(), subject.id());
        let body = held.to_body(&change.reason).map_err(|error| StoreError::Damaged {
            table: "changes",
            row: subject.to_string(),
            detail: error.to_string(),
        })?;
        let before = changes::latest(connection, kind, &id)?;
        let new = NewVersion {
            kind,
            subject: &id,
            body: &body,
            digest: digest.as_deref(),
            made_by: &approval.made_by,
            approved_by: &approval.approved_by,
            proposal: &approval.proposal,
        };
        generation = changes::append(connection, &new, at)?;
        let entry = audit::Entry {
            actor: approval.actor.clone(),
            address: approval.address,
            action: "change.adopt",
            subject: (kind, id),
            detail: json!({
                "proposal": approval.proposal,
                "made_by": approval.made_by,
                "generation": generation,
                "from": held.from(),
                "as_in_settings": matches!(held, Held::AsInSettings(_)),
            }),
            before: before.and_then(|it| it.digest),
            after: digest,
        };
        audit::append(connection, &entry, at)?;
    }
    Ok(Ok(generation))
}

/// Whether a change fits what is in force at this moment. That it can be used is found out by [`Live::try_out`].
///
/// # Errors
/// When the database fails.
pub fn examine(
    connection: &mut Connection,
    change: &Change,
    at: Timestamp,
) -> Result<Result<(), Refusal>, StoreError> {
    Ok(prepare(connection, change, at)?.map(drop))
}

/// Opens a change and holds it against what is in force at this moment.
pub(super) fn prepare(
    connection: &mut Connection,
    change: &Change,
    at: Timestamp,
) -> Result<Result<Vec<Prepared>, Refusal>, StoreError> {
    if let Err(refusal) = change.expect_sensible() {
        return Ok(Err(refusal));
    }
    let mut prepared = Vec::with_capacity(change.items.len());
    for item in &change.items {
        let latest = changes::latest(connection, item.subject.kind(), &item.subject.id())?;
        if let Err(refusal) = expect_timely(item, latest.as_ref(), at) {
            return Ok(Err(refusal));
        }
        let held = item.held(connection)?;
        let digest = digest(connection, &item.subject, &held);
        if digest.is_some() && digest == latest.and_then(|it| it.digest) {
            return Ok(Err(Refusal::NoDifference(item.subject.clone())));
        }
        prepared.push(Prepared { subject: item.subject.clone(), held, digest });
    }
    Ok(Ok(prepared))
}

fn expect_timely(item: &Item, latest: Option<&Latest>, at: Timestamp) -> Result<(), Refusal> {
    let subject = &item.subject;
    let found = latest.map_or(0, |it| it.version);
    if found != item.after {
        return Err(Refusal::Overtaken { subject: subject.clone(), expected: item.after, found });
    }
    let stands = latest.is_some_and(|it| it.digest.is_some());
    if matches!(item.content, Content::AsInSettings(_)) && !stands {
        return Err(Refusal::NothingToWithdraw(subject.clone()));
    }
    let until = match &item.content {
        Content::Secret { accept_old_until, .. } => *accept_old_until,
        Content::AsInSettings(withdrawal) => withdrawal.accept_old_until,
        Content::Rule { .. } | Content::Template { .. } => None,
    };
    if until.is_some_and(|until| until.duration_since(at) > LONGEST_OVERLAP) {
        return Err(Refusal::OverlapTooLong(subject.clone()));
    }
    let Subject::Rule { name } = subject else { return Ok(()) };
    // None that could be taken for a version of another, `season@2`.
    let letters = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.');
    if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(letters) {
        return Err(Refusal::RuleName(name.clone()));
    }
    let from = match &item.content {
        Content::Rule { from, .. } => Some(*from),
        Content::AsInSettings(withdrawal) => withdrawal.from,
        Content::Secret { .. } | Content::Template { .. } => None,
    };
    let today = china_date(at);
    match from.filter(|from| *from < today) {
        Some(from) => Err(Refusal::InThePast { name: name.clone(), from, today }),
        None => Ok(()),
    }
}

/// SM3 of what is put in force. A secret's is keyed, so that it says nothing to whoever would try guesses.
fn digest(connection: &Connection, subject: &Subject, held: &Held) -> Option<String> {
    match held {
        Held::Secret { secret, .. } => {
            Some(changes::mark(connection, subject.kind(), &subject.id(), secret.expose()))
        }
        Held::Rule { keys, from } => Some(hex::encode(sm3::digest(format!("{from}\n{keys}").as_bytes()))),
        Held::Template { text } => Some(hex::encode(sm3::digest(text.as_bytes()))),
        Held::AsInSettings(_) => None,
    }
}

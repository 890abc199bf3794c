//! Making a proposal: what can't be done now is not proposed, and what is pending already is not proposed twice.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::outlook::Item;
use super::preparation::Impossible;
use super::trail::{self, Change};
use super::{Bench, By, Payload, outlook};
use crate::access::Permission;
use crate::domain::identity::GuaranteeId;
use crate::store::proposals::{self, NewProposal, Proposal, ProposalId, Subject};
use crate::store::{Connection, StoreError, guarantees, messages};

/// What one proposal holds at most, in guarantees or jobs: it is carried out in one transaction.
pub const LARGEST: usize = 1000;

/// What an operator wants to have done, and why.
#[derive(Clone, Debug)]
pub struct Draft {
    pub subject: Subject,
    pub payload: Payload,
    pub reason: String,
}

/// Why nothing was proposed.
#[derive(Debug, thiserror::Error)]
pub enum Unproposable {
    #[error("当前角色无权提交申请")]
    NotPermitted,
    #[error("请填写申请理由")]
    ReasonMissing,
    #[error("至少 1 项、至多 {LARGEST} 项，收到 {0} 项")]
    Size(usize),
    #[error("没有此消息")]
    NoMessage,
    #[error("已有相同的申请 `{0}` 待复核")]
    Pending(ProposalId),
    #[error("{about}：{reason}")]
    Impossible { about: String, reason: Impossible },
    #[error("该项不能以此对象提交")]
    WrongSubject,
}

/// Stores a proposal, which others may then approve; tells why not where it can't be made.
///
/// # Errors
/// When the database fails.
pub fn propose(
    connection: &mut Connection,
    bench: &Bench,
    draft: &Draft,
    by: &By,
    at: Timestamp,
) -> Result<Result<Proposal, Unproposable>, StoreError> {
    let Draft { subject, payload, reason } = draft;
    let reason = reason.trim();
    if !by.operator.may(Permission::Propose) {
        return Ok(Err(Unproposable::NotPermitted));
    }
    if reason.is_empty() {
        return Ok(Err(Unproposable::ReasonMissing));
    }
    if !suits(subject, payload) {
        return Ok(Err(Unproposable::WrongSubject));
    }
    let size = match payload {
        Payload::OpeningKeys { keys, .. } => keys.len(),
        Payload::RetryJobs { jobs } | Payload::DiscardJobs { jobs } => jobs.len(),
        _ => 1,
    };
    if !(1..=LARGEST).contains(&size) {
        return Ok(Err(Unproposable::Size(size)));
    }
    let mut about = BTreeSet::new();
    for Item { about: name, guarantee, effect } in outlook(connection, bench, subject, payload, at)?.items {
        if let Err(reason) = effect {
            return Ok(Err(Unproposable::Impossible { about: name, reason }));
        }
        about.extend(guarantee);
    }
    let version = match subject {
        Subject::Guarantee(id) => match guarantees::find(connection, id)? {
            Some(known) => Some(known.version),
            None => {
                let (about, reason) = (id.to_string(), Impossible::NoGuarantee(id.clone()));
                return Ok(Err(Unproposable::Impossible { about, reason }));
            }
        },
        Subject::Message(id) => match messages::find(connection, id)? {
            Some(message) => {
                about.extend(message.header.guarantee);
                None
            }
            None => return Ok(Err(Unproposable::NoMessage)),
        },
        Subject::Platform(_) | Subject::House => None,
    };
    let kind = payload.kind();
    if let Some(pending) = same_pending(connection, &kind, subject, &about, by, at)? {
        return Ok(Err(Unproposable::Pending(pending)));
    }
    let about: Vec<GuaranteeId> = about.into_iter().collect();
    let text = payload.to_text().map_err(|error| StoreError::Statement(error.to_string()))?;
    let new = NewProposal {
        kind: &kind,
        subject: subject.clone(),
        version,
        guarantees: &about,
        payload: text,
        reason,
        maker: by.person(),
        made_at: at,
        expires_at: later(at, lifetime(bench, payload)),
    };
    let proposal = proposals::insert(connection, &new)?;
    let change = Change { before: None, after: Some(proposal.digest.clone()) };
    let more = json!({ "reason": reason, "guarantees": about.len() });
    trail::note(connection, by, "proposal.make", &proposal, (more, change), at)?;
    Ok(Ok(proposal))
}

fn suits(subject: &Subject, payload: &Payload) -> bool {
    match payload {
        Payload::Decision { .. } | Payload::ResendLetter { .. } => matches!(subject, Subject::Guarantee(_)),
        Payload::OpeningKeys { keys, .. } => match subject {
            Subject::Guarantee(id) => keys.iter().all(|pasted| pasted.guarantee == *id),
            Subject::Platform(_) | Subject::House => true,
            Subject::Message(_) => false,
        },
        Payload::RetryJobs { .. } | Payload::DiscardJobs { .. } => !matches!(subject, Subject::Message(_)),
        Payload::Change { .. } => matches!(subject, Subject::Platform(_) | Subject::House),
        Payload::Unmask { .. } => matches!(subject, Subject::Guarantee(_) | Subject::Message(_)),
    }
}

fn lifetime(bench: &Bench, payload: &Payload) -> Duration {
    match payload {
        Payload::OpeningKeys { .. } => bench.options.keys_expire,
        _ => bench.options.expires,
    }
}

/// The proposal of the same kind that is pending for one of the guarantees. Each has to ask for themselves to see what is
/// masked.
fn same_pending(
    connection: &mut Connection,
    kind: &str,
    subject: &Subject,
    about: &BTreeSet<GuaranteeId>,
    by: &By,
    at: Timestamp,
) -> Result<Option<ProposalId>, StoreError> {
    let unmask = kind == "unmask";
    for guarantee in about {
        let pending = proposals::open_for(connection, guarantee, at)?;
        let same = pending.into_iter().find(|pending| {
            pending.kind == kind
                && (!unmask || (pending.maker.id == by.operator.id && pending.subject == *subject))
        });
        if let Some(same) = same {
            return Ok(Some(same.id));
        }
    }
    Ok(None)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(at)
}

/// When a grant ends that begins now.
pub(super) fn minutes_later(at: Timestamp, minutes: u64) -> Timestamp {
    later(at, Duration::from_secs(minutes.saturating_mul(60)))
}

//! How a proposal ends: approved, refused, withdrawn, expired.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::carry_out::{Done, all_or_nothing};
use super::trail::{self, Change};
use super::{Bench, By, open};
use crate::access::Permission;
use crate::store::proposals::{self, Conclusion, Ending, Outcome, Person, Proposal, ProposalId, State};
use crate::store::{Connection, StoreError};

/// Proposals that are ended in one transaction because their time is over.
const BATCH: u32 = 200;

/// An operator's word on a proposal.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub id: ProposalId,
    /// The digest that stood on the page where the operator decided.
    pub seen: String,
    pub remark: String,
}

/// Why nothing was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    #[error("当前角色无权复核")]
    NotPermitted,
    #[error("没有此申请")]
    Unknown,
    #[error("不能复核本人提交的申请")]
    Own,
    #[error("只有提交人可以撤回")]
    NotOwn,
    #[error("该申请已有结论：{}", .0.name())]
    Ended(State),
    #[error("该申请已过期")]
    Expired,
    /// It is not what was proposed, or not what the operator saw.
    #[error("该申请与提交时或所见内容不一致，未执行")]
    Changed,
    #[error("请填写意见")]
    RemarkMissing,
}

/// Approves a proposal and carries it out, in the caller's transaction. Where it has become impossible meanwhile, nothing
/// of it is done, and the proposal is [`State::Failed`] with the reason.
///
/// # Errors
/// When the database fails, or somebody else was faster; then nothing of the transaction may be committed.
pub fn approve(
    connection: &mut Connection,
    bench: &Bench,
    verdict: &Verdict,
    by: &By,
    at: Timestamp,
) -> Result<Result<Proposal, Undecided>, StoreError> {
    let proposal = match to_decide(connection, &verdict.id, by, at)? {
        Ok(proposal) => proposal,
        Err(undecided) => return Ok(Err(undecided)),
    };
    let payload = open(connection, &proposal)?;
    let Some(payload) = payload.filter(|payload| payload.kind() == proposal.kind) else {
        tracing::error!(proposal = %proposal.id, "a proposal is not what its maker proposed: it was changed in the database, or the master key was replaced since; nothing was done");
        let more = json!({ "stored": "not as proposed" });
        trail::note(connection, by, "proposal.changed", &proposal, (more, Change::default()), at)?;
        return Ok(Err(Undecided::Changed));
    };
    if verdict.seen != proposal.digest {
        return Ok(Err(Undecided::Changed));
    }
    let (state, done) = match all_or_nothing(connection, bench, (&proposal, by), &payload, at)? {
        Ok(done) => (State::Approved, done),
        Err(reason) => {
            let outcome =
                vec![Outcome { about: proposal.subject.id().to_owned(), refused: Some(reason.to_string()) }];
            (State::Failed, Done { outcome, ..Done::default() })
        }
    };
    let more = json!({ "remark": verdict.remark.trim(), "state": state.name(), "outcome": done.outcome });
    let (holds_until, change) = (done.holds_until, done.change);
    let conclusion = Conclusion { remark: remark_of(&verdict.remark), outcome: done.outcome };
    let person = by.person();
    let ending = Ending { state, by: Some(&person), conclusion, holds_until };
    proposals::end(connection, &proposal.id, &ending, at)?;
    trail::note(connection, by, "proposal.approve", &proposal, (more, change), at)?;
    ended(connection, &proposal)
}

/// Turns a proposal down; somebody else's, and with a reason.
///
/// # Errors
/// As [`approve`].
pub fn refuse(
    connection: &mut Connection,
    verdict: &Verdict,
    by: &By,
    at: Timestamp,
) -> Result<Result<Proposal, Undecided>, StoreError> {
    let proposal = match to_decide(connection, &verdict.id, by, at)? {
        Ok(proposal) => proposal,
        Err(undecided) => return Ok(Err(undecided)),
    };
    let Some(remark) = remark_of(&verdict.remark) else { return Ok(Err(Undecided::RemarkMissing)) };
    settle(connection, &proposal, (State::Refused, "proposal.refuse"), Some(remark), by, at)
}

/// Takes one's own proposal back.
///
/// # Errors
/// As [`approve`].
pub fn withdraw(
    connection: &mut Connection,
    id: &ProposalId,
    remark: &str,
    by: &By,
    at: Timestamp,
) -> Result<Result<Proposal, Undecided>, StoreError> {
    let proposal = match pending(connection, id, at)? {
        Ok(proposal) => proposal,
        Err(undecided) => return Ok(Err(undecided)),
    };
    if proposal.maker.id != by.operator.id {
        return Ok(Err(Undecided::NotOwn));
    }
    settle(connection, &proposal, (State::Withdrawn, "proposal.withdraw"), remark_of(remark), by, at)
}

/// Ends what nobody decided in time; tells how many. Whoever meets such a proposal ends it too, so this is for the lists.
///
/// # Errors
/// When the database fails, or somebody else was faster.
pub fn expire_old(connection: &mut Connection, at: Timestamp) -> Result<usize, StoreError> {
    let overdue = proposals::overdue(connection, at, BATCH)?;
    for proposal in &overdue {
        expire(connection, proposal, at)?;
    }
    Ok(overdue.len())
}

/// A proposal that this person may decide now.
fn to_decide(
    connection: &mut Connection,
    id: &ProposalId,
    by: &By,
    at: Timestamp,
) -> Result<Result<Proposal, Undecided>, StoreError> {
    if !by.operator.may(Permission::Approve) {
        return Ok(Err(Undecided::NotPermitted));
    }
    let proposal = pending(connection, id, at)?;
    Ok(proposal.and_then(|proposal| match proposal.maker.id == by.operator.id {
        true => Err(Undecided::Own),
        false => Ok(proposal),
    }))
}

/// A proposal that is open; one whose time is over is ended here.
fn pending(
    connection: &mut Connection,
    id: &ProposalId,
    at: Timestamp,
) -> Result<Result<Proposal, Undecided>, StoreError> {
    let Some(proposal) = proposals::find(connection, id)? else { return Ok(Err(Undecided::Unknown)) };
    match proposal.state {
        State::Open if proposal.expires_at <= at => {
            expire(connection, &proposal, at)?;
            Ok(Err(Undecided::Expired))
        }
        State::Open => Ok(Ok(proposal)),
        State::Expired => Ok(Err(Undecided::Expired)),
        state => Ok(Err(Undecided::Ended(state))),
    }
}

fn expire(connection: &mut Connection, proposal: &Proposal, at: Timestamp) -> Result<(), StoreError> {
    let ending =
        Ending { state: State::Expired, by: None, conclusion: Conclusion::default(), holds_until: None };
    proposals::end(connection, &proposal.id, &ending, at)?;
    trail::note_expiry(connection, proposal, at)
}

fn settle(
    connection: &mut Connection,
    proposal: &Proposal,
    (state, action): (State, &'static str),
    remark: Option<String>,
    by: &By,
    at: Timestamp,
) -> Result<Result<Proposal, Undecided>, StoreError> {
    let person: Person = by.person();
    let more: Value = json!({ "remark": remark });
    let conclusion = Conclusion { remark, outcome: Vec::new() };
    let ending = Ending { state, by: Some(&person), conclusion, holds_until: None };
    proposals::end(connection, &proposal.id, &ending, at)?;
    trail::note(connection, by, action, proposal, (more, Change::default()), at)?;
    ended(connection, proposal)
}

fn ended(
    connection: &mut Connection,
    proposal: &Proposal,
) -> Result<Result<Proposal, Undecided>, StoreError> {
    Ok(proposals::find(connection, &proposal.id)?.ok_or(Undecided::Unknown))
}

fn remark_of(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

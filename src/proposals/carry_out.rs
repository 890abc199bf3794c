//! Doing what was approved, through the use cases that everybody else goes through.

use jiff::Timestamp;

use super::preparation::{self, Case, Impossible, Stop, apart};
use super::propose::minutes_later;
use super::trail::Change;
use super::{Bench, By, Payload, resend};
use crate::casework::{self, restoration};
use crate::changes::{self, Approval};
use crate::crypto::sm3;
use crate::domain::identity::GuaranteeId;
use crate::domain::{Guarantee, Refusal};
use crate::store::jobs::{Discard, JobId, Revival};
use crate::store::proposals::{Outcome, Proposal};
use crate::store::{Connection, StoreError, guarantees, jobs};

/// What was done.
#[derive(Default)]
pub(super) struct Done {
    /// One for each guarantee or job.
    pub outcome: Vec<Outcome>,
    pub holds_until: Option<Timestamp>,
    /// Of the guarantee, where it is about a single one.
    pub change: Change,
}

impl Done {
    fn one(about: impl ToString) -> Self {
        Self { outcome: vec![Outcome { about: about.to_string(), refused: None }], ..Self::default() }
    }
}

/// Does it, or tells why nothing of it can be done now. Of several things those are done that can be.
pub(super) fn carry_out(
    connection: &mut Connection,
    bench: &Bench,
    (proposal, by): (&Proposal, &By),
    payload: &Payload,
    at: Timestamp,
) -> Result<Done, Stop> {
    let (subject, reason) = (&proposal.subject, proposal.reason.as_str());
    match payload {
        Payload::OpeningKeys { keys, opened_at } => each(connection, keys, |connection, pasted| {
            let opened = preparation::of_key(connection, bench, pasted, *opened_at, at);
            let opened = opened.and_then(|case| decide(connection, case, at));
            (pasted.application.to_string(), opened)
        }),
        Payload::Decision { decision } => {
            let id = GuaranteeId::new(subject.id());
            let case = preparation::of_decision(connection, bench, &id, decision, at)?;
            let about = case.known.guarantee.application.number.clone();
            Ok(Done { change: decide(connection, case, at)?, ..Done::one(about) })
        }
        Payload::RetryJobs { jobs } => each(connection, jobs, |connection, id| {
            (id.clone(), retry(connection, &JobId::new(id)).map(|()| Change::default()))
        }),
        Payload::DiscardJobs { jobs } => each(connection, jobs, |connection, id| {
            (id.clone(), discard(connection, &JobId::new(id), reason).map(|()| Change::default()))
        }),
        Payload::ResendLetter { letter } => {
            let id = GuaranteeId::new(subject.id());
            resend::carry_out(connection, bench, &id, *letter, at)?;
            Ok(Done::one(letter.name()))
        }
        Payload::Change { change } => {
            let approval = Approval {
                made_by: proposal.maker.name.clone(),
                approved_by: by.operator.name.clone(),
                proposal: proposal.id.to_string(),
                actor: by.actor(),
                address: by.address,
            };
            match changes::adopt(connection, &bench.changes, change, &approval, at)? {
                Ok(generation) => Ok(Done::one(generation)),
                // Another change came in between: whoever approves looks once more at what it would do.
                Err(changes::Refusal::NotTried) => Err(StoreError::Conflict.into()),
                Err(refusal) => Err(Impossible::Change(refusal.zh()).into()),
            }
        }
        Payload::Unmask { minutes } => {
            Ok(Done { holds_until: Some(minutes_later(at, *minutes)), ..Done::one(subject.id()) })
        }
    }
}

/// Each by itself; where none can be done, the first reason is that of all.
fn each<T>(
    connection: &mut Connection,
    items: &[T],
    work: impl Fn(&mut Connection, &T) -> (String, Result<Change, Stop>),
) -> Result<Done, Stop> {
    let mut done = Done::default();
    let mut first = None;
    for item in items {
        let (about, result) = work(connection, item);
        let refused = match apart(result)? {
            Ok(change) => {
                done.change = change;
                None
            }
            Err(reason) => {
                let said = reason.to_string();
                first.get_or_insert(reason);
                Some(said)
            }
        };
        done.outcome.push(Outcome { about, refused });
    }
    if items.len() > 1 {
        done.change = Change::default();
    }
    match first {
        Some(reason) if done.outcome.iter().all(|outcome| outcome.refused.is_some()) => Err(reason.into()),
        _ => Ok(done),
    }
}

fn decide(connection: &mut Connection, case: Case, at: Timestamp) -> Result<Change, Stop> {
    let Case { platform, known, command, key } = case;
    let (id, before) = (known.guarantee.id.clone(), digest(&known.guarantee));
    // On what was judged: where somebody else came in between, the whole transaction is run again.
    if let Err(refusal) =
        casework::carry_out_each(connection, &platform, Some(known), std::slice::from_ref(&command), at)?
    {
        return Err(refusal.into());
    }
    let Some(after) = guarantees::find(connection, &id)? else {
        return Err(Refusal::UnknownApplication.into());
    };
    if let Some(key) = &key {
        restoration::keep(connection, &platform, &after.guarantee, key, at)?;
    }
    Ok(Change { before, after: digest(&after.guarantee) })
}

fn retry(connection: &mut Connection, id: &JobId) -> Result<(), Stop> {
    match jobs::revive(connection, id)? {
        Revival::Revived | Revival::Hastened => Ok(()),
        Revival::NotNeeded(state) => Err(Impossible::JobNotWaiting(id.clone(), state).into()),
        Revival::Unknown => Err(Impossible::NoJob(id.clone()).into()),
    }
}

fn discard(connection: &mut Connection, id: &JobId, reason: &str) -> Result<(), Stop> {
    match jobs::discard(connection, id, reason)? {
        Discard::Done => Ok(()),
        Discard::NotNeeded(state) => Err(Impossible::JobNotWaiting(id.clone(), state).into()),
        Discard::Unknown => Err(Impossible::NoJob(id.clone()).into()),
    }
}

/// The whole state of a guarantee (SM3, hex).
fn digest(guarantee: &Guarantee) -> Option<String> {
    serde_json::to_vec(guarantee).ok().map(|state| hex::encode(sm3::digest(&state)))
}

/// As [`carry_out`], with nothing of it left where it ends in a reason.
pub(super) fn all_or_nothing(
    connection: &mut Connection,
    bench: &Bench,
    (proposal, by): (&Proposal, &By),
    payload: &Payload,
    at: Timestamp,
) -> Result<Result<Done, Impossible>, StoreError> {
    connection.all_or_nothing(|connection| apart(carry_out(connection, bench, (proposal, by), payload, at)))
}

//! What a proposal would do if it were approved now: the same judgement as at its approval, and nothing is written.

use jiff::Timestamp;

use super::preparation::{self, Case, Impossible, Stop, apart};
use super::{Bench, Payload, resend};
use crate::casework::task;
use crate::changes;
use crate::domain::Stage;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::GuaranteeId;
use crate::store::jobs::{JobId, JobState, Record};
use crate::store::proposals::Subject;
use crate::store::{Connection, StoreError, jobs};

/// What would happen, one item for each guarantee or job.
#[derive(Debug)]
pub struct Outlook {
    pub items: Vec<Item>,
}

impl Outlook {
    /// Whether anything at all would be done.
    pub fn is_possible(&self) -> bool {
        self.items.iter().any(|item| item.effect.is_ok())
    }
}

/// What would happen to one guarantee or job.
#[derive(Debug)]
pub struct Item {
    /// An application's number, or the id of a job.
    pub about: String,
    pub guarantee: Option<GuaranteeId>,
    pub effect: Result<Effect, Impossible>,
}

#[derive(Debug)]
pub enum Effect {
    /// A guarantee goes from one stage to another, which may be the same.
    Decides {
        from: Stage,
        to: Stage,
        /// What its timeline would say.
        events: Vec<&'static str>,
        /// The kinds of jobs that would follow.
        work: Vec<String>,
    },
    /// A job is tried again.
    Retries { kind: String, state: JobState },
    /// A job is given up for good.
    Discards { kind: String, state: JobState },
    /// A letter goes to its platform again.
    Sends { letter: LetterKind, work: Vec<String> },
    /// A version of a secret, a rule or a template takes the place of the one before it, whose number this is.
    Changes { after: i64 },
    /// Its maker sees what is masked otherwise.
    Shows { minutes: u64 },
}

/// # Errors
/// When the database fails.
pub fn outlook(
    connection: &mut Connection,
    bench: &Bench,
    subject: &Subject,
    payload: &Payload,
    at: Timestamp,
) -> Result<Outlook, StoreError> {
    let one = |item| Ok(Outlook { items: vec![item] });
    match payload {
        Payload::OpeningKeys { keys, opened_at } => {
            let mut items = Vec::with_capacity(keys.len());
            for pasted in keys {
                let case = apart(preparation::of_key(connection, bench, pasted, *opened_at, at))?;
                items.push(Item {
                    about: pasted.application.to_string(),
                    guarantee: Some(pasted.guarantee.clone()),
                    effect: case.and_then(|case| decides(&case, at)),
                });
            }
            Ok(Outlook { items })
        }
        Payload::Decision { decision } => one(on_guarantee(connection, bench, subject, |connection, id| {
            let case = preparation::of_decision(connection, bench, id, decision, at)?;
            Ok(decides(&case, at)?)
        })?),
        Payload::ResendLetter { letter } => {
            one(on_guarantee(connection, bench, subject, |connection, id| {
                let jobs = resend::plan(connection, bench, id, *letter, at)?;
                let work = jobs.into_iter().map(|job| job.kind).collect();
                Ok(Effect::Sends { letter: *letter, work })
            })?)
        }
        Payload::RetryJobs { jobs } => {
            let mut items = Vec::with_capacity(jobs.len());
            for id in jobs {
                items.push(on_job(connection, id, |kind, state| Effect::Retries { kind, state })?);
            }
            Ok(Outlook { items })
        }
        Payload::DiscardJobs { jobs } => {
            let mut items = Vec::with_capacity(jobs.len());
            for id in jobs {
                items.push(on_job(connection, id, |kind, state| Effect::Discards { kind, state })?);
            }
            Ok(Outlook { items })
        }
        Payload::Change { change } => {
            let examined = changes::examine(connection, change, at)?.map_err(|refusal| refusal.zh());
            let items = change.items.iter().map(|item| Item {
                about: item.subject.to_string(),
                guarantee: None,
                effect: match &examined {
                    Ok(()) => Ok(Effect::Changes { after: item.after }),
                    Err(said) => Err(Impossible::Change(said.clone())),
                },
            });
            Ok(Outlook { items: items.collect() })
        }
        Payload::Unmask { minutes } => {
            let guarantee = match subject {
                Subject::Guarantee(id) => Some(id.clone()),
                _ => None,
            };
            let effect = Ok(Effect::Shows { minutes: *minutes });
            one(Item { about: subject.id().to_owned(), guarantee, effect })
        }
    }
}

fn decides(case: &Case, at: Timestamp) -> Result<Effect, Impossible> {
    let (from, mut to) = (case.known.guarantee.stage, case.known.guarantee.stage);
    let (mut events, mut work) = (Vec::new(), Vec::new());
    for decision in case.rehearsed(at)? {
        to = decision.guarantee.stage;
        events.extend(decision.events.iter().map(|event| event.title()));
        let jobs = task::plan(&case.platform.profile, &decision.guarantee, decision.work, at);
        work.extend(jobs.unwrap_or_default().into_iter().map(|job| job.kind));
    }
    Ok(Effect::Decides { from, to, events, work })
}

fn on_guarantee(
    connection: &mut Connection,
    bench: &Bench,
    subject: &Subject,
    effect: impl Fn(&mut Connection, &GuaranteeId) -> Result<Effect, Stop>,
) -> Result<Item, StoreError> {
    let id = GuaranteeId::new(subject.id());
    let known = apart(preparation::find(connection, bench, &id))?;
    let about =
        known.map_or_else(|_| id.to_string(), |(_, known)| known.guarantee.application.number.to_string());
    let effect = apart(effect(connection, &id))?;
    Ok(Item { about, guarantee: Some(id), effect })
}

fn on_job(
    connection: &mut Connection,
    id: &str,
    effect: impl Fn(String, JobState) -> Effect,
) -> Result<Item, StoreError> {
    let id = JobId::new(id);
    let found = jobs::find(connection, &id)?;
    let guarantee = found.as_ref().and_then(|record| record.lane.guarantee());
    let effect = match found {
        None => Err(Impossible::NoJob(id.clone())),
        Some(Record { state, kind, .. }) if waits(state) => Ok(effect(kind, state)),
        Some(Record { state, .. }) => Err(Impossible::JobNotWaiting(id.clone(), state)),
    };
    Ok(Item { about: id.to_string(), guarantee, effect })
}

/// Whether a job can be retried or discarded.
pub(super) fn waits(state: JobState) -> bool {
    matches!(state, JobState::Dead | JobState::Ready)
}

//! A push at a replica: read, decided, stored with its answer, and only then answered.
//!
//! This is to the model store what [`Intake::receive`](crate::intake::Intake::receive) is to the database. Which command
//! a push means, and whether it is known already, is found by the same code.

use std::sync::Arc;

use jiff::Timestamp;

use super::agenda::{MILLISECOND, SECOND};
use super::cast::Role;
use super::ledger::{Binding, BusinessKey, Ledger, Stored};
use super::mutation::Mutation;
use super::weather::Fault;
use super::world::{Engine, Happening, World, Written};
use crate::dialect::{Opened, Response};
use crate::intake::{Recognition, prepare, recognise};
use crate::store::{Constraint, StoreError};

/// How often a transaction that lost a race is begun anew.
const RACES: u32 = 8;

/// What a transaction has read before it writes.
#[derive(Clone)]
pub(super) struct View {
    known: Option<Stored>,
    bound: Option<Binding>,
}

/// What became of a push.
enum Filed {
    Accepted { answer: Arc<[u8]>, guarantee: Stored },
    Repeated { answer: Arc<[u8]> },
    Refused(String),
}

impl<'c> World<'c> {
    fn view(&self, role: &Role, opened: &Opened) -> View {
        let (platform, subject) = (role.profile.id(), &opened.subject);
        let known = match (&subject.application, &subject.guarantee) {
            (Some(application), _) => self.ledger.find_by_application(platform, application),
            (None, Some(number)) => self.ledger.find_by_number(platform, number),
            (None, None) => None,
        };
        let bound = self.ledger.bindings.get(&business_key(role, opened));
        View { known: known.cloned(), bound: bound.cloned() }
    }

    pub fn read_push(&mut self, number: usize, replica: usize, races: u32) {
        if races == 0 {
            self.tally.pushes = self.tally.pushes.saturating_add(1);
        }
        if self.readable().is_err() {
            return self.answer_push(number, None);
        }
        let Some((role, opened)) = self.pushed(number) else { return };
        let view = self.view(role, &opened);
        match self.engine {
            Engine::Serial => self.file_push(number, replica, view, races),
            Engine::Interleaved => {
                let Some(life) = self.replicas.get(replica).map(|it| it.life) else { return };
                // A database may be slow, and then others have time.
                let slow = self.some_time(0, 9) == 0;
                let pause = self.some_time(0, if slow { 3 * SECOND } else { 60 * MILLISECOND });
                let view = Box::new(view);
                let file = Happening::File { push: number, replica, life, view, races };
                self.agenda.plan(self.now.saturating_add(pause), file);
            }
        }
    }

    fn pushed(&self, number: usize) -> Option<(&'c Role, Opened)> {
        let push = self.pushes.get(number)?;
        Some((self.role(self.cases.get(push.case)?.role)?, push.opened.clone()))
    }

    pub fn file_push(&mut self, number: usize, replica: usize, view: View, races: u32) {
        let Some((role, opened)) = self.pushed(number) else { return };
        let at = self.clock_of(replica);
        let mutation = self.mutation;
        if mutation == Mutation::AnswersBeforeCommit {
            self.ledger.now = self.database_now();
            let foreseen = file(&mut self.ledger, role, &opened, &view, at, mutation);
            self.ledger.roll_back();
            if let Ok(Filed::Accepted { answer, .. }) = foreseen {
                self.answer_push(number, Some(answer));
            }
        }
        let written = self.write(replica, |ledger| file(ledger, role, &opened, &view, at, mutation));
        match written {
            Written::Done(filed) => self.filed(number, replica, filed),
            Written::Failed(error) if error.lost_a_race() && races < RACES => {
                self.tally.lost_races = self.tally.lost_races.saturating_add(1);
                self.read_push(number, replica, races.saturating_add(1));
            }
            Written::Failed(_) => self.answer_push(number, None),
            Written::Crashed => {}
        }
    }

    fn filed(&mut self, number: usize, replica: usize, filed: Filed) {
        let answer = match filed {
            Filed::Accepted { answer, guarantee } => {
                self.tally.pushes_accepted = self.tally.pushes_accepted.saturating_add(1);
                self.trace.add(self.now, || {
                    let stage = guarantee.guarantee.stage.name();
                    format!("replica {replica} accepts push {number}: {} is {stage}", guarantee.guarantee.id)
                });
                Some(answer)
            }
            Filed::Repeated { answer } => {
                self.tally.pushes_repeated = self.tally.pushes_repeated.saturating_add(1);
                self.trace.add(self.now, || format!("replica {replica} answers push {number} as before"));
                Some(answer)
            }
            Filed::Refused(why) => {
                self.trace.add(self.now, || format!("replica {replica} refuses push {number}: {why}"));
                self.refused(number, &why);
                None
            }
        };
        self.answer_push(number, answer);
    }

    /// Sends an answer.
    fn answer_push(&mut self, number: usize, answer: Option<Arc<[u8]>>) {
        if self.trouble(Fault::PushAnswerLost) {
            return;
        }
        let delay = self.some_time(MILLISECOND, SECOND);
        self.agenda.plan(self.now.saturating_add(delay), Happening::Answered { push: number, answer });
    }
}

pub(super) fn business_key(role: &Role, opened: &Opened) -> BusinessKey {
    (role.profile.id().clone(), opened.interface.clone(), opened.business_key.clone())
}

fn file(
    ledger: &mut Ledger,
    role: &Role,
    opened: &Opened,
    view: &View,
    at: Timestamp,
    mutation: Mutation,
) -> Result<Filed, StoreError> {
    let profile = &role.profile;
    let known = view.known.as_ref().map(|stored| &*stored.guarantee);
    let Some(prepared) = prepare(profile, opened, known, at) else {
        return Ok(Filed::Refused("a question".to_owned()));
    };
    let content = hex::encode(opened.content);
    let bound = view.bound.as_ref().filter(|_| mutation != Mutation::ForgetsAnswers);
    let bound_content = bound.map(|bound| bound.content.as_str());
    match (recognise(bound_content, &content, known, &prepared.command), bound) {
        (Recognition::Repetition, Some(bound)) => {
            return Ok(Filed::Repeated { answer: Arc::clone(&bound.answer) });
        }
        (Recognition::Conflict, _) => return Ok(Filed::Refused("other content".to_owned())),
        _ => {}
    }
    let stored = match ledger.carry_out(profile, view.known.clone(), prepared.command, at)? {
        Ok(stored) => stored,
        Err(refusal) => return Ok(Filed::Refused(refusal.to_string())),
    };
    if let Some(key) = prepared.key.filter(|_| mutation != Mutation::KeyNotKept) {
        ledger.keys.put(stored.guarantee.id.clone(), key.to_bytes().to_vec().into());
    }
    let redirect = profile.redirect(&stored.guarantee.application.number);
    let answer: Arc<[u8]> = profile.success(&opened.interface, &Response::Done { redirect }).into();
    let business = business_key(role, opened);
    if view.bound.is_none() && ledger.bindings.has(&business) && mutation != Mutation::ForgetsAnswers {
        return Err(StoreError::Duplicate(Constraint::Binding));
    }
    ledger.bindings.put(business, Binding { content, answer: Arc::clone(&answer) });
    Ok(Filed::Accepted { answer, guarantee: stored })
}

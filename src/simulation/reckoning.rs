//! The promises that are checked when a run is over, or when a platform reads an answer.

use super::agenda::{HOUR, MINUTE, Micros};
use super::filing::business_key;
use super::ledger::Stored;
use super::world::{World, moment};
use crate::dialect::Request;
use crate::domain::guarantee::LetterKind;
use crate::domain::{Event, Stage};
use crate::store::jobs::{Cause, JobState};

/// How long an opening may take once nothing goes wrong any more: whoever died is back after ten minutes, and the
/// database's clock is at most two hours from where it was.
const AFTER_THE_STORM: Micros = 3 * HOUR;

/// How long it may take where nothing has gone wrong for hours: the schedule of an opening repeats each minute.
const IN_FAIR_WEATHER: Micros = 10 * MINUTE;

impl World<'_> {
    /// Success was said of a push: from here on, what was pushed is in the store.
    pub fn promise(&mut self, number: usize) {
        let Some(push) = self.pushes.get(number) else { return };
        let Some(role) = self.cases.get(push.case).and_then(|case| self.role(case.role)) else { return };
        let (key, subject) = (business_key(role, &push.opened), push.opened.subject.clone());
        let known = subject.application.as_ref();
        let stored = known.and_then(|it| self.ledger.find_by_application(role.profile.id(), it));
        if !self.ledger.bindings.has(&key) || stored.is_none() {
            self.oracle.broken("G1", || format!("push {number} was answered with success and is not stored"));
        }
        if let (Some(stored), Request::Restore { key, .. }) = (stored, &push.opened.request) {
            let (id, key) = (stored.guarantee.id.clone(), key.to_bytes().to_vec());
            if self.ledger.keys.get(&id).map(|kept| &**kept) != Some(&*key) {
                self.oracle.broken("G5", || format!("the key of {id} was accepted and is not kept"));
            }
            self.oracle.keys.insert(id, key);
        }
        self.oracle.promised.insert(number);
    }

    /// A refusal of what was granted before.
    pub fn refused(&mut self, number: usize, why: &str) {
        let Some(push) = self.pushes.get(number) else { return };
        let asked_anew = !matches!(push.opened.request, Request::Apply(_) | Request::Restore { .. });
        if self.oracle.promised.contains(&number) && !asked_anew {
            self.oracle.broken("G2", || format!("push {number} was granted, and then refused: {why}"));
        }
    }

    pub fn check_the_end(&mut self) {
        self.check_pushes();
        self.check_jobs();
        let guarantees: Vec<Stored> = self.ledger.guarantees.iter().map(|(_, it)| it.clone()).collect();
        for stored in guarantees {
            self.tally.guarantees = self.tally.guarantees.saturating_add(1);
            let received = moment(stored.guarantee.received_at);
            self.tally.lived(self.end.saturating_sub(received));
            self.check_events(&stored);
            self.check_keys(&stored);
            self.check_letters(&stored);
            let stage = stored.guarantee.stage;
            if matches!(stage, Stage::Applied | Stage::Approved | Stage::Issuing | Stage::Opened) {
                let id = &stored.guarantee.id;
                self.oracle.broken("G7", || format!("{id} is {} for ever", stage.name()));
            }
        }
    }

    fn check_pushes(&mut self) {
        for number in self.oracle.promised.clone() {
            self.promise(number);
        }
    }

    /// Nothing is left to do but what comes back by the clock; what was given up says why, and was not dropped.
    fn check_jobs(&mut self) {
        for job in self.ledger.jobs.unfinished().filter(|job| job.lane.round().is_none()) {
            let (id, kind, cause) = (&job.id, &job.kind, &job.detail);
            self.oracle.broken("G7", || format!("{id} ({kind}) is unfinished to the last: {cause:?}"));
        }
        for job in self.ledger.jobs.ended() {
            let (id, kind, cause) = (&job.id, &job.kind, job.cause);
            match job.state {
                JobState::Dead if cause.is_none() => {
                    self.oracle.broken("G7", || format!("{id} ({kind}) is dead without a cause"));
                }
                JobState::Dead if cause != Some(Cause::Obsolete) => {
                    self.oracle.broken("G7", || format!("{id} ({kind}) can't be revived: {:?}", job.detail));
                }
                JobState::Done
                    if kind == crate::casework::Task::NOTIFY && !self.arrivals.has_heard_of(id.as_str()) =>
                {
                    self.oracle.broken("G7", || format!("the notice {id} is done and never arrived"));
                }
                _ => {}
            }
        }
    }

    fn check_events(&mut self, stored: &Stored) {
        let id = &stored.guarantee.id;
        let events: Vec<Event> = self.ledger.events_of(id).cloned().collect();
        let once = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count() <= 1;
        let sound = once(|event| matches!(event, Event::ApplicationReceived { .. }))
            && once(|event| matches!(event, Event::KeyReceived))
            && once(|event| matches!(event, Event::PremiumPaid))
            && once(|event| matches!(event, Event::Cancelled))
            && once(|event| matches!(event, Event::LetterSealed { letter: LetterKind::Merged, .. }));
        let mut stages = events.iter().filter_map(Event::stage);
        if !sound || stages.next_back() != Some(stored.guarantee.stage) {
            self.oracle.broken("G2", || format!("{id} has a history that can't be: {events:?}"));
        }
    }

    /// The key that was accepted is kept, and is that of the guarantee's own case.
    fn check_keys(&mut self, stored: &Stored) {
        let guarantee = &stored.guarantee;
        let Some(accepted) = self.oracle.keys.get(&guarantee.id) else { return };
        let kept = self.ledger.keys.get(&guarantee.id);
        let case = self.case_of(&guarantee.application.number).and_then(|case| self.cases.get(case));
        let own = case.map(super::applicant::Case::key_bytes);
        if kept.map(|key| &**key) != Some(accepted) || own != Some(accepted) {
            let id = &guarantee.id;
            self.oracle.broken("G5", || format!("the key of {id} is lost, or another's"));
        }
    }

    /// What is sealed is in the archive, and with the platform where it gets letters by itself.
    fn check_letters(&mut self, stored: &Stored) {
        let guarantee = &stored.guarantee;
        let (id, Some(case)) = (&guarantee.id, self.case_of(&guarantee.application.number)) else { return };
        let Some(role) = self.role_of(guarantee.platform.as_str()) else { return };
        for letter in [guarantee.letter_at_issue(), LetterKind::Merged] {
            let Some(sealed) = guarantee.letter(letter) else { continue };
            let name = letter.name();
            if self.archive.get(&sealed.document).is_none_or(|file| file.starts_with(b"too late")) {
                self.oracle.broken("G7", || format!("the {name} letter of {id} is not in the archive"));
            }
            if !role.is_handed(letter) {
                continue;
            }
            let arrived = self.arrivals.letters.get(&(case, name)).cloned();
            let Some((document, at)) = arrived.filter(|(document, _)| *document == sealed.document) else {
                self.oracle.broken("G7", || format!("the {name} letter of {id} never arrived: {sealed:?}"));
                continue;
            };
            let Some(opening) = guarantee.opening.as_ref().filter(|_| letter == LetterKind::Merged) else {
                continue;
            };
            self.tally.restorations = self.tally.restorations.saturating_add(1);
            let received = moment(opening.key_received_at);
            let calm = self.weather.until.saturating_add(AFTER_THE_STORM);
            let latest = calm.max(received.saturating_add(IN_FAIR_WEATHER));
            if at > latest {
                self.oracle.broken("deadlines", || {
                    format!(
                        "the plaintext letter {document} of {id} arrived only at {at}, expected by {latest}"
                    )
                });
            }
        }
    }
}

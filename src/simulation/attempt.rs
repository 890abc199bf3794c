//! One attempt at a job at a replica, effect by effect: what runs in one go in a handler is cut here wherever a process
//! can die, a lease can end or somebody else can get in between.
//!
//! This follows the handlers of [`jobs`](crate::jobs) step by step. The task, the schedule, the cause of a failure, the
//! rules and the messages are the same code.

use std::sync::Arc;

use jiff::Timestamp;

use super::agenda::{MILLISECOND, Micros, SECOND};
use super::conclusion::{Effect, Verdict};
use super::delivering::Upload;
use super::mutation::Mutation;
use super::network::{Returned, Sent};
use super::weather::{Boundary, Fault};
use super::world::{Happening, World, Written, instant};
use crate::casework::{Round, Task};
use crate::crypto::sm3;
use crate::delivery::NotDelivered;
use crate::dialect::response::LetterFile;
use crate::dialect::{Message, SectionKey};
use crate::domain::decision::Question;
use crate::domain::guarantee::{LetterKind, Stage};
use crate::domain::identity::{DocumentDigest, GuaranteeNumber};
use crate::domain::notice::Notice;
use crate::domain::{Command, Guarantee};
use crate::institution::Answer;
use crate::jobs::breaker::{State, Ticket};
use crate::jobs::{Breaker, cause_of};
use crate::store::jobs::{Cause, ClaimedJob};

/// A job that a replica has claimed, and how far it has come.
pub(super) struct Attempt {
    pub job: ClaimedJob,
    pub(super) guarantee: Option<Arc<Guarantee>>,
    pub(super) work: Work,
    /// The call whose answer it waits for.
    pub(super) awaits: u64,
    /// Its way past the platform's breaker, where it is a call.
    pub(super) ticket: Option<Ticket>,
}

/// What comes next.
pub(super) enum Work {
    Begin,
    /// The institution has been asked.
    Settle {
        question: Question,
        asked_at: Timestamp,
    },
    /// The letter is laid out and sealed.
    Archive {
        letter: LetterKind,
        at: Timestamp,
    },
    Told {
        notice: Box<Notice>,
        encloses: Option<LetterKind>,
    },
    Upload(Box<Upload>),
    Conclude {
        verdict: Verdict,
        waited: Micros,
    },
}

impl World<'_> {
    pub fn begin(&mut self, replica: usize, job: ClaimedJob) {
        let number = self.next_number();
        if let Some(it) = self.replicas.get_mut(replica) {
            let breaker = it.breakers.entry(job.platform.clone());
            let breaker = breaker.or_insert_with(|| Breaker::new(self.jobs.breaker.clone()));
            let ticket = Task::CALLS.include(&job.kind, &job.lane).then(|| breaker.begin());
            let attempt = Attempt { job, guarantee: None, work: Work::Begin, awaits: 0, ticket };
            it.attempts.insert(number, attempt);
        }
        self.step_after(replica, number, MILLISECOND);
        self.renew_later(replica, number);
    }

    pub(super) fn step_after(&mut self, replica: usize, attempt: u64, wait: Micros) {
        let Some(life) = self.replicas.get(replica).map(|it| it.life) else { return };
        let at = self.now.saturating_add(wait);
        self.agenda.plan(at, Happening::Step { replica, life, attempt });
    }

    fn renew_later(&mut self, replica: usize, attempt: u64) {
        let Some(life) = self.replicas.get(replica).map(|it| it.life) else { return };
        let third = Micros::try_from(self.jobs.worker.lease.as_micros()).unwrap_or(SECOND) / 3;
        let at = self.now.saturating_add(third);
        self.agenda.plan(at, Happening::Renew { replica, life, attempt });
    }

    fn take_attempt(&mut self, replica: usize, attempt: u64) -> Option<Attempt> {
        self.replicas.get_mut(replica)?.attempts.remove(&attempt)
    }

    pub(super) fn keep(&mut self, replica: usize, number: u64, attempt: Attempt) {
        // A replica that died meanwhile keeps nothing.
        if let Some(it) = self.replicas.get_mut(replica).filter(|it| it.up) {
            it.attempts.insert(number, attempt);
        }
    }

    /// The heartbeat of an attempt. Where the lease was lost, the work stops.
    pub fn renew(&mut self, replica: usize, number: u64) {
        let attempt = self.replicas.get(replica).and_then(|it| it.attempts.get(&number));
        let Some(fence) = attempt.map(|attempt| attempt.job.fence.clone()) else { return };
        let lease = self.jobs.worker.lease;
        let written = self.write(replica, |ledger| {
            let now = ledger.now;
            Ok(ledger.jobs.renew(&fence, lease, now))
        });
        match written {
            Written::Done(false) => {
                if let Some(mut attempt) = self.take_attempt(replica, number) {
                    self.tell_breaker(replica, &mut attempt, None);
                }
                self.lost(replica, &fence.job);
            }
            Written::Done(true) | Written::Failed(_) => self.renew_later(replica, number),
            Written::Crashed => {}
        }
    }

    pub(super) fn lost(&mut self, replica: usize, job: &crate::store::jobs::JobId) {
        self.tally.fenced_off = self.tally.fenced_off.saturating_add(1);
        self.trace.add(self.now, || format!("replica {replica} has lost its lease of {job}"));
        self.plan_polls();
    }

    pub(super) fn conclude_with(
        &mut self,
        replica: usize,
        number: u64,
        mut attempt: Attempt,
        verdict: Verdict,
    ) {
        self.tell_breaker(replica, &mut attempt, verdict.is_answered());
        attempt.work = Work::Conclude { verdict, waited: 0 };
        self.keep(replica, number, attempt);
        self.step_after(replica, number, MILLISECOND);
    }

    /// Where the platform answers again, what has waited for that waits no longer.
    fn tell_breaker(&mut self, replica: usize, attempt: &mut Attempt, answered: Option<bool>) {
        let (Some(ticket), now) = (attempt.ticket.take(), self.clock_of(replica)) else { return };
        let platform = attempt.job.platform.clone();
        let breaker = self.replicas.get_mut(replica).and_then(|it| it.breakers.get_mut(&platform));
        if breaker.and_then(|breaker| breaker.end(ticket, answered, now)) == Some(State::Closed) {
            let causes = [Cause::Unreachable, Cause::Unanswered];
            // Where that fails, they wait on.
            drop(self.write(replica, |ledger| {
                let now = ledger.now;
                Ok(ledger.jobs.hasten_calls(Task::CALLS, &platform, &causes, now))
            }));
        }
    }

    fn fail(&mut self, replica: usize, number: u64, attempt: Attempt, why: &str) {
        self.conclude_with(replica, number, attempt, Verdict::retry(Cause::Failed, why));
    }

    /// Goes one effect further.
    pub fn step(&mut self, replica: usize, number: u64) {
        let Some(mut attempt) = self.take_attempt(replica, number) else { return };
        match std::mem::replace(&mut attempt.work, Work::Begin) {
            Work::Begin => self.start(replica, number, attempt),
            Work::Settle { question, asked_at } => {
                self.settle(replica, number, attempt, question, asked_at);
            }
            Work::Archive { letter, at } => self.archive(replica, number, attempt, letter, at),
            // They go on when an answer returns.
            work @ (Work::Told { .. } | Work::Upload(_)) => {
                attempt.work = work;
                self.keep(replica, number, attempt);
            }
            Work::Conclude { verdict, waited } => self.conclude(replica, number, attempt, verdict, waited),
        }
    }

    fn start(&mut self, replica: usize, number: u64, mut attempt: Attempt) {
        if attempt.job.silent_ends >= self.jobs.worker.silent_deaths {
            let verdict = Verdict::dead(Cause::Poisoned, "too many silent ends");
            return self.conclude_with(replica, number, attempt, verdict);
        }
        if attempt.job.tries > self.jobs.schedule(&attempt.job).attempts() {
            let verdict = Verdict::dead(Cause::Exhausted, "never a word");
            return self.conclude_with(replica, number, attempt, verdict);
        }
        let task: Task = match attempt.job.payload() {
            Ok(task) => task,
            Err(error) => {
                let verdict = Verdict::dead(Cause::Unreadable, error.to_string());
                return self.conclude_with(replica, number, attempt, verdict);
            }
        };
        if self.readable().is_err() {
            return self.fail(replica, number, attempt, "the store is away");
        }
        if let Task::Round { round: Round::Expiry { .. } } = task {
            let (platform, at) = (attempt.job.platform.clone(), self.clock_of(replica));
            let verdict = Verdict::Done(Effect::Expire { platform, at });
            return self.conclude_with(replica, number, attempt, verdict);
        }
        let guarantee = attempt.job.lane.guarantee().and_then(|id| self.ledger.find(&id).cloned());
        let Some(guarantee) = guarantee.map(|stored| stored.guarantee) else {
            return self.fail(replica, number, attempt, "the guarantee is not stored");
        };
        attempt.guarantee = Some(Arc::clone(&guarantee));
        match task {
            Task::Consult { question } | Task::ConsultLater { question } => {
                if !question.is_open(&guarantee) {
                    return self.conclude_with(replica, number, attempt, Verdict::Done(Effect::Nothing));
                }
                attempt.work = Work::Settle { question, asked_at: self.clock_of(replica) };
                self.keep(replica, number, attempt);
                let wait = self.some_time(MILLISECOND, 2 * SECOND);
                self.step_after(replica, number, wait);
            }
            Task::MakeLetter { letter } => self.lay_out(replica, number, attempt, letter),
            Task::Notify { notice, encloses } => self.tell(replica, number, attempt, notice, encloses),
            Task::Upload { letter } => self.begin_upload(replica, number, attempt, letter),
            Task::Remind { .. }
            | Task::Callback { .. }
            | Task::Alarm { .. }
            | Task::Evidence { .. }
            | Task::Round { .. } => {
                self.conclude_with(replica, number, attempt, Verdict::Done(Effect::Nothing));
            }
        }
    }

    fn settle(&mut self, replica: usize, number: u64, attempt: Attempt, question: Question, at: Timestamp) {
        let Some(asked) = attempt.guarantee.clone() else { return };
        let rules = self.role_of(asked.platform.as_str()).and_then(|role| role.rules(self.deciding));
        let Some(rules) = rules else { return };
        let effect = match rules.judge(question, &asked, at).answer {
            Answer::Commands(commands) => {
                let commands = commands.into_iter().map(|command| self.numbered(command)).collect();
                Effect::Settle { asked, at, commands }
            }
            // Somebody sees to it in their own time.
            Answer::People | Answer::CoreSystem { .. } | Answer::Later(_) => Effect::Nothing,
        };
        self.conclude_with(replica, number, attempt, Verdict::Done(effect));
    }

    /// The rules draw a number from the machine's own dice; here it comes from the seed.
    pub(super) fn numbered(&mut self, command: Command) -> Command {
        match command {
            Command::Approve { mut terms } => {
                let number = format!("BH2026{:06}", self.next_number());
                terms.guarantee_number = GuaranteeNumber::new(number);
                Command::Approve { terms }
            }
            other => other,
        }
    }

    fn lay_out(&mut self, replica: usize, number: u64, mut attempt: Attempt, letter: LetterKind) {
        let Some(guarantee) = attempt.guarantee.clone() else { return };
        let Some(role) = self.role_of(guarantee.platform.as_str()) else { return };
        let due = match letter {
            LetterKind::Ciphertext | LetterKind::Plaintext => Stage::Issuing,
            LetterKind::Merged => Stage::Opened,
        };
        if guarantee.stage != due {
            let verdict = Verdict::dead(Cause::Obsolete, guarantee.stage.name());
            return self.conclude_with(replica, number, attempt, verdict);
        }
        if due == Stage::Issuing && guarantee.order_cancellation_is_asked() {
            return self.conclude_with(replica, number, attempt, Verdict::Done(Effect::Nothing));
        }
        let reveal =
            |key: Option<&SectionKey>| role.profile.reveal_application(&guarantee.application, key).is_ok();
        let is_readable = match letter {
            LetterKind::Ciphertext => true,
            LetterKind::Merged => {
                let key = self.ledger.keys.get(&guarantee.id);
                key.and_then(|key| SectionKey::from_bytes(key)).is_some_and(|key| reveal(Some(&key)))
            }
            LetterKind::Plaintext => reveal(role.profile.agreed_section_key().as_ref()),
        };
        if !is_readable {
            return self.fail(replica, number, attempt, "no key that opens the section is stored");
        }
        attempt.work = Work::Archive { letter, at: self.clock_of(replica) };
        self.keep(replica, number, attempt);
        let wait = self.some_time(20 * MILLISECOND, 400 * MILLISECOND);
        self.step_after(replica, number, wait);
    }

    fn archive(&mut self, replica: usize, number: u64, attempt: Attempt, letter: LetterKind, at: Timestamp) {
        let Some(guarantee) = attempt.guarantee.clone() else { return };
        if self.trouble(Fault::ArchiveFails) {
            return self.fail(replica, number, attempt, "the archive is away");
        }
        // A seal is never made twice with the same bytes.
        let nonce = self.next_number();
        let file = format!("{} of {} at {at}, {nonce}", letter.name(), guarantee.id).into_bytes();
        let document = DocumentDigest::new(hex::encode(sm3::digest(&file)));
        if self.mutation != Mutation::RecordsBeforeArchiving {
            self.archive.insert(document.clone(), file.into());
        }
        if self.crash(replica, Boundary::AfterArchiving) {
            return;
        }
        let verdict = Verdict::Done(Effect::RecordLetter { letter, document, at });
        self.conclude_with(replica, number, attempt, verdict);
    }

    /// Composes the notice as it goes over the wire, and sends it.
    fn tell(
        &mut self,
        replica: usize,
        number: u64,
        mut attempt: Attempt,
        notice: Box<Notice>,
        encloses: Option<LetterKind>,
    ) {
        let Some(guarantee) = attempt.guarantee.clone() else { return };
        let Some(role) = self.role_of(guarantee.platform.as_str()) else { return };
        let mut enclosed = None;
        if let Some(letter) = encloses {
            let document = guarantee.letter(letter).map(|letter| letter.document.clone());
            let kept = document.filter(|it| {
                self.ledger.documents.has(&(guarantee.id.clone(), it.clone()))
                    && self.archive.contains_key(it)
            });
            match kept {
                Some(document) => enclosed = Some((letter, document)),
                None => return self.fail(replica, number, attempt, "the letter is not in the archive"),
            }
        }
        let file = enclosed.as_ref().map(|(_, document)| LetterFile {
            name: "letter.ofd".to_owned(),
            base64: document.as_str().to_owned(),
        });
        let message = match &file {
            Some(file) => {
                Message::Enclosing { notice: &notice, file, url: Some("https://insurer.example/letter") }
            }
            None => Message::Notice(&notice),
        };
        // The time of sending and the digest over it are the attempt's own; all else must not change.
        let composed = match role.profile.compose(&message, instant(0)) {
            Ok(composed) => composed,
            Err(error) => {
                let verdict = Verdict::dead(Cause::NotRetryable, error.to_string());
                return self.conclude_with(replica, number, attempt, verdict);
            }
        };
        let mut bytes = match role.wrapped {
            true => format!("{notice:?}").into_bytes(),
            false => composed.body,
        };
        if self.mutation == Mutation::SaysItAnew {
            bytes.extend(attempt.job.attempt.to_be_bytes());
        }
        let digest = sm3::digest(&bytes);
        let job = attempt.job.id.clone();
        let sent = Sent::Notice { job, notice: notice.clone(), digest, encloses: enclosed };
        attempt.work = Work::Told { notice, encloses };
        self.send(replica, number, attempt, sent);
    }

    /// Sends a message, after which the attempt waits for its answer.
    pub(super) fn send(&mut self, replica: usize, number: u64, mut attempt: Attempt, sent: Sent) {
        let application = attempt.guarantee.as_ref().map(|it| it.application.number.clone());
        let Some(case) = application.and_then(|application| self.case_of(&application)) else { return };
        if let Some(call) = self.call(replica, number, case, sent) {
            attempt.awaits = call;
            self.keep(replica, number, attempt);
        }
    }

    pub fn call_returns(&mut self, replica: usize, number: u64, call: u64, returned: Returned) {
        let attempts = self.replicas.get_mut(replica).map(|it| &mut it.attempts);
        let waiting = attempts.as_ref().and_then(|attempts| attempts.get(&number));
        if waiting.is_none_or(|attempt| attempt.awaits != call) {
            return;
        }
        let Some(mut attempt) = self.take_attempt(replica, number) else { return };
        attempt.awaits = 0;
        self.trace.add(self.now, || format!("replica {replica}: call {call} returns {returned:?}"));
        match std::mem::replace(&mut attempt.work, Work::Begin) {
            Work::Told { notice, encloses } => {
                let verdict = self.told(replica, &notice, encloses, returned);
                self.conclude_with(replica, number, attempt, verdict);
            }
            Work::Upload(upload) => self.upload_goes_on(replica, number, attempt, *upload, returned),
            _ => {}
        }
    }

    fn told(
        &self,
        replica: usize,
        notice: &Notice,
        encloses: Option<LetterKind>,
        returned: Returned,
    ) -> Verdict {
        let result = returned.result();
        let waiver_accepted = match (notice, &result) {
            (Notice::WaiverRequest { .. }, Ok(())) => Some(true),
            (Notice::WaiverRequest { .. }, Err(NotDelivered::Rejected(_))) => Some(false),
            _ => None,
        };
        match result {
            Err(not) if waiver_accepted.is_none() => Verdict::retry(cause_of(&not), not.to_string()),
            _ => {
                let at = self.clock_of(replica);
                Verdict::Done(Effect::Told { waiver_accepted, arrived: encloses, at })
            }
        }
    }
}

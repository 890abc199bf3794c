//! What lies between a replica and a platform: delay, loss, refusal, and a platform that is away.

use super::agenda::{MILLISECOND, MINUTE, Micros, SECOND};
use super::weather::{Boundary, Fault};
use super::world::{Happening, World};
use crate::delivery::NotDelivered;
use crate::delivery::client::Failure;
use crate::dialect::Message;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{DocumentDigest, GuaranteeNumber};
use crate::domain::notice::Notice;
use crate::store::jobs::JobId;

/// How long a replica waits for an answer.
const TIMEOUT: Micros = 30 * SECOND;

/// What a replica says to a platform.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    Notice {
        job: JobId,
        notice: Box<Notice>,
        digest: [u8; 32],
        encloses: Option<(LetterKind, DocumentDigest)>,
    },
    PublicKey,
    Slice {
        job: JobId,
        letter: LetterKind,
        generation: i64,
        index: u64,
        digest: [u8; 32],
        number: GuaranteeNumber,
    },
    Completion {
        letter: LetterKind,
        document: DocumentDigest,
        /// What the slices have to be for the file to come out of them.
        slices: Vec<[u8; 32]>,
    },
}

impl Sent {
    fn name(&self) -> String {
        match self {
            Self::Notice { job, notice, .. } => {
                format!("{} ({job})", Message::Notice(notice).action().name())
            }
            Self::PublicKey => "public key".to_owned(),
            Self::Slice { index, .. } => format!("slice {index}"),
            Self::Completion { .. } => "completion".to_owned(),
        }
    }
}

/// A message on its way.
pub(super) struct Call {
    pub number: u64,
    pub replica: usize,
    pub life: u64,
    pub attempt: u64,
    pub case: usize,
    pub sent: Sent,
}

/// What a replica hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    Accepted,
    Rejected,
    ServerError,
    Unreachable,
    Timeout,
}

impl Returned {
    /// As the client would say it.
    pub fn result(self) -> Result<(), NotDelivered> {
        match self {
            Self::Accepted => Ok(()),
            Self::Rejected => Err(NotDelivered::Rejected("model".to_owned())),
            Self::ServerError => Err(NotDelivered::Status(503)),
            Self::Unreachable => Err(NotDelivered::Failed(Failure::Connect("model".to_owned()))),
            Self::Timeout => Err(NotDelivered::Failed(Failure::Timeout)),
        }
    }
}

impl World<'_> {
    /// Sends a message for an attempt; what comes of it is planned. None where the replica died before.
    pub fn call(&mut self, replica: usize, attempt: u64, case: usize, sent: Sent) -> Option<u64> {
        if self.crash(replica, Boundary::BeforeSending) {
            return None;
        }
        let life = self.replicas.get(replica)?.life;
        let number = self.next_number();
        self.trace.add(self.now, || {
            format!("replica {replica} sends {} to case {case}, call {number}", sent.name())
        });
        let back = |world: &mut Self, after: Micros, returned: Returned| {
            let at = world.now.saturating_add(after);
            let call = number;
            world.agenda.plan(at, Happening::CallReturns { replica, life, attempt, call, returned });
        };
        if self.is_down(case) {
            back(self, 20 * MILLISECOND, Returned::Unreachable);
            return Some(number);
        }
        back(self, TIMEOUT, Returned::Timeout);
        if self.trouble(Fault::CallLost) {
            return Some(number);
        }
        let delay = match self.trouble(Fault::CallDelayed) {
            true => self.some_time(TIMEOUT, 10 * MINUTE),
            false => self.some_time(MILLISECOND, 400 * MILLISECOND),
        };
        let call = Call { number, replica, life, attempt, case, sent };
        self.agenda.plan(self.now.saturating_add(delay), Happening::CallArrives(Box::new(call)));
        Some(number)
    }

    fn is_down(&self, case: usize) -> bool {
        let role = self.cases.get(case).map(|case| case.role);
        self.platforms.iter().any(|(platform, until)| Some(*platform) == role && *until > self.now)
    }

    /// The platform acts, or does not, and says so, or does not.
    pub fn call_arrives(&mut self, call: Call) {
        self.tally.calls = self.tally.calls.saturating_add(1);
        if self.is_down(call.case) {
            return;
        }
        let acts_first = self.weather_vane();
        let fails = self.trouble(Fault::PlatformFails);
        let mut returned = if fails { Returned::ServerError } else { Returned::Accepted };
        // To a waiver, a refusal is the platform's answer, and always the same.
        let is_answer = matches!(&call.sent, Sent::Notice { notice, .. } if matches!(**notice, Notice::WaiverRequest { .. }));
        if !fails && !is_answer && self.trouble(Fault::PlatformRefuses) {
            returned = Returned::Rejected;
        } else if !fails || acts_first {
            let accepted = self.act(&call);
            if !accepted && returned == Returned::Accepted {
                returned = Returned::Rejected;
            }
            // Nobody dies twice: whoever sent this may have gone since.
            if self.lives(call.replica, call.life) && self.crash(call.replica, Boundary::AfterSending) {
                return;
            }
        }
        if self.trouble(Fault::CallAnswerLost) {
            return;
        }
        let delay = self.some_time(MILLISECOND, 400 * MILLISECOND);
        let Call { number, replica, life, attempt, .. } = call;
        let back = Happening::CallReturns { replica, life, attempt, call: number, returned };
        self.agenda.plan(self.now.saturating_add(delay), back);
    }

    /// Whether a platform that fails has acted before it did.
    fn weather_vane(&mut self) -> bool {
        self.some_time(0, 1) == 1
    }

    fn act(&mut self, call: &Call) -> bool {
        let lets_go = self.cases.get(call.case).is_some_and(|case| case.lets_go);
        let taken = self.arrivals.take(call.case, lets_go, &call.sent, self.now, &mut self.oracle);
        self.tally.calls_repeated = self.tally.calls_repeated.saturating_add(u64::from(!taken.is_new));
        if let (Some(number), Some(case)) = (taken.number, self.cases.get_mut(call.case)) {
            case.guarantee.get_or_insert(number);
        }
        taken.accepted
    }
}

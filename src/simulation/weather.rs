//! What goes wrong in one run, and how often: drawn once from the seed, and over at a fixed moment.

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::agenda::{DAY, HOUR, MINUTE, Micros};

/// A place between two effects, at which a replica may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Boundary {
    /// A transaction is complete and not committed.
    BeforeCommit,
    /// It is committed, and nobody has been told: no answer is sent, no work begun.
    AfterCommit,
    /// A message is composed and not sent.
    BeforeSending,
    /// The platform has acted, and its answer is not seen.
    AfterSending,
    /// A letter is in the archive and not recorded.
    AfterArchiving,
    /// A job is claimed and not begun.
    AfterClaiming,
}

impl Boundary {
    pub const ALL: [Self; 6] = [
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BeforeSending,
        Self::AfterSending,
        Self::AfterArchiving,
        Self::AfterClaiming,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeCommit => "before a commit",
            Self::AfterCommit => "after a commit, before the answer",
            Self::BeforeSending => "before a message is sent",
            Self::AfterSending => "after the platform acted, before its answer is seen",
            Self::AfterArchiving => "between archive and commit",
            Self::AfterClaiming => "after a claim, before the work",
        }
    }
}

/// Something that goes wrong without a replica dying of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    PushLost,
    PushAnswerLost,
    PushDoubled,
    CallLost,
    CallAnswerLost,
    CallDelayed,
    PlatformFails,
    PlatformRefuses,
    PlatformDown,
    StoreUnavailable,
    StoreContended,
    /// The commit took place, and the connection broke before it said so.
    CommitUnknown,
    ArchiveFails,
    ReplicaFrozen,
    ReplicaStopped,
    DatabaseClockJumps,
    ReplicaClockSkewed,
    OperatorHastens,
}

impl Fault {
    pub const ALL: [Self; 18] = [
        Self::PushLost,
        Self::PushAnswerLost,
        Self::PushDoubled,
        Self::CallLost,
        Self::CallAnswerLost,
        Self::CallDelayed,
        Self::PlatformFails,
        Self::PlatformRefuses,
        Self::PlatformDown,
        Self::StoreUnavailable,
        Self::StoreContended,
        Self::CommitUnknown,
        Self::ArchiveFails,
        Self::ReplicaFrozen,
        Self::ReplicaStopped,
        Self::DatabaseClockJumps,
        Self::ReplicaClockSkewed,
        Self::OperatorHastens,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::PushLost => "push lost",
            Self::PushAnswerLost => "answer to a push lost",
            Self::PushDoubled => "push doubled",
            Self::CallLost => "call lost",
            Self::CallAnswerLost => "answer to a call lost",
            Self::CallDelayed => "call delayed beyond its timeout",
            Self::PlatformFails => "platform fails",
            Self::PlatformRefuses => "platform refuses",
            Self::PlatformDown => "platform down for a while",
            Self::StoreUnavailable => "store unavailable",
            Self::StoreContended => "store contended",
            Self::CommitUnknown => "outcome of a commit unknown",
            Self::ArchiveFails => "archive fails",
            Self::ReplicaFrozen => "replica frozen",
            Self::ReplicaStopped => "replica stopped in order",
            Self::DatabaseClockJumps => "database's clock jumps",
            Self::ReplicaClockSkewed => "replica's clock skewed",
            Self::OperatorHastens => "operator hastens a job",
        }
    }
}

/// How often each thing goes wrong in this run, in thousandths of its occasions, until when.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub until: Micros,
    crash: u32,
    faults: Vec<(Fault, u32)>,
}

impl Weather {
    /// A run has some kinds of trouble and not others, so that those it has are met often.
    pub fn draw(rng: &mut StdRng) -> Self {
        let lengths = [20 * MINUTE, 2 * HOUR, DAY, 4 * DAY];
        let until = lengths.get(rng.random_range(0..lengths.len())).copied().unwrap_or(DAY);
        let mut often = |rates: [u32; 4]| rates.get(rng.random_range(0..rates.len())).copied().unwrap_or(0);
        let crash = often([0, 3, 15, 40]);
        let faults = Fault::ALL.map(|fault| (fault, often([0, 0, 20, 120]))).to_vec();
        Self { until, crash, faults }
    }

    pub fn of(&self, fault: Fault) -> u32 {
        self.faults.iter().find(|(known, _)| *known == fault).map_or(0, |(_, rate)| *rate)
    }

    pub fn crash(&self) -> u32 {
        self.crash
    }
}

//! Mistakes that can be planted in the model, to see that the simulation finds them.

/// One mistake of a kind that a gateway could have. Only the model makes it; no other program has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mutation {
    #[default]
    None,
    /// A push is answered before its transaction is committed.
    AnswersBeforeCommit,
    /// A push that comes again is carried out again.
    ForgetsAnswers,
    /// The jobs of a decision are enqueued in a transaction of their own.
    EnqueuesLater,
    /// A worker writes though another one has its job.
    NoFence,
    /// A guarantee is overwritten, whoever changed it meanwhile.
    NoVersionCheck,
    /// Two jobs of a lane may run together.
    LanesOverlap,
    /// A revived job goes to its old place in the lane.
    RevivedInPlace,
    /// Jobs are claimed in the order in which they were enqueued.
    OldestFirst,
    /// An opening leaves older work of its guarantee waiting.
    NothingHastened,
    /// What stands behind an opening in its lane is not made urgent with the letter.
    LetterWaits,
    /// The key is used and not stored.
    KeyNotKept,
    /// Each attempt says something else.
    SaysItAnew,
    /// The file's key is made afresh at each attempt.
    FreshFileKey,
    /// A slice counts as acknowledged when it is sent.
    CountsSlicesEarly,
    /// A letter is recorded before its bytes are in the archive.
    RecordsBeforeArchiving,
    /// A job that has failed often enough is dropped.
    DropsTheExhausted,
}

impl Mutation {
    /// All that are mistakes.
    pub const ALL: [Self; 16] = [
        Self::AnswersBeforeCommit,
        Self::ForgetsAnswers,
        Self::EnqueuesLater,
        Self::NoFence,
        Self::NoVersionCheck,
        Self::LanesOverlap,
        Self::RevivedInPlace,
        Self::OldestFirst,
        Self::NothingHastened,
        Self::LetterWaits,
        Self::KeyNotKept,
        Self::SaysItAnew,
        Self::FreshFileKey,
        Self::CountsSlicesEarly,
        Self::RecordsBeforeArchiving,
        Self::DropsTheExhausted,
    ];
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AnswersBeforeCommit => "answers-before-commit",
            Self::ForgetsAnswers => "forgets-answers",
            Self::EnqueuesLater => "enqueues-later",
            Self::NoFence => "no-fence",
            Self::NoVersionCheck => "no-version-check",
            Self::LanesOverlap => "lanes-overlap",
            Self::RevivedInPlace => "revived-in-place",
            Self::OldestFirst => "oldest-first",
            Self::NothingHastened => "nothing-hastened",
            Self::LetterWaits => "letter-waits",
            Self::KeyNotKept => "key-not-kept",
            Self::SaysItAnew => "says-it-anew",
            Self::FreshFileKey => "fresh-file-key",
            Self::CountsSlicesEarly => "counts-slices-early",
            Self::RecordsBeforeArchiving => "records-before-archiving",
            Self::DropsTheExhausted => "drops-the-exhausted",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mutation| mutation.name() == name)
    }
}

//! The institution's side: what its rules, and later its core system, answer when a guarantee needs a decision.

pub mod calendar;
pub mod hours;
pub mod letterhead;
pub mod numbering;
pub mod redirects;
pub mod rules;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::decision::Question;
use crate::domain::{Command, Guarantee};

/// Whoever decides for the institution. The built-in [`rules::Rules`] are one; a core system behind an API is
/// another.
pub trait Institution: Send + Sync {
    fn consult<'a>(
        &'a self,
        question: Question,
        guarantee: &'a Guarantee,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Answer, Unanswered>>;
}

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is answered: the commands are carried out in order in one transaction.
    Commands(Vec<Command>),
    /// It is left to people.
    People,
    /// The core system has been told, and answers in its own time; after a while without an answer people are told.
    CoreSystem { answer_within: Duration },
    /// It is to be put again then.
    Later(Timestamp),
}

impl Answer {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Commands(_) => "commands",
            Self::People => "people",
            Self::CoreSystem { .. } => "core-system",
            Self::Later(_) => "later",
        }
    }
}

/// The institution could not be asked; the question will be put again.
#[derive(Debug)]
pub struct Unanswered(pub String);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the institution did not answer: {}", self.0)
    }
}

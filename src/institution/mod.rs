//! The institution's side: what its rules, and later its core system, answer when a guarantee needs a decision.

pub mod letterhead;
pub mod numbering;
pub mod redirects;
pub mod rules;

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::decision::Question;
use crate::domain::{Command, Guarantee};

/// Whoever decides for the institution. The built-in [`rules::Rules`] are one; a core system behind an API is
/// another. The answer is a list of commands, carried out in order in one transaction; an empty list leaves the
/// question to people.
pub trait Institution: Send + Sync {
    fn consult<'a>(
        &'a self,
        question: Question,
        guarantee: &'a Guarantee,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Command>, Unanswered>>;
}

/// The institution could not be asked; the question will be put again.
#[derive(Debug)]
pub struct Unanswered(pub String);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the institution did not answer: {}", self.0)
    }
}

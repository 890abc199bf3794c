//! Whether a push is known already, by what its business key was first used for.

use crate::domain::guarantee::Content;
use crate::domain::{Command, Guarantee};

/// What a push is to whoever has seen others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// Its business key is new, or what was asked under it may be asked again.
    New,
    /// It says what was said before, and gets the answer that was given then.
    Repetition,
    /// It says something else under a key that is taken.
    Conflict,
}

/// `bound` is the content for which the business key stands already.
pub fn recognise(
    bound: Option<&str>,
    content: &str,
    known: Option<&Guarantee>,
    command: &Command,
) -> Recognition {
    let Some(bound) = bound else { return Recognition::New };
    let said = if bound == content { Content::Same } else { Content::Other };
    match said {
        _ if known.is_some_and(|known| known.may_ask_again(command, said)) => Recognition::New,
        Content::Same => Recognition::Repetition,
        Content::Other => Recognition::Conflict,
    }
}

//! Whether the platform can be told what is about to be decided: a notice that can't be composed would never be sent.

use jiff::Timestamp;

use super::Platform;
use crate::dialect::{ComposeError, Message};
use crate::domain::decision::Newcomer;
use crate::domain::identity::PlatformId;
use crate::domain::notice::Notice;
use crate::domain::{Command, Guarantee, Work, decide};

/// Why nothing is decided.
#[derive(Debug, thiserror::Error)]
pub enum NotTellable {
    #[error("nothing was decided, since platform `{0}` can't be asked that")]
    NoQuestion(PlatformId),
    #[error("nothing was decided, since the platform can't be told: {0}")]
    NoNotice(#[from] ComposeError),
}

/// Looks at the notices that commands would cause, one after the other. What the domain refuses is told when it is
/// carried out.
///
/// # Errors
/// The first notice that the platform can't be sent.
pub fn expect(
    platform: &Platform,
    guarantee: &Guarantee,
    commands: &[Command],
    at: Timestamp,
) -> Result<(), NotTellable> {
    let mut guarantee = guarantee.clone();
    for command in commands {
        let newcomer = Newcomer { id: guarantee.id.clone(), platform: guarantee.platform.clone() };
        let Ok(decision) = decide(Some(guarantee), newcomer, command.clone(), at) else { return Ok(()) };
        for work in &decision.work {
            let Work::Notify(notice) = work else { continue };
            // What the platform has no words for is not sent. Of a question that is not sent, no answer ever comes.
            if !platform.profile.speaks(notice) {
                match notice {
                    Notice::WaiverRequest { .. } => {
                        return Err(NotTellable::NoQuestion(decision.guarantee.platform));
                    }
                    _ => continue,
                }
            }
            // What goes with a letter needs the letter.
            if !platform.profile.encloses(notice) {
                platform.profile.compose(&Message::Notice(notice), at)?;
            }
        }
        guarantee = decision.guarantee;
    }
    Ok(())
}

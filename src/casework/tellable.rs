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
    #[error(
        "nothing was decided: expected a guarantee number of at most {longest} characters, since platform `{platform}` has no more room for it; found {found}"
    )]
    NumberTooLong { platform: PlatformId, longest: usize, found: usize },
    #[error("nothing was decided, since the platform can't be told: {0}")]
    NoNotice(#[from] ComposeError),
}

/// Looks at the notices that commands would cause, one after the other, and whether a number fits into every later one. What the domain refuses is told when it is
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
        if let Command::Approve { terms } = command {
            expect_room(platform, terms.guarantee_number.as_str())?;
        }
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

fn expect_room(platform: &Platform, number: &str) -> Result<(), NotTellable> {
    let found = number.chars().count();
    match platform.profile.longest_guarantee_number() {
        Some(longest) if found > longest => {
            let platform = platform.profile.id().clone();
            Err(NotTellable::NumberTooLong { platform, longest, found })
        }
        _ => Ok(()),
    }
}

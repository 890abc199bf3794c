//! Sending a notice to the platform.

use anyhow::Context;

use super::desk::{Assignment, Desk};
use super::verdict::Verdict;
use crate::casework;
use crate::casework::letter_file::{self, SealedLetter};
use crate::delivery::NotDelivered;
use crate::delivery::client::Failure;
use crate::dialect::Message;
use crate::dialect::response::LetterFile;
use crate::domain::guarantee::LetterKind;
use crate::domain::notice::Notice;
use crate::domain::{Command, Guarantee};
use crate::downloads::{Offer, content_type};
use crate::secret::Secret;
use crate::store::jobs::Cause;

pub(super) async fn run(
    desk: &Desk,
    assignment: Assignment,
    notice: Notice,
    encloses: Option<LetterKind>,
) -> anyhow::Result<Verdict> {
    let Assignment { platform, guarantee } = assignment;
    let enclosure = match encloses {
        Some(letter) => Some(Enclosure::load(desk, &guarantee, letter).await?),
        None => None,
    };
    let message = match &enclosure {
        Some(Enclosure { file, url }) => {
            Message::Enclosing { notice: &notice, file, url: url.as_ref().map(Secret::expose) }
        }
        None => Message::Notice(&notice),
    };
    let exchange = match desk.uploader.courier.send(&platform.profile, Some(&guarantee.id), &message).await {
        Ok(exchange) => exchange,
        Err(error) => return Ok(Verdict::dead(Cause::NotRetryable, error.to_string())),
    };
    // A platform that says no to a waiver has answered the question; to anything else, "no" is a fault to retry.
    let waiver_accepted = match (&notice, &exchange.result) {
        (Notice::WaiverRequest { .. }, Ok(_)) => Some(true),
        (Notice::WaiverRequest { .. }, Err(NotDelivered::Rejected(_))) => Some(false),
        _ => None,
    };
    let record = exchange.record;
    match exchange.result {
        Err(cause) if waiver_accepted.is_none() => {
            desk.store.write(move |connection| record.store(connection)).await?;
            Ok(retry(&cause))
        }
        _ => {
            let (platform, id, at) = (platform.clone(), guarantee.id, desk.clock.now());
            Ok(Verdict::writing(move |connection| {
                record.store(connection)?;
                let settled = waiver_accepted.map(|accepted| Command::SettleWaiver { accepted });
                let arrived = encloses.map(|letter| Command::RecordDelivery { letter });
                for command in settled.into_iter().chain(arrived) {
                    if let Err(refusal) = casework::carry_out_all(connection, &platform, &id, &[command], at)?
                    {
                        tracing::error!(guarantee = %id, reason = %refusal, "what a notice settled could not be recorded");
                    }
                }
                Ok(())
            }))
        }
    }
}

/// A letter that goes with its notice, and where it can be fetched besides.
struct Enclosure {
    file: LetterFile,
    url: Option<Secret>,
}

impl Enclosure {
    async fn load(desk: &Desk, guarantee: &Guarantee, letter: LetterKind) -> anyhow::Result<Self> {
        let sealed = letter_file::load(&desk.store, &desk.uploader.archive, guarantee, letter).await?;
        let SealedLetter { document, file } = sealed.context("the letter is not sealed")?;
        let (links, id, at) = (desk.links.clone(), guarantee.id.clone(), desk.clock.now());
        if !links.configured() {
            return Ok(Self { file, url: None });
        }
        let name = file.name.clone();
        let url = desk.store.write(move |connection| {
            let offer = Offer {
                guarantee: &id,
                document: &document.digest,
                name: &name,
                content_type: content_type(&name),
            };
            links.url(connection, &offer, at)
        });
        Ok(Self { file, url: url.await? })
    }
}

/// What becomes of a job whose message the platform did not take.
pub(super) fn retry(cause: &NotDelivered) -> Verdict {
    Verdict::retry(cause_of(cause), cause.to_string())
}

/// Why the job waits then.
pub fn cause_of(not: &NotDelivered) -> Cause {
    match not {
        NotDelivered::Rejected(_) => Cause::Rejected,
        NotDelivered::Failed(Failure::Timeout | Failure::Broken(_)) => Cause::Unanswered,
        NotDelivered::Status(_) | NotDelivered::Unreadable(_) | NotDelivered::Failed(_) => Cause::Unreachable,
    }
}

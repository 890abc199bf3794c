//! Uploading a sealed letter, and recording its arrival.

use super::desk::{Assignment, Desk};
use super::notify::retry;
use super::verdict::Verdict;
use crate::casework;
use crate::delivery::upload::Progress;
use crate::domain::Command;
use crate::domain::guarantee::LetterKind;

pub(super) async fn run(desk: &Desk, assignment: Assignment, letter: LetterKind) -> anyhow::Result<Verdict> {
    let Assignment { platform, guarantee } = assignment;
    let progress = desk.uploader.upload(&platform.profile, &guarantee, letter).await?;
    Ok(match progress {
        Progress::Paused => Verdict::HandBack,
        Progress::Stopped(cause, settlement) => {
            desk.store.write(move |connection| settlement.store(connection)).await?;
            retry(&cause)
        }
        Progress::Complete(settlement) => {
            let (platform, id, at) = (platform.clone(), guarantee.id, desk.clock.now());
            Verdict::writing(move |connection| {
                settlement.store(connection)?;
                let arrived = Command::RecordDelivery { letter };
                if let Err(refusal) = casework::carry_out_all(connection, &platform, &id, &[arrived], at)? {
                    tracing::error!(guarantee = %id, reason = %refusal, "a delivery could not be recorded");
                }
                Ok(())
            })
        }
    })
}

//! Sending a notice to the platform.

use super::desk::{Assignment, Desk};
use super::verdict::Verdict;
use crate::casework;
use crate::delivery::NotDelivered;
use crate::delivery::client::Failure;
use crate::dialect::Message;
use crate::domain::Command;
use crate::domain::notice::Notice;
use crate::store::jobs::Cause;

pub(super) async fn run(desk: &Desk, assignment: Assignment<'_>, notice: Notice) -> anyhow::Result<Verdict> {
    let Assignment { platform, guarantee } = assignment;
    let message = Message::Notice(&notice);
    let exchange = match desk.uploader.courier.send(&platform.profile, &guarantee.id, &message).await {
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
                if let Some(accepted) = waiver_accepted {
                    let command = Command::SettleWaiver { accepted };
                    let outcome = casework::carry_out_all(connection, &platform, &id, &[command], at)?;
                    debug_assert!(outcome.is_ok(), "settling a waiver is never refused");
                }
                Ok(())
            }))
        }
    }
}

/// What becomes of a job whose message the platform did not take.
pub(super) fn retry(cause: &NotDelivered) -> Verdict {
    let kind = match cause {
        NotDelivered::Rejected(_) => Cause::Rejected,
        NotDelivered::Failed(Failure::Timeout | Failure::Broken(_)) => Cause::Unanswered,
        NotDelivered::Status(_) | NotDelivered::Unreadable(_) | NotDelivered::Failed(_) => Cause::Unreachable,
    };
    Verdict::retry(kind, cause.to_string())
}

//! Asking the institution, and carrying out what it says.

use super::desk::{Assignment, Desk};
use super::verdict::Verdict;
use crate::casework;
use crate::domain::decision::Question;
use crate::store::jobs::Cause;

pub(super) async fn run(
    desk: &Desk,
    assignment: Assignment<'_>,
    question: Question,
) -> anyhow::Result<Verdict> {
    let Assignment { platform, guarantee } = assignment;
    let at = desk.clock.now();
    let commands = match platform.institution.consult(question, &guarantee, at).await {
        Ok(commands) => commands,
        Err(unanswered) => {
            return Ok(Verdict::retry(Cause::Unanswered, unanswered.to_string()));
        }
    };
    let (platform, id) = (platform.clone(), guarantee.id);
    Ok(Verdict::writing(move |connection| {
        // A refusal means that the case went on without this answer, by a waiver for instance. Then the answer is moot.
        if let Err(refusal) = casework::carry_out_all(connection, &platform, &id, &commands, at)? {
            tracing::info!(guarantee = %id, reason = %refusal, "the institution's answer came too late");
        }
        Ok(())
    }))
}

//! Fetching one piece of evidence into the archive, where nobody but the institution's people gets at it.

use serde_json::json;

use super::desk::Desk;
use super::verdict::Verdict;
use crate::delivery::evidence::{Fetched, NotFetched};
use crate::store::audit::{self, Actor, Entry};
use crate::store::evidence::{self, File, Outcome, State};
use crate::store::jobs::Cause;

/// Whatever comes of it is the job's end: whoever wants another attempt says so.
pub(super) async fn run(desk: &Desk, id: String) -> anyhow::Result<Verdict> {
    let wanted = id.clone();
    let Some(asked) = desk.store.read(move |connection| evidence::find(connection, &wanted)).await? else {
        return Ok(Verdict::dead(Cause::NotRetryable, "the evidence is not stored any more"));
    };
    if asked.state != State::Asked {
        return Ok(Verdict::done());
    }
    let outcome = match desk.evidence.fetch(asked.url.expose()).await {
        Ok(Fetched { bytes, kind }) => {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let document = desk.uploader.archive.put(bytes).await?;
            Outcome::Fetched(File { document, size, media_type: kind.media_type().to_owned() })
        }
        Err(NotFetched::Refused(word)) => Outcome::Refused(word.to_owned()),
        Err(NotFetched::Failed(word)) => Outcome::Failed(word),
    };
    let (guarantee, state) = (asked.of.guarantee.clone(), outcome.state().name());
    tracing::info!(guarantee.id = %guarantee, evidence = id, state, "evidence of a claim was asked for");
    let at = desk.clock.now();
    Ok(Verdict::writing(move |connection| {
        if !evidence::settle(connection, &id, &outcome, at)? {
            return Ok(());
        }
        let detail = match &outcome {
            Outcome::Fetched(File { media_type, size, .. }) => {
                json!({ "evidence": id, "outcome": state, "type": media_type, "size": size })
            }
            Outcome::Refused(reason) | Outcome::Failed(reason) => {
                json!({ "evidence": id, "outcome": state, "reason": reason })
            }
        };
        let entry = Entry {
            actor: Actor::House,
            address: None,
            action: "evidence.fetch",
            subject: ("guarantee", guarantee.to_string()),
            detail,
            before: None,
            after: match &outcome {
                Outcome::Fetched(file) => Some(file.document.to_string()),
                Outcome::Refused(_) | Outcome::Failed(_) => None,
            },
        };
        audit::append(connection, &entry, at).map(drop)
    }))
}

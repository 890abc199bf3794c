//! From a form to a proposal.

use crate::changes::{Change, Effects, Refusal, Subject};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::{Console, Failure};
use crate::proposals::{self, By, Draft, Payload};
use crate::store::proposals::Subject as About;
use crate::store::{StoreError, changes};

/// The number of the version of a subject that is the last one now; 0 where there is none.
///
/// # Errors
/// When the database fails.
pub(super) async fn last_version(console: &Console, subject: &Subject) -> Result<i64, StoreError> {
    let (kind, id) = (subject.kind(), subject.id());
    let latest = console.store.read(move |connection| changes::latest(connection, kind, &id)).await?;
    Ok(latest.map_or(0, |it| it.version))
}

/// Tries a change without proposing it.
///
/// # Errors
/// When the database fails.
pub(super) async fn tried(console: &Console, change: &Change) -> Result<Result<Effects, Refusal>, Failure> {
    console.changes.try_out(change).await.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "a change could not be tried");
        Failure::Internal
    })
}

/// Proposes a change that was tried; yields the page of the proposal, or why it is not taken.
///
/// # Errors
/// When the database fails.
pub(super) async fn proposed(
    console: &Console,
    frame: &Frame,
    acting: Acting,
    change: &Change,
) -> Result<Result<String, String>, Failure> {
    if let Err(refusal) = tried(console, change).await? {
        return Ok(Err(said(frame, &refusal)));
    }
    let about = match change.items.as_slice() {
        [first, ..] => match &first.subject {
            Subject::Secret { platform, .. } => About::Platform(platform.clone()),
            Subject::Rule { .. } | Subject::Template { .. } => About::House,
        },
        [] => About::House,
    };
    let payload = Payload::Change { change: change.clone() };
    let draft = Draft { subject: about, payload, reason: change.reason.clone() };
    let (by, bench, at) = (By::from(acting), console.proposals.clone(), frame.now);
    let write = console.store.write(move |connection| {
        let made = proposals::propose(connection, &bench, &draft, &by, at)?;
        Ok(made.map(|proposal| proposal.id.to_string()).map_err(|reason| reason.to_string()))
    });
    Ok(write.await?.map(|id| format!("/rules/proposals/{id}")))
}

/// Why a change is not taken, in the language of the page.
pub(super) fn said(frame: &Frame, refusal: &Refusal) -> String {
    if frame.is_chinese() { refusal.zh() } else { refusal.to_string() }
}

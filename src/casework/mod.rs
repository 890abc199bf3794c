//! Carrying out a command on a stored guarantee: decide, and store the new state, the events and the jobs together.
//!
//! Pushes, jobs and operators all come through [`carry_out`], always inside a transaction of the caller's.

pub mod alarm;
pub mod callback;
pub mod decisions;
pub mod evidence;
pub mod letter_file;
pub mod platform;
pub mod restoration;
pub mod round;
pub mod sections;
pub mod task;
pub mod tellable;

use jiff::Timestamp;

pub use alarm::AlarmNews;
pub use callback::{CallbackType, Wanted};
pub use platform::{Former, Platform, Platforms, Received};
pub use round::Round;
pub use task::Task;

use crate::domain::decision::{Decision, Newcomer, decide};
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::domain::{Command, Guarantee, Refusal};
use crate::store::guarantees::Stored;
use crate::store::jobs::Lane;
use crate::store::{Connection, StoreError, events, guarantees, jobs};

/// What a command did, or why it did nothing.
pub type Outcome = Result<Guarantee, Refusal>;

/// Carries a command out on the guarantee that is known, or starts one with an application.
///
/// # Errors
/// A [`StoreError`] when the database fails or another writer changed the guarantee meanwhile; then the caller's
/// transaction must not be committed. A refusal is no error: nothing was written and the transaction may go on.
pub fn carry_out(
    connection: &mut Connection,
    platform: &Platform,
    known: Option<Stored>,
    command: Command,
    at: Timestamp,
) -> Result<Outcome, StoreError> {
    let newcomer = Newcomer { id: GuaranteeId::generate(), platform: platform.profile.id().clone() };
    let (version, known) = match known {
        Some(stored) => (Some(stored.version), Some(stored.guarantee)),
        None => (None, None),
    };
    let decision = match decide(known, newcomer, command, at) {
        Ok(decision) => decision,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let guarantee = decision.guarantee;
    match version {
        Some(version) => guarantees::update(connection, &guarantee, version, at)?,
        None => guarantees::insert(connection, &guarantee, at)?,
    }
    let first = events::append(connection, &guarantee, &decision.events, at)?;
    let stored = (&guarantee, version.unwrap_or(0).saturating_add(1));
    callback::tell_events(connection, &platform.callbacks, stored, (first, &decision.events), at)?;
    let pressing = task::pressing(&decision.work);
    for job in task::plan(&platform.profile, &guarantee, decision.work, at)? {
        jobs::enqueue(connection, &job)?;
    }
    // Urgent work waits for no back-off of what stands before it: of before the opening, or of since.
    if let Some(deadline) = pressing {
        jobs::hasten(connection, &Lane::of_guarantee(&guarantee.id), deadline)?;
    }
    Ok(Ok(guarantee))
}

/// Carries commands out one after another on a guarantee named by its id; the first refusal ends the row.
///
/// # Errors
/// As [`carry_out`]; also when no such guarantee is stored.
pub fn carry_out_all(
    connection: &mut Connection,
    platform: &Platform,
    id: &GuaranteeId,
    commands: &[Command],
    at: Timestamp,
) -> Result<Result<(), Refusal>, StoreError> {
    let known = guarantees::find(connection, id)?;
    carry_out_each(connection, platform, known, commands, at)
}

/// The same on a guarantee as it was read in the present transaction: nothing is carried out on a later state of it.
///
/// # Errors
/// As [`carry_out`].
pub fn carry_out_each(
    connection: &mut Connection,
    platform: &Platform,
    mut known: Option<Stored>,
    commands: &[Command],
    at: Timestamp,
) -> Result<Result<(), Refusal>, StoreError> {
    for command in commands {
        let version = known.as_ref().map_or(0, |stored| stored.version);
        match carry_out(connection, platform, known, command.clone(), at)? {
            Ok(guarantee) => known = Some(Stored { guarantee, version: version.saturating_add(1) }),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok(()))
}

/// What the commands would do one after another; nothing is stored.
///
/// # Errors
/// The first refusal.
pub fn rehearse(
    guarantee: &Guarantee,
    commands: &[Command],
    at: Timestamp,
) -> Result<Vec<Decision>, Refusal> {
    let mut known = guarantee.clone();
    let mut decisions = Vec::with_capacity(commands.len());
    for command in commands {
        let newcomer = Newcomer { id: known.id.clone(), platform: known.platform.clone() };
        let decision = decide(Some(known), newcomer, command.clone(), at)?;
        known = decision.guarantee.clone();
        decisions.push(decision);
    }
    Ok(decisions)
}

/// The platform that a stored guarantee belongs to is not in the settings any more.
#[derive(Debug, thiserror::Error)]
#[error("platforms.{0}: expected a section in the settings, found none; guarantees of it are still stored")]
pub struct PlatformMissing(pub PlatformId);

#[cfg(test)]
mod tests;

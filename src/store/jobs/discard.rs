//! Jobs that a person has said are not to be done any more.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{JobId, JobState};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::jobs::{self, dsl};

/// The cause of a job that was discarded. Its state is `done`, so that nobody tries it again and those behind it go on; a
/// program of the version before reads it too.
pub const DISCARDED: &str = "discarded";

/// What became of a wish to discard a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    Done,
    /// It runs or is done: nothing is changed.
    NotNeeded(JobState),
    Unknown,
}

/// Ends a job that is dead or waits for another attempt, with the reason in its detail.
///
/// # Errors
/// [`StoreError::Conflict`] where a worker takes it at this moment; otherwise when the database fails.
pub fn discard(connection: &mut Connection, id: &JobId, reason: &str) -> Result<Discard, StoreError> {
    let query = jobs::table.find(id.as_str()).select(dsl::state);
    let state: Option<String> = on!(connection, |link| query.first(link).optional())?;
    let Some(state) = state else { return Ok(Discard::Unknown) };
    let state = JobState::named(id.as_str(), &state)?;
    if matches!(state, JobState::Running | JobState::Done) {
        return Ok(Discard::NotNeeded(state));
    }
    let now = diesel::dsl::sql::<diesel::sql_types::Nullable<BigInt>>(connection.fragments().now);
    let unchanged = jobs::table.find(id.as_str()).filter(dsl::state.eq(state.name()));
    let ended = (
        dsl::state.eq(JobState::Done.name()),
        dsl::finished_at.eq(now),
        dsl::cause.eq(Some(DISCARDED)),
        dsl::detail.eq(Some(reason)),
    );
    if on!(connection, |link| diesel::update(unchanged).set(ended).execute(link))? == 0 {
        return Err(StoreError::Conflict);
    }
    // Whatever stood behind it may run now.
    connection.work_is_ready = true;
    Ok(Discard::Done)
}

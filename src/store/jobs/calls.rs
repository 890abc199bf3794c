//! Which jobs are calls: they wait for a computer that is not ours. The rest is work of this house.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::{Cause, Lane};
use crate::domain::identity::PlatformId;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;

/// What a job is known as a call by: words of the code, at least one, nothing that came from outside.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// Kinds of jobs that are calls.
    pub kinds: &'static [&'static str],
    /// Rounds that are.
    pub rounds: &'static [&'static str],
}

impl Calls {
    /// Whether a job of this kind in this lane is a call.
    pub fn include(&self, kind: &str, lane: &Lane) -> bool {
        self.kinds.contains(&kind) || lane.round().is_some_and(|round| self.rounds.contains(&round))
    }

    /// The same as a condition on the row `job`.
    pub(super) fn condition(&self, job: &str) -> String {
        let kinds = self.kinds.iter().map(|kind| format!("{job}.kind = '{kind}'"));
        let rounds =
            self.rounds.iter().map(|round| format!("{job}.lane = 'round/' || {job}.platform || '/{round}'"));
        format!("({})", kinds.chain(rounds).collect::<Vec<_>>().join(" OR "))
    }
}

/// The platforms that nothing may be sent to at present.
pub(super) const PAUSED: &str = "SELECT pauses.platform FROM pauses WHERE pauses.resumed_at IS NULL";

/// Makes a platform's calls due now that wait for another attempt, those alone whose last one had such a cause; tells how
/// many. For when the platform may be called again.
///
/// # Errors
/// When the database fails.
pub fn hasten_calls(
    connection: &mut Connection,
    calls: Calls,
    platform: &PlatformId,
    causes: &[Cause],
) -> Result<usize, StoreError> {
    let (now, is_call) = (connection.fragments().now, calls.condition("jobs"));
    let causes: Vec<String> = causes.iter().map(|cause| format!("'{cause}'")).collect();
    let statement = format!(
        "UPDATE jobs SET due_at = {now} WHERE jobs.platform = $1 AND jobs.state = 'ready' \
         AND jobs.state IN ('ready', 'running') AND jobs.due_at > {now} AND jobs.cause IN ({}) AND {is_call}",
        causes.join(", ")
    );
    let hastened =
        on!(connection, |link| sql_query(statement).bind::<Text, _>(platform.as_str()).execute(link))?;
    connection.work_is_ready |= hastened > 0;
    Ok(hastened)
}

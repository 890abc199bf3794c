//! Jobs under which processes die. Such a job never reports a failure: its leases run out without a word. One of these may
//! be anybody's bad luck; several in a row make the job suspected, and it is kept apart from then on.
//!
//! - Its next attempt waits a while that doubles each time, so that a process that it kills has served others before.
//! - At most one suspected job runs in a process. So what dies with it is not taken for its like for long: from the third
//!   silent end on, a job gathers further ones only where it was itself the one that was suspected.
//! - After [`Suspects::given_up_after`] silent ends in a row it is handed out to be given up.
//!
//! Whoever kills processes at random buries nobody by that: twelve ends in a row need twelve attempts that were all
//! caught. Of attempts that take a second, under a kill every ten seconds, that is one job in 10^12, and of attempts
//! that are under way half of the time one in 4,000; the pauses alone stretch it over seven minutes.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{Cause, Fence, conclude};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::{attempts, jobs};
use crate::store::time::length_in_micros;

/// From so many silent ends in a row on, a job is suspected.
pub const SUSPECTED_AFTER: u32 = 3;

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long a suspected job waits for its turn where another one runs.
const FOR_ITS_TURN: Duration = Duration::from_secs(1);

/// More attempts than this are not looked at.
const LOOKED_AT: i64 = 100;

/// How a claim deals with suspected jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// Whether one may be handed out; the others wait.
    pub admitted: bool,
    /// After so many silent ends in a row a job is no longer run.
    pub given_up_after: u32,
}

impl Default for Suspects {
    fn default() -> Self {
        Self { admitted: true, given_up_after: 12 }
    }
}

impl Suspects {
    /// Whether a job is one of those of which one runs at a time.
    pub fn include(&self, silent: u32) -> bool {
        (SUSPECTED_AFTER..self.given_up_after).contains(&silent)
    }

    /// How long a job has to wait before it is handed out; None where it is now. Whoever is handed out takes the turn.
    pub fn pause(&mut self, silent: u32, just_ended: bool) -> Option<Duration> {
        if !self.include(silent) {
            return None;
        }
        if just_ended {
            let doubled = Duration::from_secs(1_u64.checked_shl(silent).unwrap_or(u64::MAX));
            return Some(doubled.min(LONGEST_PAUSE));
        }
        if std::mem::replace(&mut self.admitted, false) { None } else { Some(FOR_ITS_TURN) }
    }
}

/// How many attempts before this one ended in a row without a word. Whatever a worker said in between ends the row, but
/// for handing the job back when it stopped.
pub(super) fn silent_ends(connection: &mut Connection, fence: &Fence) -> Result<u32, StoreError> {
    if fence.attempt <= i64::from(SUSPECTED_AFTER) {
        return Ok(0);
    }
    let earlier = attempts::table.filter(attempts::job_id.eq(fence.job.as_str()));
    let earlier = earlier.filter(attempts::number.lt(fence.attempt)).order(attempts::number.desc());
    let earlier = earlier.select(attempts::outcome).limit(LOOKED_AT);
    let outcomes: Vec<String> = on!(connection, |link| earlier.load(link))?;
    let told = outcomes.iter().filter(|outcome| *outcome != "released");
    let silent = told.take_while(|outcome| *outcome == "lease-expired").count();
    Ok(u32::try_from(silent).unwrap_or(u32::MAX))
}

/// Puts a job back that was leased and is not handed out: as if it had not been leased, for a while.
pub(super) fn set_aside(
    connection: &mut Connection,
    fence: &Fence,
    silent: u32,
    pause: Duration,
) -> Result<(), StoreError> {
    let due_at = format!("{} + {}", connection.fragments().now, length_in_micros(pause));
    let ready = (
        jobs::state.eq("ready"),
        jobs::attempts.eq(jobs::attempts - 1),
        jobs::due_at.eq(sql::<BigInt>(&due_at)),
        jobs::lease_owner.eq(None::<String>),
        jobs::cause.eq(Some(Cause::Poisoned.name())),
        jobs::detail.eq(Some(format!(
            "{silent} attempts in a row ended without a word from their worker; the next one waits"
        ))),
    );
    on!(connection, |link| diesel::update(conclude::held!(fence)).set(ready).execute(link))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspect_waits_longer_each_time_and_one_of_them_is_handed_out() {
        let waits = |silent| Suspects::default().pause(silent, true).map(|pause| pause.as_secs());
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 11, 12].map(waits),
            [None, None, Some(8), Some(16), Some(32), Some(60), Some(60), None]
        );
        let mut suspects = Suspects::default();
        assert_eq!(suspects.pause(4, false), None);
        assert_eq!(suspects.pause(4, false), Some(FOR_ITS_TURN));
        // What is not suspected, or is only to be given up, needs no turn.
        assert_eq!((suspects.pause(2, false), suspects.pause(12, false)), (None, None));
    }
}

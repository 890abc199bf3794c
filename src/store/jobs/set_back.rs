//! After the database's clock was set back. Leases and waits end at times of that clock: those that were taken before lie
//! as far in the future as the clock jumped, and without help a job whose worker died would stay leased for so long.
//!
//! A row shows by itself that it is from the future, so that any number of gateways may mend it together and again.
//! Forward, a jump ends leases and waits early; that costs a second attempt, and the fence keeps it to one effect.

use std::time::Duration;

use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use jiff::Timestamp;

use super::{TABLE, unfinished};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::jobs::{self, dsl};
use crate::store::time::{from_micros, length_in_micros};

/// What kinds of jobs wait for.
#[derive(Clone, Copy, Debug)]
pub struct Kinds {
    /// For an hour of the day: they are not touched.
    pub by_the_clock: &'static [&'static str],
    /// For an interval to pass.
    pub by_interval: &'static [&'static str],
}

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = BigInt)]
    now: i64,
}

/// The database's clock.
///
/// # Errors
/// When the database fails.
pub fn clock(connection: &mut Connection) -> Result<Timestamp, StoreError> {
    let query = format!("SELECT {} AS now", connection.fragments().now);
    let Now { now } = on!(connection, |link| diesel::sql_query(query).get_result(link))?;
    from_micros(TABLE, "clock", now)
}

/// Mends leases and waits that begin in the future; tells how many. A lease ends `lease` from now at the latest, a failed
/// or new job is due now, and one that waits for an interval waits for the whole of it.
///
/// # Errors
/// When the database fails.
pub fn mend(connection: &mut Connection, lease: Duration, kinds: Kinds) -> Result<usize, StoreError> {
    let now = connection.fragments().now;
    let latest = format!("{now} + {}", length_in_micros(lease));
    let leased = jobs::table.filter(unfinished!()).filter(dsl::state.eq("running"));
    let leased = leased.filter(dsl::due_at.gt(sql::<BigInt>(&latest)));
    let until = dsl::due_at.eq(sql::<BigInt>(&latest));
    let mut mended = on!(connection, |link| diesel::update(leased).set(until).execute(link))?;

    let waiting = || jobs::table.filter(unfinished!()).filter(dsl::state.eq("ready"));
    let waiting = || waiting().filter(dsl::due_at.gt(sql::<BigInt>(now)));
    let planned_later = || dsl::created_at.gt(sql::<BigInt>(now));
    let (again, from_now) = (format!("{now} + (due_at - created_at)"), sql::<BigInt>(now));
    let turns = waiting().filter(dsl::kind.eq_any(kinds.by_interval)).filter(planned_later());
    let anew = (dsl::due_at.eq(sql::<BigInt>(&again)), dsl::created_at.eq(from_now));
    mended += on!(connection, |link| diesel::update(turns).set(anew).execute(link))?;

    let failed_later = format!(
        "EXISTS (SELECT 1 FROM attempts WHERE attempts.job_id = jobs.id AND attempts.ended_at > {now})"
    );
    let failed_later = || sql::<Bool>(&failed_later);
    let timed = dsl::kind.eq_any(kinds.by_the_clock).or(dsl::kind.eq_any(kinds.by_interval));
    let stranded = waiting().filter(failed_later().or(planned_later().and(not(timed))));
    let due_now = dsl::due_at.eq(sql::<BigInt>(now));
    let hastened = on!(connection, |link| diesel::update(stranded).set(due_now).execute(link))?;
    connection.work_is_ready |= mended + hastened > 0;
    Ok(mended + hastened)
}

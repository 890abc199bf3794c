//! How those whom we call have answered of late.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;
use jiff::Timestamp;

use super::TABLE;
use crate::domain::identity::PlatformId;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::{attempts, jobs};
use crate::store::time::{from_micros, to_micros};

/// So many attempts are looked at, the latest ones.
const MOST: i64 = 20_000;

/// How a platform has answered in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Attempts that have ended.
    pub attempts: u32,
    /// Those that did what they were for.
    pub succeeded: u32,
    /// 95 of 100 attempts took no longer; None where none has ended.
    pub p95: Option<Duration>,
}

impl Pulse {
    /// Successes of a thousand attempts; None where none has ended.
    pub fn success_permille(&self) -> Option<u32> {
        self.succeeded.saturating_mul(1_000).checked_div(self.attempts)
    }
}

/// How each platform has answered to jobs of these kinds since then.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn pulses(
    connection: &mut Connection,
    kinds: &[&str],
    since: Timestamp,
) -> Result<BTreeMap<PlatformId, Pulse>, StoreError> {
    let query = attempts::table.inner_join(jobs::table.on(jobs::id.eq(attempts::job_id)));
    let query = query.filter(attempts::started_at.ge(to_micros(since)).and(jobs::kind.eq_any(kinds)));
    let query = query.filter(attempts::ended_at.is_not_null()).order(attempts::started_at.desc()).limit(MOST);
    let query = query.select((jobs::platform, attempts::started_at, attempts::ended_at, attempts::outcome));
    let rows: Vec<(String, i64, Option<i64>, String)> = on!(connection, |link| query.load(link))?;
    let mut times: BTreeMap<PlatformId, (Pulse, Vec<Duration>)> = BTreeMap::new();
    for (platform, started, ended, outcome) in rows {
        let started = from_micros(TABLE, &platform, started)?;
        let ended = from_micros(TABLE, &platform, ended.unwrap_or_default())?;
        let (pulse, taken) = times.entry(PlatformId::new(platform)).or_default();
        pulse.attempts += 1;
        pulse.succeeded += u32::from(outcome == "done");
        taken.push(ended.duration_since(started).unsigned_abs());
    }
    let finished = times.into_iter().map(|(platform, (mut pulse, mut taken))| {
        taken.sort_unstable();
        pulse.p95 = taken.get(taken.len().saturating_mul(95).div_ceil(100).saturating_sub(1)).copied();
        (platform, pulse)
    });
    Ok(finished.collect())
}

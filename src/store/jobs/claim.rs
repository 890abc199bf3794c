//! Leases: how a worker gets a job, keeps it while it works, and hands it back when it stops.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Text};

use super::calls::{Calls, PAUSED};
use super::suspicion::{self, Suspects};
use super::{Cause, ClaimedJob, Fence, JobId, Lane, TABLE, conclude, unfinished};
use crate::domain::identity::PlatformId;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::{attempts, jobs};
use crate::store::time::{from_micros, length_in_micros};

/// Who claims, for how long, and what.
#[derive(Clone, Debug)]
pub struct Claim {
    /// A name of this worker that no other worker ever has.
    pub owner: String,
    pub lease: Duration,
    /// Platforms whose jobs are another worker's.
    pub excluded: Vec<PlatformId>,
    /// Nothing but jobs for this one.
    pub only: Option<PlatformId>,
    pub calls: Calls,
    /// Where there is room, and for how many. A full one holds up no other.
    pub compartments: Vec<Compartment>,
    pub suspects: Suspects,
}

/// Which jobs belong into a compartment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Any,
    /// Work of this house: it takes a processor and the database.
    House,
    /// What waits for a platform.
    Calls,
}

/// Room for jobs of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compartment {
    pub of: Sort,
    /// For so many, whatever their platforms.
    pub total: u32,
    /// For so many of one platform.
    pub each: u32,
    /// For fewer, of these platforms.
    pub left: BTreeMap<PlatformId, u32>,
}

impl Compartment {
    /// For so many jobs, whatever they are.
    pub fn any(total: u32) -> Self {
        Self { of: Sort::Any, total, each: total, left: BTreeMap::new() }
    }

    /// How many jobs may be looked for at once: beyond that, all may be for platforms that have no room left.
    fn most(&self) -> u32 {
        self.left.values().copied().fold(self.each, u32::max).min(self.total)
    }

    /// Takes up the room of one job; false where there is none.
    fn take(&mut self, platform: &str) -> bool {
        let left = self.left.entry(PlatformId::new(platform)).or_insert(self.each);
        if *left == 0 || self.total == 0 {
            return false;
        }
        *left -= 1;
        self.total -= 1;
        true
    }

    fn full(&self) -> impl Iterator<Item = &PlatformId> {
        self.left.iter().filter(|(_, left)| **left == 0).map(|(platform, _)| platform)
    }

    /// The condition on the row `job` that it belongs here and may be done now.
    fn condition(&self, calls: Calls) -> String {
        let is_call = calls.condition("job");
        match self.of {
            Sort::Any => format!("NOT ({is_call} AND job.platform IN ({PAUSED}))"),
            Sort::House => format!("NOT {is_call}"),
            Sort::Calls => format!("{is_call} AND job.platform NOT IN ({PAUSED})"),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct Row {
    id: String,
    platform: String,
    lane: String,
    kind: String,
    payload: Vec<u8>,
    due_at: i64,
    deadline: i64,
    attempts: i64,
    forgiven: i64,
    created_at: i64,
}

/// Leases the most urgent jobs that are due and for which there is room, at most one of a lane; also those whose last
/// lease ran out. Each lease is an attempt and is recorded as one. Calls of a platform that is paused are left alone.
///
/// A job whose payload can't be read is buried, so that it is seen and holds up nobody.
///
/// # Errors
/// When the database fails.
pub fn claim(connection: &mut Connection, claim: &Claim) -> Result<Vec<ClaimedJob>, StoreError> {
    let lease = length_in_micros(claim.lease);
    let mut rows = Vec::new();
    for compartment in &claim.compartments {
        rows.extend(fill(connection, claim, compartment.clone(), lease)?);
    }
    rows.sort_by(|a, b| (a.deadline, &a.id).cmp(&(b.deadline, &b.id)));
    let mut claimed = Vec::with_capacity(rows.len());
    let mut suspects = claim.suspects.clone();
    for row in rows {
        let started_at = row.due_at.saturating_sub(lease);
        let taken_over = row.attempts > 1 && close_abandoned(connection, &row.id, started_at)?;
        let fence = Fence { job: JobId::new(&row.id), owner: claim.owner.clone(), attempt: row.attempts };
        let silent_ends = suspicion::silent_ends(connection, &fence)?;
        if let Some(pause) = suspects.pause(silent_ends, taken_over) {
            suspicion::set_aside(connection, &fence, silent_ends, pause)?;
            continue;
        }
        let attempt = (
            attempts::job_id.eq(&row.id),
            attempts::number.eq(row.attempts),
            attempts::started_at.eq(started_at),
            attempts::outcome.eq("running"),
        );
        on!(connection, |link| diesel::insert_into(attempts::table).values(attempt).execute(link))?;
        match opened(connection, row, fence.clone(), taken_over) {
            Ok(job) => claimed.push(ClaimedJob { silent_ends, ..job }),
            Err(error) => conclude::bury(connection, &fence, Cause::Unreadable, &error.to_string())?,
        }
    }
    Ok(claimed)
}

/// Leases what there is room for. Where a platform's room is full before the whole is, the search goes on without it.
fn fill(
    connection: &mut Connection,
    claim: &Claim,
    mut room: Compartment,
    lease: i64,
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    loop {
        let most = room.most();
        if most == 0 {
            return Ok(rows);
        }
        let candidates = lock_candidates(connection, claim, &room, most)?;
        let were_all = u32::try_from(candidates.len()).is_ok_and(|found| found < most);
        let fitting = candidates.into_iter().filter(|candidate| room.take(&candidate.platform));
        let fitting: Vec<String> = fitting.map(|candidate| candidate.id).collect();
        rows.extend(lease_rows(connection, claim, fitting, lease)?);
        if were_all {
            return Ok(rows);
        }
    }
}

/// A statement after the one that locked, because each sees its own state of the database. The first one may judge a row
/// by the state in which it began and lock it in a later one, in which the job was given up, revived, and now stands
/// behind others of its lane. The second one sees what the locked rows have become, and judges again in full.
fn lease_rows(
    connection: &mut Connection,
    claim: &Claim,
    candidates: Vec<String>,
    lease: i64,
) -> Result<Vec<Row>, StoreError> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let now = connection.fragments().now;
    let (is_due, is_first) = (is_due("jobs", now), is_first("jobs"));
    let until = format!("{now} + {lease}");
    let still = jobs::table.filter(jobs::id.eq_any(candidates)).filter(sql::<Bool>(&is_due));
    let still = still.filter(sql::<Bool>(&is_first));
    let leased = (
        jobs::state.eq("running"),
        jobs::attempts.eq(jobs::attempts + 1),
        jobs::lease_owner.eq(Some(claim.owner.as_str())),
        jobs::due_at.eq(sql::<BigInt>(&until)),
    );
    Ok(on!(connection, |link| diesel::update(still)
        .set(leased)
        .returning(Row::as_returning())
        .get_results(link))?)
}

#[derive(QueryableByName)]
struct Candidate {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    platform: String,
}

/// The most urgent jobs that a compartment has room for, locked where the database locks rows.
fn lock_candidates(
    connection: &mut Connection,
    claim: &Claim,
    room: &Compartment,
    most: u32,
) -> Result<Vec<Candidate>, StoreError> {
    let fragments = connection.fragments();
    let (find_text, lock_jobs) = (fragments.find_text, fragments.lock_jobs);
    let (is_due, is_first) = (is_due("job", fragments.now), is_first("job"));
    let belongs = room.condition(claim.calls);
    let statement = format!(
        "SELECT job.id, job.platform FROM jobs job \
         WHERE {is_due} AND {find_text}($1, '/' || job.platform || '/') = 0 \
         AND ($2 = '' OR job.platform = $2) AND {belongs} AND {is_first} \
         ORDER BY job.deadline, job.due_at LIMIT $3{lock_jobs}"
    );
    let excluded: Vec<&str> = claim.excluded.iter().chain(room.full()).map(PlatformId::as_str).collect();
    Ok(on!(connection, |link| sql_query(statement)
        .bind::<Text, _>(format!("/{}/", excluded.join("/")))
        .bind::<Text, _>(claim.only.as_ref().map_or("", PlatformId::as_str))
        .bind::<BigInt, _>(i64::from(most))
        .get_results(link))?)
}

fn is_due(job: &str, now: &str) -> String {
    format!("{job}.state IN ('ready', 'running') AND {job}.due_at <= {now}")
}

/// Whether nothing of the job's lane that stands before it is unfinished.
fn is_first(job: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM jobs earlier WHERE earlier.lane = {job}.lane \
         AND earlier.position < {job}.position AND earlier.state IN ('ready', 'running'))"
    )
}

/// Ends the attempts of a worker that was never heard of again; tells whether there was one.
fn close_abandoned(connection: &mut Connection, job: &str, at: i64) -> Result<bool, StoreError> {
    let open = attempts::table.filter(attempts::job_id.eq(job).and(attempts::ended_at.is_null()));
    let ended = (attempts::ended_at.eq(Some(at)), attempts::outcome.eq("lease-expired"));
    Ok(on!(connection, |link| diesel::update(open).set(ended).execute(link))? > 0)
}

fn opened(
    connection: &Connection,
    row: Row,
    fence: Fence,
    taken_over: bool,
) -> Result<ClaimedJob, StoreError> {
    let counted = row.attempts.saturating_sub(row.forgiven);
    Ok(ClaimedJob {
        payload: connection.unseal(TABLE, &row.id, "payload", &row.payload)?,
        deadline: from_micros(TABLE, &row.id, row.deadline)?,
        created_at: from_micros(TABLE, &row.id, row.created_at)?,
        attempt: row.attempts,
        tries: u32::try_from(counted).unwrap_or(u32::MAX),
        taken_over,
        silent_ends: 0,
        fence,
        id: JobId::new(row.id),
        platform: PlatformId::new(row.platform),
        lane: Lane::stored(row.lane),
        kind: row.kind,
    })
}

/// Extends a lease to `lease` from now; false where it was lost, after which the work has to stop.
///
/// # Errors
/// When the database fails.
pub fn renew(connection: &mut Connection, fence: &Fence, lease: Duration) -> Result<bool, StoreError> {
    let until = format!("{} + {}", connection.fragments().now, length_in_micros(lease));
    let until = jobs::due_at.eq(sql::<BigInt>(&until));
    Ok(on!(connection, |link| diesel::update(conclude::held!(fence)).set(until).execute(link))? == 1)
}

/// Hands back every job that a stopping worker still holds: due now, the attempt not counted.
///
/// # Errors
/// When the database fails.
pub fn release(connection: &mut Connection, owner: &str) -> Result<usize, StoreError> {
    let held = jobs::table.filter(jobs::lease_owner.eq(owner).and(jobs::state.eq("running")));
    let held = held.filter(unfinished!()).select((jobs::id, jobs::attempts));
    let held: Vec<(String, i64)> = on!(connection, |link| held.load(link))?;
    let mut released = 0;
    for (id, attempt) in held {
        let fence = Fence { job: JobId::new(id), owner: owner.to_owned(), attempt };
        match conclude::hand_back(connection, &fence) {
            Ok(()) => released += 1,
            // It ended by itself meanwhile.
            Err(StoreError::LeaseLost(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(released)
}

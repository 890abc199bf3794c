//! `baohan replay`: an operator's way to give dead jobs another try.

use std::io::Write;

use anyhow::bail;
use clap::{ArgGroup, Args};
use jiff::Timestamp;
use serde_json::json;

use super::account;
use crate::domain::identity::PlatformId;
use crate::store::jobs::{self, JobId, JobState, Listing, Record, Revival};
use crate::store::{Store, audit};

/// Jobs that one command revives at most.
const LIMIT: u32 = 10_000;

/// Give dead jobs another try.
///
/// A dead job goes to the end of its guarantee's lane with a fresh schedule; a job that waits for its next attempt is
/// tried at once. A running gateway notices within a second. Callbacks are jobs for the platform `core-system`.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["job", "dead"]))]
pub struct ReplayArgs {
    /// One job, dead or waiting, by its id; may be given several times
    #[arg(long, value_name = "ID")]
    pub job: Vec<String>,

    /// All dead jobs
    #[arg(long)]
    pub dead: bool,

    /// With --dead: only those for this platform
    #[arg(long, value_name = "ID", requires = "dead", conflicts_with = "job")]
    pub platform: Option<String>,

    /// Change nothing: list the jobs and why they are dead
    #[arg(long)]
    pub dry_run: bool,
}

/// # Errors
/// When the database fails, or a job that was named does not exist.
pub async fn run(args: ReplayArgs, store: &Store, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<()> {
    let chosen = if args.dead { dead_jobs(&args, store).await? } else { named_jobs(&args, store).await? };
    let mut revived = 0_u32;
    for record in &chosen {
        let change = match (args.dry_run, record.state) {
            (_, JobState::Running | JobState::Done) => NOT_NEEDED,
            (true, JobState::Ready | JobState::Dead) => "would be tried again",
            (false, JobState::Ready | JobState::Dead) => revive(store, record, now).await?,
        };
        if change != NOT_NEEDED {
            revived += 1;
        }
        describe(record, change, out)?;
    }
    let verb = if args.dry_run { "would be tried again" } else { "will be tried again" };
    writeln!(out, "{revived} of {} jobs {verb}", chosen.len())?;
    Ok(())
}

const NOT_NEEDED: &str = "runs or is done: left alone";

async fn dead_jobs(args: &ReplayArgs, store: &Store) -> anyhow::Result<Vec<Record>> {
    let platform = args.platform.as_deref().map(PlatformId::new);
    let listing = Listing { state: JobState::Dead, platform, lane: None, limit: LIMIT };
    Ok(store.read(move |connection| jobs::list(connection, &listing)).await?)
}

async fn named_jobs(args: &ReplayArgs, store: &Store) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::with_capacity(args.job.len());
    for id in &args.job {
        let id = JobId::new(id);
        let wanted = id.clone();
        match store.read(move |connection| jobs::find(connection, &wanted)).await? {
            Some(record) => records.push(record),
            None => bail!("--job: expected the id of a job, found `{id}`, which no job has"),
        }
    }
    Ok(records)
}

async fn revive(store: &Store, record: &Record, now: Timestamp) -> anyhow::Result<&'static str> {
    let Record { id, kind, platform, cause, .. } = record.clone();
    let revival = store.write(move |connection| {
        let revival = jobs::revive(connection, &id)?;
        if matches!(revival, Revival::Revived | Revival::Hastened) {
            let about = json!({
                "kind": &kind,
                "platform": platform.as_str(),
                "cause": cause.as_ref().map(ToString::to_string),
            });
            audit::append(connection, &account::act("job.retry", ("job", id.to_string()), about), now)?;
        }
        Ok(revival)
    });
    Ok(match revival.await? {
        Revival::Revived => "revived",
        Revival::Hastened => "due now",
        Revival::NotNeeded(_) | Revival::Unknown => NOT_NEEDED,
    })
}

fn describe(record: &Record, change: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let Record { id, platform, lane, kind, state, attempts, cause, detail, .. } = record;
    let why = match (cause, detail) {
        (Some(cause), Some(detail)) => format!(", {cause}: {detail}"),
        _ => String::new(),
    };
    let state = state.name();
    let whose = match (lane.round(), lane.guarantee()) {
        (Some(round), _) => format!("round {round}"),
        (None, Some(guarantee)) => format!("guarantee {guarantee}"),
        (None, None) => format!("lane {lane}"),
    };
    writeln!(out, "{id} {kind} for {platform}, {whose}: {state} after {attempts} attempts{why} -> {change}")
}

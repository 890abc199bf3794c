//! `baohan platforms`: how the platforms stand, and a way to send one nothing for a while.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context as _, ensure};
use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::{account, table};
use crate::casework::Task;
use crate::clock::to_wire;
use crate::domain::identity::PlatformId;
use crate::domain::plain_line::PlainLine;
use crate::settings::Settings;
use crate::store::guarantees::Summary;
use crate::store::jobs::{self, Cause, Count, JobState};
use crate::store::pauses::{self, Pause};
use crate::store::{Store, audit, guarantees, reach};

/// Openings that are looked at, the most urgent ones.
const MOST_OPENINGS: u32 = 10_000;

/// See how platforms stand, and pause and resume what is sent to one.
///
/// While a platform is paused, every replica keeps from calling it: its pushes are accepted, letters are made, and notices
/// and uploads wait without using up attempts. A call that is under way when the pause begins is finished, and an upload
/// stops between two slices. After `resume`, all that waited is due at once.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List platforms: reach, calls that wait, the oldest of them, openings not delivered, pause
    List,
    /// Send a platform nothing, from now on until it is resumed
    Pause {
        /// The platform's id in the settings
        id: String,
        /// Who says so
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Send to a platform again; all that waited is due at once
    Resume {
        /// The platform's id
        id: String,
        /// Who says so
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// `false` where a platform that was to be paused is paused already, or one that was to be resumed is not.
///
/// # Errors
/// When the database fails, or a platform or a text can't be used.
pub async fn run(
    args: Args,
    settings: &Settings,
    store: &Store,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    match args.command {
        Command::List => list(settings, store, out).await.map(|()| true),
        Command::Pause { id, by, reason } => {
            let known: Vec<&str> = settings.platforms.keys().map(String::as_str).collect();
            let expected = known.join("`, `");
            ensure!(known.contains(&id.as_str()), "expected one of the platforms `{expected}`, found `{id}`");
            let (by, reason) = (text("--by", &by)?, text("--reason", &reason)?);
            let pause = Pause { platform: PlatformId::new(id), since: now, by, reason, resumed: None };
            begin(pause, store, out).await
        }
        Command::Resume { id, by } => end(PlatformId::new(id), text("--by", &by)?, store, now, out).await,
    }
}

/// What stands in logs and lists for others to read: something, on one line.
fn text(option: &str, text: &str) -> anyhow::Result<String> {
    let line = PlainLine::new(text).with_context(|| {
        let (most, found) = (PlainLine::LONGEST, text.trim().escape_debug());
        format!("{option}: expected 1 to {most} characters on one line, found `{found}`")
    })?;
    Ok(line.into_text())
}

async fn begin(pause: Pause, store: &Store, out: &mut dyn Write) -> anyhow::Result<bool> {
    let platform = pause.platform.clone();
    let begun = store.write(move |connection| {
        let already = pauses::begin(connection, &pause)?;
        if already.is_none() {
            let said = json!({ "by": &pause.by, "reason": &pause.reason });
            let entry = account::act("platform.pause", ("platform", pause.platform.to_string()), said);
            audit::append(connection, &entry, pause.since)?;
        }
        let due = guarantees::undelivered_restorations(connection, MOST_OPENINGS)?;
        Ok((already, openings(&due, &pause.platform)))
    });
    let (already, openings) = begun.await?;
    if let Some(open) = already {
        writeln!(out, "{platform} is paused already, {}", described(&open))?;
        return Ok(false);
    }
    writeln!(out, "{platform} is paused: nothing is sent to it, its pushes are accepted and letters made")?;
    if openings > 0 {
        writeln!(
            out,
            "{openings} openings are not delivered to it yet, and wait for `baohan platforms resume {platform}`"
        )?;
    }
    Ok(true)
}

async fn end(
    platform: PlatformId,
    by: String,
    store: &Store,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let id = platform.clone();
    let ended = store.write(move |connection| {
        let Some(pause) = pauses::end(connection, &id, &by, now)? else { return Ok(None) };
        let due = jobs::hasten_calls(connection, Task::CALLS, &id, &Cause::ALL)?;
        let said = json!({ "by": &by, "calls_due": due });
        let entry = account::act("platform.resume", ("platform", id.to_string()), said);
        audit::append(connection, &entry, now)?;
        Ok(Some((pause, due)))
    });
    let Some((pause, due)) = ended.await? else {
        writeln!(out, "{platform} is not paused")?;
        return Ok(false);
    };
    writeln!(out, "{platform} is resumed; it was paused {}", described(&pause))?;
    writeln!(
        out,
        "{due} calls that waited for another attempt are due now, besides those that were due already"
    )?;
    Ok(true)
}

async fn list(settings: &Settings, store: &Store, out: &mut dyn Write) -> anyhow::Result<()> {
    let (lost, paused, counts, due) = store
        .read(|connection| {
            Ok((
                reach::unreachable(connection)?,
                pauses::open(connection)?,
                jobs::counts(connection)?,
                guarantees::undelivered_restorations(connection, MOST_OPENINGS)?,
            ))
        })
        .await?;
    // One that has gone from the settings may be paused still.
    let mut platforms: BTreeSet<PlatformId> = settings.platforms.keys().map(PlatformId::new).collect();
    platforms.extend(paused.iter().map(|pause| pause.platform.clone()));
    let header = ["platform", "reach", "waiting calls", "oldest", "openings due", "paused"];
    let mut rows = vec![header.map(str::to_owned)];
    for platform in platforms {
        let reach = lost.iter().find(|(lost, _)| *lost == platform);
        let (calls, oldest) = waiting(&counts, &platform);
        rows.push([
            platform.to_string(),
            reach.map_or_else(|| "yes".to_owned(), |(_, since)| format!("not since {}", to_wire(*since))),
            calls.to_string(),
            oldest.map_or_else(|| "-".to_owned(), to_wire),
            openings(&due, &platform).to_string(),
            paused.iter().find(|pause| pause.platform == platform).map_or_else(|| "no".to_owned(), described),
        ]);
    }
    table::write(&rows, out)?;
    Ok(())
}

fn described(pause: &Pause) -> String {
    format!("since {} by {}: {}", to_wire(pause.since), pause.by, pause.reason)
}

fn openings(due: &[Summary], platform: &PlatformId) -> usize {
    due.iter().filter(|summary| summary.platform == *platform).count()
}

/// How many calls of a platform wait, and when the oldest was enqueued.
fn waiting(counts: &[Count], platform: &PlatformId) -> (u64, Option<Timestamp>) {
    let of_it = counts.iter().filter(|count| count.platform == *platform && count.state == JobState::Ready);
    let calls: Vec<&Count> = of_it.filter(|count| Task::CALLS.kinds.contains(&count.kind.as_str())).collect();
    (calls.iter().map(|count| count.count).sum(), calls.iter().map(|count| count.oldest).min())
}

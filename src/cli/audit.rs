//! `baohan audit`: whether the audit trail is what the gateway wrote, and what stands in it.

mod verification;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::{account, table};
use crate::clock::{china_midnight, to_wire};
use crate::store::Store;
use crate::store::audit::{self, AuditOptions, Filter, Record};

/// Verify and read the audit trail
///
/// Each entry bears a code over itself and the entry before it, under a key that comes from the master key. Whoever changes,
/// removes or slips in an entry without that key is found out. That the end was cut off shows by anchors, which the gateway
/// writes to its log and to `audit.anchor_file`.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Verify(VerifyArgs),
    List(Box<ListArgs>),
    Reseal(ResealArgs),
}

/// Compute every code anew, and compare with anchors; ends with 1 where something is wrong
///
/// Without --anchor and --log, the anchor file that the settings name is taken, if there is one.
#[derive(ClapArgs)]
struct VerifyArgs {
    /// An anchor file, or a copy of one; may be given several times
    #[arg(long, value_name = "FILE")]
    anchor: Vec<PathBuf>,
    /// A log with the gateway's lines of the target `baohan::audit`; may be given several times
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// List entries, newest first
#[derive(ClapArgs)]
struct ListArgs {
    /// Only those of this operator, client or account
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this action, such as `job.retry`; with a dot at its end, all that begin so: `job.`
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only those about this id
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Only those from this day in China on, such as 2026-11-22
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// Only those up to this day in China
    #[arg(long, value_name = "DAY")]
    until: Option<Date>,
    /// Only those before the entry of this number
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print one JSON object per entry and line, with its details
    #[arg(long)]
    json: bool,
}

/// Take the last entry that is there for the end of the trail, after somebody has damaged its end
///
/// While the row that names the last entry is not what the gateway wrote, nothing can be recorded, and so nothing be done.
/// Find out first what happened (`audit verify`). This is recorded itself, and heals nothing: what is missing stays missing,
/// and anchors still show it.
#[derive(ClapArgs)]
struct ResealArgs {
    /// What happened, for those who read the trail
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// `false` where something is wrong with the trail.
///
/// # Errors
/// When the database fails, or a file with anchors can't be read or holds none.
pub async fn run(
    args: Args,
    options: &AuditOptions,
    store: &Store,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    match args.command {
        Command::Verify(args) => verification::run(args, options, store, out).await,
        Command::List(args) => list(*args, store, out).await.map(|()| true),
        Command::Reseal(args) => reseal(args, store, now, out).await.map(|()| true),
    }
}

async fn list(args: ListArgs, store: &Store, out: &mut dyn Write) -> anyhow::Result<()> {
    let ListArgs { actor, action, subject, from, until, before, limit, json } = args;
    let until = until.map(|last| last.tomorrow().context("--until: it is too far away")).transpose()?;
    let filter = Filter {
        actor,
        action,
        subject,
        from: from.map(china_midnight),
        until: until.map(china_midnight),
        before,
        limit,
        ..Filter::default()
    };
    let records = store.read(move |connection| audit::list(connection, &filter)).await?;
    if json {
        for record in &records {
            serde_json::to_writer(&mut *out, &as_json(record))?;
            writeln!(out)?;
        }
        return Ok(());
    }
    let header = ["number", "time", "action", "subject", "from", "actor"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(records.iter().map(row)).collect();
    table::write(&rows, out)?;
    Ok(())
}

fn row(record: &Record) -> [String; 6] {
    let (kind, id) = &record.subject;
    [
        record.number.to_string(),
        to_wire(record.at),
        record.action.clone(),
        format!("{kind} {id}"),
        record.address.map_or_else(|| "-".to_owned(), |address| address.to_string()),
        record.actor.to_string(),
    ]
}

fn as_json(record: &Record) -> serde_json::Value {
    let (kind, id) = &record.subject;
    json!({
        "number": record.number,
        "at": record.at,
        "actor": record.actor.to_string(),
        "address": record.address,
        "action": record.action,
        "subject": { "kind": kind, "id": id },
        "detail": record.detail,
        "before": record.before,
        "after": record.after,
        "mac": record.mac,
    })
}

async fn reseal(args: ResealArgs, store: &Store, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<()> {
    let reason = args.reason.trim().to_owned();
    ensure!(!reason.is_empty(), "--reason: expected some words, found none");
    let last = store.read(audit::head).await?;
    ensure!(last.is_none(), "the end of the trail is what the gateway wrote: there is nothing to reseal");
    let about = json!({ "reason": reason });
    let entry = account::act("audit.reseal", ("audit", "head".to_owned()), about);
    let number = store.write(move |connection| audit::reseal(connection, &entry, now)).await?;
    writeln!(out, "entry {number} says that the end of the trail was taken as it was")?;
    Ok(())
}

//! `baohan alarms`: which alarms there are, taking one on, and whether the channels work.

use std::io::Write;

use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::{account, table};
use crate::alarms::{Herald, Rule, figure, subject};
use crate::clock::to_wire;
use crate::store::alarms::{self, Alarm, Filter};
use crate::store::{Store, audit};

/// List alarms, take one on, and try the channels
///
/// The gateway looks at its conditions all the time, and tells people over the channels of `[alarms]` in the settings. What
/// to do about each is in deploy/runbook.md.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List alarms that are open, newest first; ends with 1 where there are any
    List {
        /// Those that are over, too
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Take an open alarm on: nobody is reminded of it any more, and it is not escalated
    Acknowledge {
        /// The id, as the list shows it
        id: String,
        /// Who takes it on
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Send every channel a message that says that it is a test; ends with 1 where one did not take it
    Test {
        /// Only this channel
        #[arg(long, value_name = "NAME")]
        channel: Option<String>,
    },
}

/// `false` where alarms are open, one can't be taken on, or a channel did not take the test.
///
/// # Errors
/// When the database fails or nothing can be printed.
pub async fn run(
    args: Args,
    store: &Store,
    herald: &Herald,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    match args.command {
        Command::List { all, limit } => list(store, all, limit, out).await,
        Command::Acknowledge { id, by } => acknowledge(store, id, by, now, out).await,
        Command::Test { channel } => test(herald, channel.as_deref(), out).await,
    }
}

async fn list(store: &Store, all: bool, limit: u32, out: &mut dyn Write) -> anyhow::Result<bool> {
    let filter = Filter { is_open: (!all).then_some(true), limit, ..Filter::default() };
    let found = store.read(move |connection| alarms::list(connection, &filter)).await?;
    let mut rows =
        vec![["id", "rule", "severity", "subject", "figure", "since (China)", "state"].map(str::to_owned)];
    rows.extend(found.iter().map(|alarm| {
        let figure = figure(alarm).unwrap_or_else(|| "-".to_owned());
        let (rule, severity) = (alarm.about.rule.clone(), alarm.severity.name().to_owned());
        let since = to_wire(alarm.raised_at);
        [alarm.id.clone(), rule, severity, subject(alarm, None), figure, since, state(alarm)]
    }));
    table::write(&rows, out)?;
    Ok(found.iter().all(|alarm| alarm.recovered_at.is_some()))
}

fn state(alarm: &Alarm) -> String {
    match (&alarm.recovered_at, &alarm.acknowledged) {
        (Some(at), _) => format!("recovered {}", to_wire(*at)),
        (None, Some((_, by))) => format!("acknowledged by {by}"),
        (None, None) if alarm.escalated_at.is_some() => "open, escalated".to_owned(),
        (None, None) => "open".to_owned(),
    }
}

async fn acknowledge(
    store: &Store,
    id: String,
    by: String,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let (wanted, name) = (id.clone(), by.clone());
    let taken = store.write(move |connection| {
        let taken = alarms::acknowledge(connection, &wanted, &name, now)?;
        if taken {
            let about = json!({ "by": name });
            audit::append(
                connection,
                &account::act("alarm.acknowledge", ("alarm", wanted.clone()), about),
                now,
            )?;
        }
        Ok(taken)
    });
    let taken = taken.await?;
    match taken {
        true => writeln!(out, "alarm {id} was taken on by {by}")?,
        false => writeln!(out, "alarm {id} is not open, was taken on before, or was never there")?,
    }
    Ok(taken)
}

async fn test(herald: &Herald, only: Option<&str>, out: &mut dyn Write) -> anyhow::Result<bool> {
    let channels: Vec<&str> = match only {
        Some(name) => vec![name],
        None => herald.channels().collect(),
    };
    if channels.is_empty() {
        let rules = Rule::ALL.len();
        writeln!(out, "the settings name no channels in [alarms.channels]; {rules} rules are looked at")?;
    }
    let mut all_well = true;
    for channel in channels {
        match herald.try_out(channel).await {
            Ok(()) => writeln!(out, "{channel}: taken")?,
            Err(error) => {
                all_well = false;
                writeln!(out, "{channel}: {error}")?;
            }
        }
    }
    Ok(all_well)
}

//! `baohan proposals`: what operators have proposed to each other, and what became of it.

use std::io::Write;

use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;

use super::table;
use crate::clock::to_wire;
use crate::store::Store;
use crate::store::proposals::{self, Filter, Proposal, ProposalId, State};

/// See what operators have proposed, and what became of it.
///
/// Nothing is approved here: whoever has the machine could act for two people. That is done in the console.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List proposals, the latest first
    List {
        /// Those that have been decided, too
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u32,
    },
    /// Show one proposal; of what it would do, no more than the kind and its digest
    Show {
        /// The proposal's id
        id: String,
    },
}

/// `false` where there is no such proposal.
///
/// # Errors
/// When the database fails.
pub async fn run(args: Args, store: &Store, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<bool> {
    match args.command {
        Command::List { all, limit } => {
            let states = if all { Vec::new() } else { vec![State::Open] };
            let filter = Filter { states, limit, ..Filter::default() };
            let found = store.read(move |connection| proposals::list(connection, &filter)).await?;
            let rows: Vec<[String; 6]> = found.iter().map(|proposal| row(proposal, now)).collect();
            table::write(&rows, out)?;
            Ok(true)
        }
        Command::Show { id } => {
            let id = ProposalId::new(id);
            let wanted = id.clone();
            let found = store.read(move |connection| {
                let Some(proposal) = proposals::find(connection, &wanted)? else { return Ok(None) };
                let is_sound = proposals::payload(connection, &proposal)?.is_some();
                Ok(Some((proposal, proposals::guarantees_of(connection, &wanted)?, is_sound)))
            });
            let Some((proposal, guarantees, is_sound)) = found.await? else {
                writeln!(out, "no proposal `{id}` is stored")?;
                return Ok(false);
            };
            show(&proposal, is_sound, now, out)?;
            for guarantee in guarantees {
                writeln!(out, "guarantee {guarantee}")?;
            }
            Ok(true)
        }
    }
}

/// Past its time it is expired, whether or not that has been noted.
fn state(proposal: &Proposal, now: Timestamp) -> &'static str {
    match proposal.state {
        State::Open if proposal.expires_at <= now => State::Expired.name(),
        state => state.name(),
    }
}

fn row(proposal: &Proposal, now: Timestamp) -> [String; 6] {
    let subject = format!("{} {}", proposal.subject.kind(), proposal.subject.id());
    [
        proposal.id.to_string(),
        state(proposal, now).to_owned(),
        proposal.kind.clone(),
        to_wire(proposal.made_at),
        proposal.maker.name.clone(),
        subject.trim().to_owned(),
    ]
}

fn show(proposal: &Proposal, is_sound: bool, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}", row(proposal, now).join("  "))?;
    writeln!(out, "expires {} China time", to_wire(proposal.expires_at))?;
    writeln!(out, "reason  {}", proposal.reason)?;
    let sound = if is_sound { "" } else { ", which is not that of the row: it was changed" };
    writeln!(out, "digest  {}{sound}", proposal.digest)?;
    if let (Some(by), Some(at)) = (&proposal.decided_by, proposal.decided_at) {
        writeln!(out, "decided by {} at {}", by.name, to_wire(at))?;
    }
    if let Some(remark) = &proposal.conclusion.remark {
        writeln!(out, "remark  {remark}")?;
    }
    for outcome in &proposal.conclusion.outcome {
        let said = outcome.refused.as_deref().unwrap_or("done");
        writeln!(out, "{}: {said}", outcome.about)?;
    }
    Ok(())
}

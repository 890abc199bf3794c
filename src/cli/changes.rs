//! `baohan changes`: what two people have put in the place of what the settings files say.

use std::io::Write;

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand};

use crate::changes::{Held, Overlay, Version};
use crate::gateway;
use crate::settings::Settings;

/// Show which platform secrets, rules and templates stand above the settings files, and since when
///
/// Nothing is changed: what is to change is proposed in the console, and put in force by somebody else's approval. Of a secret,
/// nothing but a keyed digest is ever shown.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What stands above the settings now
    List {
        /// Every version that ever held, the latest first
        #[arg(long)]
        all: bool,
    },
    /// One version, with the text of its rule or template
    Show {
        /// The number of the adoption, as `list` shows it
        number: i64,
    },
}

/// # Errors
/// When there is no such version, or the database can't be read.
pub async fn run(args: Args, settings: &Settings, out: &mut dyn Write) -> anyhow::Result<()> {
    let overlay = gateway::overlay(settings).await?;
    match args.command {
        Command::List { all: true } => overlay.history().try_for_each(|version| line(version, out)),
        Command::List { all: false } => list(&overlay, out),
        Command::Show { number } => {
            let found = overlay.history().find(|version| version.generation == number);
            show(found.with_context(|| format!("no change `{number}` was ever in force"))?, out)
        }
    }
}

fn list(overlay: &Overlay, out: &mut dyn Write) -> anyhow::Result<()> {
    let standing = overlay.standing();
    if standing.is_empty() {
        writeln!(out, "nothing: the settings files alone say what holds")?;
    }
    standing.into_iter().try_for_each(|version| line(version, out))
}

fn line(version: &Version, out: &mut dyn Write) -> anyhow::Result<()> {
    let Version { generation, subject, number, made_by, approved_by, adopted_at, .. } = version;
    let what = match version.held {
        Held::AsInSettings(_) => "as in the settings again",
        _ => "above the settings",
    };
    let from = version.held.from().map(|from| format!(" from {from} on")).unwrap_or_default();
    writeln!(
        out,
        "{generation:>4}  {subject}, version {number}: {what}{from}; {adopted_at}, by {made_by} and {approved_by}"
    )?;
    Ok(())
}

fn show(version: &Version, out: &mut dyn Write) -> anyhow::Result<()> {
    line(version, out)?;
    writeln!(out, "reason    {}", version.reason)?;
    writeln!(out, "proposal  {}", version.proposal)?;
    writeln!(out, "digest    {}", version.digest.as_deref().unwrap_or("of the settings"))?;
    writeln!(out, "before    {}", version.previous.as_deref().unwrap_or("of the settings"))?;
    if let Some(until) = version.held.accept_old_until() {
        writeln!(out, "what comes under the former secret is accepted until {until}")?;
    }
    match &version.held {
        Held::Rule { keys: text, .. } | Held::Template { text } => Ok(writeln!(out, "\n{text}")?),
        Held::Secret { .. } | Held::AsInSettings(_) => Ok(()),
    }
}

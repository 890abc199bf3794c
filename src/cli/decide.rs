//! `baohan decide`: what people decide where the rules leave it to them.

mod act;
mod decision;
mod dossier;
#[cfg(test)]
mod tests;

use std::io::Write;

use anyhow::{Context, bail, ensure};
use clap::Args as ClapArgs;
use jiff::Timestamp;

use self::decision::Decision;
use crate::casework::{self, Platform, restoration};
use crate::dialect::Message;
use crate::domain::decision::Newcomer;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::domain::notice::Notice;
use crate::domain::{Command, Guarantee, Work, decide};
use crate::gateway;
use crate::settings::Settings;
use crate::store::{Store, guarantees};

/// Decide an application, answer a request for surrender, invoice or claim, or record what the institution has learnt
///
/// The running gateway does the rest.
#[derive(ClapArgs)]
pub struct Args {
    /// The platform's id in the settings
    #[arg(long, short, value_name = "ID")]
    platform: String,
    /// The platform's number of the application
    application: String,
    #[command(subcommand)]
    decision: Decision,
}

/// `true` if the decision was carried out, `false` if it was refused.
///
/// # Errors
/// When the platform or the application is unknown, an argument can't be read, or the database fails.
pub async fn run(
    args: Args,
    settings: &Settings,
    store: &Store,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let id = PlatformId::new(&args.platform);
    let platforms = gateway::platforms(settings)?;
    let Some(platform) = platforms.find(&id).cloned() else {
        let known: Vec<&str> = settings.platforms.keys().map(String::as_str).collect();
        bail!("--platform: expected one of {}, found `{id}`", known.join(", "));
    };
    let (platform_id, number) = (id.clone(), ApplicationNumber::new(&args.application));
    let known = store.read(move |c| guarantees::find_by_application(c, &platform_id, &number)).await?;
    let known = known
        .with_context(|| format!("no application `{}` of platform `{id}` is stored", args.application))?;
    let Some(act) = act::act(args.decision, &platform, &known.guarantee, &settings.archive, now).await?
    else {
        return show(&known.guarantee, out).map(|()| true);
    };
    expect_tellable(&platform, &known.guarantee, &act.command, now)?;
    let guarantee = known.guarantee.id.clone();
    let outcome = store
        .write(move |connection| {
            let command = std::slice::from_ref(&act.command);
            let outcome = casework::carry_out_all(connection, &platform, &guarantee, command, now)?;
            if let Some(key) = act.key.as_ref().filter(|_| outcome.is_ok())
                && let Some(opened) = guarantees::find(connection, &guarantee)?
            {
                restoration::keep(connection, &platform, &opened.guarantee, key, now)?;
            }
            Ok(outcome)
        })
        .await?;
    let wanted = known.guarantee.id;
    let after = store.read(move |c| guarantees::find(c, &wanted)).await?;
    if let Err(refusal) = &outcome {
        writeln!(out, "未执行：{refusal}")?;
    }
    if let Some(after) = after {
        show(&after.guarantee, out)?;
    }
    Ok(outcome.is_ok())
}

/// What the platform can't be told is not decided: its notice would never be sent.
fn expect_tellable(
    platform: &Platform,
    guarantee: &Guarantee,
    command: &Command,
    now: Timestamp,
) -> anyhow::Result<()> {
    let newcomer = Newcomer { id: guarantee.id.clone(), platform: guarantee.platform.clone() };
    // A refusal is told when the command is carried out.
    let Ok(decision) = decide(Some(guarantee.clone()), newcomer, command.clone(), now) else { return Ok(()) };
    for work in &decision.work {
        let Work::Notify(notice) = work else { continue };
        // What the platform has no words for is not sent. Of a question that is not sent, no answer ever comes.
        if !platform.profile.speaks(notice) {
            let is_question = matches!(notice, Notice::WaiverRequest { .. });
            ensure!(
                !is_question,
                "nothing was decided, since platform `{}` can't be asked that",
                guarantee.platform
            );
            continue;
        }
        // What goes with a letter needs the letter.
        if !platform.profile.encloses(notice) {
            let composed = platform.profile.compose(&Message::Notice(notice), now);
            composed.context("nothing was decided, since the platform can't be told")?;
        }
    }
    Ok(())
}

fn show(guarantee: &Guarantee, out: &mut dyn Write) -> anyhow::Result<()> {
    let number = guarantee.number().map_or("-", |number| number.as_str());
    writeln!(out, "{}  {}  保函编号 {number}", guarantee.application.number, guarantee.stage.title())?;
    if let Some(terms) = &guarantee.terms {
        writeln!(out, "  保费 {} 元，费率 {}", terms.premium, terms.rate)?;
    }
    Ok(())
}

//! `baohan decide`: what people decide where the rules leave it to them.

mod act;
mod decision;
mod dossier;
#[cfg(test)]
mod tests;

use std::io::Write;

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use jiff::Timestamp;
use serde_json::json;

use self::decision::Decision;
use super::account;
use crate::casework::{self, restoration, tellable};
use crate::changes::Overlay;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::domain::{Command, Guarantee};
use crate::gateway;
use crate::settings::Settings;
use crate::store::audit::{self, Entry};
use crate::store::{Archive, Connection, Store, StoreError, guarantees};

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
    let platforms = gateway::platforms(settings, &store.read(Overlay::read).await?)?;
    let Some(platform) = platforms.find(&id) else {
        let known: Vec<&str> = settings.platforms.keys().map(String::as_str).collect();
        bail!("--platform: expected one of {}, found `{id}`", known.join(", "));
    };
    let (platform_id, number) = (id.clone(), ApplicationNumber::new(&args.application));
    let known = store.read(move |c| guarantees::find_by_application(c, &platform_id, &number)).await?;
    let known = known
        .with_context(|| format!("no application `{}` of platform `{id}` is stored", args.application))?;
    let archive = || Archive::open(&settings.archive, store.keyring()).context("archive");
    let Some(act) = act::act(args.decision, &platform, &known.guarantee, archive, now).await? else {
        return show(&known.guarantee, out).map(|()| true);
    };
    tellable::expect(&platform, &known.guarantee, std::slice::from_ref(&act.command), now)?;
    let guarantee = known.guarantee.id.clone();
    let outcome = store
        .write(move |connection| {
            let before = guarantees::find(connection, &guarantee)?;
            let command = std::slice::from_ref(&act.command);
            let outcome = casework::carry_out_all(connection, &platform, &guarantee, command, now)?;
            if let Some(after) = guarantees::find(connection, &guarantee)?.filter(|_| outcome.is_ok()) {
                if let Some(key) = &act.key {
                    restoration::keep(connection, &platform, &after.guarantee, key, now)?;
                }
                let before = before.as_ref().map(|before| &before.guarantee);
                put_on_record(connection, &act.command, before, &after.guarantee, now)?;
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

fn put_on_record(
    connection: &mut Connection,
    command: &Command,
    before: Option<&Guarantee>,
    after: &Guarantee,
    now: Timestamp,
) -> Result<(), StoreError> {
    let about =
        json!({ "platform": after.platform.as_str(), "application": after.application.number.as_str() });
    let entry = Entry {
        before: before.map(guarantees::digest).transpose()?,
        after: Some(guarantees::digest(after)?),
        ..account::act(command.name(), ("guarantee", after.id.to_string()), about)
    };
    audit::append(connection, &entry, now).map(drop)
}

fn show(guarantee: &Guarantee, out: &mut dyn Write) -> anyhow::Result<()> {
    let number = guarantee.number().map_or("-", |number| number.as_str());
    writeln!(out, "{}  {}  保函编号 {number}", guarantee.application.number, guarantee.stage.title())?;
    if let Some(terms) = &guarantee.terms {
        writeln!(out, "  保费 {} 元，费率 {}", terms.premium, terms.rate)?;
    }
    Ok(())
}

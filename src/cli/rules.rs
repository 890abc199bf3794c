//! `baohan rules`: which rules hold, and which of them gave which figure of an application.

mod text;

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::casework::{Platform, Platforms};
use crate::clock::china_date;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::gateway;
use crate::settings::Settings;
use crate::store::{Store, guarantees};

/// Show which underwriting rules hold, and how they come to their figures
///
/// Nothing is changed.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Which figures hold on a day, and which entry each comes from
    List {
        /// The platform's id in the settings; all of them, where it is missing
        #[arg(long, short, value_name = "ID")]
        platform: Option<String>,
        /// The day on which an application is received; today, where it is missing
        #[arg(long, value_name = "DATE")]
        on: Option<Date>,
    },
    /// Which rule gave which figure of an application, and what the rules would answer now
    Explain {
        /// The platform's id in the settings
        #[arg(long, short, value_name = "ID")]
        platform: String,
        /// The platform's number of the application
        application: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// # Errors
/// When the platform or the application is unknown, or the settings or the database can't be used.
pub async fn run(args: Args, settings: &Settings, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<()> {
    let overlay = gateway::overlay(settings).await?;
    let platforms = gateway::platforms(settings, &overlay)?;
    match args.command {
        Command::List { platform, on } => {
            let on = on.unwrap_or_else(|| china_date(now));
            match platform {
                Some(id) => text::list(&*find(&platforms, &id)?, on, out),
                None => platforms.iter().try_for_each(|platform| text::list(&platform, on, out)),
            }?;
            text::changed(&overlay, out)
        }
        Command::Explain { platform, application, json } => {
            let platform = find(&platforms, &platform)?;
            let store = gateway::open_store(settings).await?;
            explain(&platform, &store, application, json, now, out).await
        }
    }
}

fn find(platforms: &Platforms, id: &str) -> anyhow::Result<Arc<Platform>> {
    let Some(platform) = platforms.find(&PlatformId::new(id)) else {
        let known: Vec<String> = platforms.iter().map(|it| it.profile.id().to_string()).collect();
        bail!("--platform: expected one of {}, found `{id}`", known.join(", "));
    };
    Ok(platform)
}

async fn explain(
    platform: &Platform,
    store: &Store,
    application: String,
    json: bool,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (id, number) = (platform.profile.id().clone(), ApplicationNumber::new(&application));
    let known = store.read(move |c| guarantees::find_by_application(c, &id, &number)).await?;
    let id = platform.profile.id();
    let known =
        known.with_context(|| format!("no application `{application}` of platform `{id}` is stored"))?;
    let explanation = platform.rules.explain(&known.guarantee, now);
    if json {
        serde_json::to_writer_pretty(&mut *out, &explanation)?;
        return Ok(writeln!(out)?);
    }
    text::explain(platform, &known.guarantee, &explanation, out)
}

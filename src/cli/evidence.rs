//! `baohan evidence`: the files that claims name, fetched into quarantine on somebody's word.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::{account, table};
use crate::casework::evidence::{Asked, ask, exhibits};
use crate::clock::to_wire;
use crate::crypto::private_file;
use crate::domain::Guarantee;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::store::{Archive, ArchiveOptions, Store, audit, evidence, guarantees};

/// List the evidence of a claim, have a file fetched, and take it away
///
/// A claim names its evidence by address. Nothing is fetched by itself: `fetch` has the running gateway do it, from hosts
/// that `[outbound] hosts` names, and keeps what is a PDF, OFD, JPEG or PNG file. deploy/OUTBOUND.md has more.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(ClapArgs)]
struct Which {
    /// The platform's id in the settings
    #[arg(long, short, value_name = "ID")]
    platform: String,
    /// The platform's number of the application
    application: String,
}

#[derive(Subcommand)]
enum Command {
    /// List the files that the claims on a guarantee name, and what became of each
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Have a file of the last claim fetched; ends with 1 where it is being fetched or is there
    Fetch {
        #[command(flatten)]
        which: Which,
        /// Which file, as the list counts them
        item: i64,
    },
    /// Show what is known of a file; ends with 1 where it was not fetched
    Show {
        /// The id, as the list shows it
        id: String,
        /// Also write the file here, for nobody but the owner to read. It was not looked at for viruses
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// # Errors
/// When something is not there, the database or the archive fails, or nothing can be written.
pub async fn run(
    args: Args,
    store: &Store,
    archive: &ArchiveOptions,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    match args.command {
        Command::List { which } => list(store, which, out).await,
        Command::Fetch { which, item } => fetch(store, which, item, now, out).await,
        Command::Show { id, to } => show(store, archive, id, to.as_deref(), now, out).await,
    }
}

async fn guarantee(store: &Store, which: Which) -> anyhow::Result<Guarantee> {
    let (platform, number) = (PlatformId::new(&which.platform), ApplicationNumber::new(&which.application));
    let found = store.read(move |c| guarantees::find_by_application(c, &platform, &number)).await?;
    let Which { platform, application } = which;
    let found =
        found.with_context(|| format!("no application `{application}` of platform `{platform}` is stored"));
    Ok(found?.guarantee)
}

async fn list(store: &Store, which: Which, out: &mut dyn Write) -> anyhow::Result<bool> {
    let guarantee = guarantee(store, which).await?;
    let found = store.read(move |connection| exhibits(connection, &guarantee)).await?;
    let mut rows =
        vec![["claim", "file", "host", "state", "asked for by", "at (China)", "id"].map(str::to_owned)];
    rows.extend(found.into_iter().map(|exhibit| {
        let (claim, item) = (exhibit.claim.to_string(), exhibit.item.to_string());
        match exhibit.evidence {
            Some(it) => {
                let reason = it.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                let state = format!("{}{reason}", it.state.name());
                [claim, item, exhibit.host, state, it.asked_by, to_wire(it.asked_at), it.id]
            }
            None => {
                let dash = || "-".to_owned();
                [claim, item, exhibit.host, "not fetched".to_owned(), dash(), dash(), dash()]
            }
        }
    }));
    table::write(&rows, out)?;
    Ok(true)
}

async fn fetch(
    store: &Store,
    which: Which,
    item: i64,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let guarantee = guarantee(store, which).await?;
    let entry =
        account::act("evidence.ask", ("guarantee", guarantee.id.to_string()), serde_json::Value::Null);
    let by = match &entry.actor {
        audit::Actor::CommandLine { account } => account.clone(),
        _ => String::new(),
    };
    let asked = store.write(move |connection| {
        let asked = ask(connection, &guarantee, item, &by, now)?;
        if let Asked::Enqueued(id) = &asked {
            let detail = json!({ "evidence": id, "item": item });
            audit::append(connection, &audit::Entry { detail, ..entry.clone() }, now)?;
        }
        Ok(asked)
    });
    match asked.await? {
        Asked::Enqueued(id) => {
            writeln!(out, "the running gateway will fetch it; `baohan evidence show {id}` tells")?
        }
        Asked::Known => {
            writeln!(out, "file {item} is being fetched, or is there")?;
            return Ok(false);
        }
        Asked::NoSuchItem => anyhow::bail!("expected a file that the last claim names, found {item}"),
    }
    Ok(true)
}

async fn show(
    store: &Store,
    archive: &ArchiveOptions,
    id: String,
    to: Option<&Path>,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let wanted = id.clone();
    let found = store.read(move |connection| evidence::find(connection, &wanted)).await?;
    let evidence = found.with_context(|| format!("no evidence `{id}` is stored"))?;
    let of = &evidence.of;
    writeln!(out, "guarantee {}, claim {}, file {}", of.guarantee, of.claim, of.item)?;
    let reason = evidence.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    writeln!(out, "asked for by {} at {}", evidence.asked_by, to_wire(evidence.asked_at))?;
    writeln!(out, "{}{reason}", evidence.state.name())?;
    let Some(file) = evidence.file else {
        ensure!(to.is_none(), "--to: there is no file, since it was not fetched");
        return Ok(false);
    };
    writeln!(out, "{}, {} bytes, SM3 {}", file.media_type, file.size, file.document)?;
    if let Some(path) = to {
        let bytes = Archive::open(archive, store.keyring())?.get(&file.document).await?;
        let detail = json!({ "evidence": id, "digest": file.document.to_string() });
        let entry = account::act("evidence.download", ("guarantee", of.guarantee.to_string()), detail);
        store.write(move |connection| audit::append(connection, &entry, now)).await?;
        private_file::write_new(path, &bytes).with_context(|| format!("--to: `{}`", path.display()))?;
        writeln!(out, "written to {}", path.display())?;
    }
    Ok(true)
}

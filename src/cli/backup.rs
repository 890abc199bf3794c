//! `baohan backup`: copies the gateway's data while it runs, verifies copies, and restores from them.

mod key_files;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::account;
use crate::backup::keys;
use crate::backup::postgres::Programs;
use crate::backup::{self, Data, Place, Verdict};
use crate::crypto::keyring::Keyring;
use crate::gateway;
use crate::settings::{self, MasterSource, Settings};
use crate::store::Store;
use crate::store::archive::Archive;
use crate::store::audit::{self, Entry};
use key_files::{key_files, needed};

/// Copy the gateway's data while it runs, verify copies, and restore from them
///
/// A backup holds the database and every document that it names, but no keys: what is secret in it opens under the master
/// key only. `backup keys` copies the keys, to another place. See deploy/BACKUP.md.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Add a snapshot of database and documents to a folder; the gateway may be at work
    ///
    /// Documents that an earlier snapshot in the folder has are not copied again. Ends with 1 where something is missing or
    /// damaged; the snapshot is made all the same.
    Create {
        /// The folder, which is made where it is missing
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        /// Remove all snapshots but the newest ones, and the documents that none of these names
        #[arg(long, value_name = "N")]
        keep: Option<NonZeroUsize>,
        #[command(flatten)]
        programs: ProgramArgs,
    },
    /// List the snapshots of a folder, newest last
    List {
        /// The folder
        folder: PathBuf,
    },
    /// Read all of a snapshot, and open everything sealed in it; ends with 1 where something is wrong
    ///
    /// Without a master key the digests are checked and nothing is opened. Settings are needed for nothing else.
    Verify {
        /// The folder
        folder: PathBuf,
        /// The snapshot; the newest unless given
        #[arg(long, value_name = "NAME")]
        snapshot: Option<String>,
        /// The file of the master key; the one that the settings name unless given
        #[arg(long, value_name = "FILE")]
        master_key: Option<PathBuf>,
        #[command(flatten)]
        programs: ProgramArgs,
    },
    /// Put a snapshot into the empty database and the archive that the settings name
    ///
    /// The snapshot is verified before, and what was restored afterwards. Nothing that is there is overwritten.
    Restore {
        /// The folder
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        /// The snapshot; the newest unless given
        #[arg(long, value_name = "NAME")]
        snapshot: Option<String>,
        /// Restore what there is, though something is wrong with the snapshot
        #[arg(long)]
        despite_findings: bool,
        #[command(flatten)]
        programs: ProgramArgs,
    },
    /// Copy the files of the master key and of the seal to a folder where no data backup is
    ///
    /// Secrets of platforms are in the settings, or in files that these name: keep copies of them by your own means.
    Keys {
        /// The folder, which is made where it is missing
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
}

#[derive(ClapArgs)]
struct ProgramArgs {
    /// The folder of `pg_dump` and `pg_restore`, where they are not on the path
    #[arg(long, value_name = "FOLDER")]
    pg_programs: Option<PathBuf>,
}

impl From<ProgramArgs> for Programs {
    fn from(args: ProgramArgs) -> Self {
        Self { folder: args.pg_programs }
    }
}

/// `false` where something is wrong with a snapshot, or with the data that it was made of.
///
/// # Errors
/// When something can't be read or written, or a restore is refused.
pub async fn run(
    args: Args,
    files: &[PathBuf],
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    match args.step {
        Step::Create { to, keep, programs } => {
            let settings = settings::load(files)?;
            let data = data(&settings, programs)?;
            create(&data, &to, needed(&settings)?, keep, now, out).await
        }
        Step::List { folder } => list(&folder, out),
        Step::Verify { folder, snapshot, master_key, programs } => {
            let keyring = master_key_at_hand(master_key, files)?;
            let place = Place::open(&folder)?;
            let snapshot = place.snapshot(snapshot.as_deref())?;
            let verdict = backup::verify(&place, &snapshot, keyring, &programs.into()).await?;
            report(&snapshot.name, &verdict, out)
        }
        Step::Restore { from, snapshot, despite_findings, programs } => {
            let data = data(&settings::load(files)?, programs)?;
            restore(&data, &from, snapshot.as_deref(), despite_findings, now, out).await
        }
        Step::Keys { to } => {
            for copy in keys::copy(&key_files(&settings::load(files)?)?, &to)? {
                writeln!(out, "{}", copy.display())?;
            }
            Ok(true)
        }
    }
}

fn data(settings: &Settings, programs: ProgramArgs) -> anyhow::Result<Data> {
    let keyring = Arc::new(gateway::keyring(&settings.keyring)?);
    Ok(Data {
        store: settings.store.clone(),
        archive: Archive::open(&settings.archive, Arc::clone(&keyring)).context("archive")?,
        keyring,
        programs: programs.into(),
    })
}

async fn create(
    data: &Data,
    to: &Path,
    needed: Vec<String>,
    keep: Option<NonZeroUsize>,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let made = backup::create(data, to, needed, keep, now).await?;
    let manifest = &made.manifest;
    writeln!(out, "snapshot {} in {}", made.snapshot, to.display())?;
    writeln!(
        out,
        "  {}, schema {}, {} rows, {} bytes",
        manifest.engine.name(),
        manifest.newest_migration(),
        manifest.rows.values().sum::<u64>(),
        manifest.database.bytes
    )?;
    writeln!(
        out,
        "  {} documents ({} bytes), {} of them new here",
        manifest.documents.count, manifest.documents.bytes, made.copied
    )?;
    let master = hex::encode(data.keyring.master_id());
    writeln!(out, "  opens under the master key {master}, which is not in it")?;
    for removed in &made.removed {
        writeln!(out, "removed: {removed}")?;
    }
    for finding in &made.findings {
        writeln!(out, "BAD  {finding}")?;
    }
    let about = json!({ "folder": to.display().to_string(), "removed": &made.removed });
    let subject = ("snapshot", made.snapshot.clone());
    put_on_record(data, account::act("backup.create", subject, about), now, out).await?;
    Ok(made.findings.is_empty())
}

fn list(folder: &Path, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
    for snapshot in Place::open(folder)?.snapshots()? {
        let (manifest, _) = snapshot.manifest(None)?;
        writeln!(
            out,
            "{}  {}, baohan {}, schema {}, {} guarantees, {} documents",
            snapshot.name,
            manifest.engine.name(),
            manifest.program,
            manifest.newest_migration(),
            manifest.rows.get("guarantees").unwrap_or(&0),
            manifest.documents.count
        )?;
    }
    Ok(true)
}

fn report(name: &str, verdict: &Verdict, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
    let manifest = &verdict.manifest;
    let (engine, schema) = (manifest.engine.name(), manifest.newest_migration());
    writeln!(out, "snapshot {name}: {engine}, baohan {}, schema {schema}", manifest.program)?;
    for sound in &verdict.sound {
        writeln!(out, "ok   {sound}")?;
    }
    for finding in &verdict.findings {
        writeln!(out, "BAD  {finding}")?;
    }
    writeln!(out, "a restored gateway also needs: {}", manifest.keys.settings.join(", "))?;
    Ok(verdict.findings.is_empty())
}

async fn restore(
    data: &Data,
    from: &Path,
    snapshot: Option<&str>,
    despite_findings: bool,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let place = Place::open(from)?;
    let snapshot = place.snapshot(snapshot)?;
    let restored = backup::restore(&place, &snapshot, data, despite_findings).await?;
    for finding in &restored.findings {
        writeln!(out, "BAD  {finding}")?;
    }
    let guarantees = restored.manifest.rows.get("guarantees").unwrap_or(&0);
    writeln!(
        out,
        "restored {}: {guarantees} guarantees, {} documents; {} sealed values open",
        snapshot.name, restored.documents, restored.opened
    )?;
    writeln!(
        out,
        "What happened after {} is not in it. Before platforms push again, read \"After a restore\" in deploy/BACKUP.md: \
         compare each platform's statement with `baohan reconcile import`, and have missing pushes sent again.",
        restored.manifest.made_at
    )?;
    let about =
        json!({ "folder": from.display().to_string(), "made": restored.manifest.made_at.to_string() });
    let entry = account::act("backup.restore", ("snapshot", snapshot.name.clone()), about);
    put_on_record(data, entry, now, out).await?;
    Ok(restored.findings.is_empty())
}

/// A copy is made, and put back, of databases that are not at the newest tables too: those have no audit trail yet.
async fn put_on_record(
    data: &Data,
    entry: Entry,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let store = Store::open(&data.store, Arc::clone(&data.keyring)).context("store.url")?;
    if store.pending_migrations().await?.is_empty() {
        store.write(move |connection| audit::append(connection, &entry, now)).await?;
    } else {
        writeln!(out, "not in the audit trail: the database waits for `baohan migrate`")?;
    }
    Ok(())
}

/// The master key that was named, or that of the settings if there are any; None where there is none.
fn master_key_at_hand(named: Option<PathBuf>, files: &[PathBuf]) -> anyhow::Result<Option<Arc<Keyring>>> {
    let source = match named {
        Some(file) => MasterSource::File(file),
        None if files.is_empty() => return Ok(None),
        None => settings::load(files)?.keyring.source()?,
    };
    Ok(Some(Arc::new(source.keyring()?)))
}

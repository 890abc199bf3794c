//! The life of the keys in the database: made, replaced, wrapped anew, counted, destroyed.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

use crate::cli::account::act;
use crate::cli::table;
use crate::clock::{Clock, to_wire};
use crate::crypto::keyring::{KeyId, Keyring, Purpose};
use crate::gateway;
use crate::settings::{MasterSource, Settings};
use crate::store::audit::{self, Entry};
use crate::store::key_hierarchy::{
    self, Destruction, Hierarchy, Pass, Usage, forget_remnants, parse_id, usage,
};
use crate::store::{Archive, Store};

/// Rows that are sealed anew in one transaction: gateways wait no longer than that takes.
const BATCH: u32 = 100;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replace the key that seals what is new, while gateways run
    ///
    /// Every replica takes the new key over before it comes into use, some seconds from now. What was sealed before stays
    /// readable; `reseal` seals it anew.
    Rotate {
        /// Replace the key that links the audit trail instead
        #[arg(long, conflicts_with = "key_encryption")]
        auditing: bool,
        /// Make a new key-encryption key instead, and wrap the data keys under it
        #[arg(long)]
        key_encryption: bool,
    },
    /// Wrap the keys under another master key
    ///
    /// A place of a master key is a file, `env:NAME`, `credential:NAME` or `halves:FILE,FILE`; the one that is not named is
    /// that of the settings. Until this is done the old master key opens the database, from then on the new one. Let the
    /// settings name the new one before a gateway starts again.
    Rewrap {
        /// Where the master key is that wraps them now
        #[arg(long, value_name = "PLACE", required_unless_present = "to")]
        from: Option<MasterSource>,
        /// Where the new master key is
        #[arg(long, value_name = "PLACE")]
        to: Option<MasterSource>,
    },
    /// Seal anew what former keys have sealed, while gateways run; what was broken off goes on where it was
    Reseal,
    /// Show the keys, where they are in their lives, and how many values are sealed under each
    Status,
    /// Destroy a retired key that seals nothing any more
    Destroy {
        /// The key's id, as `status` shows it; or the version of a key-encryption key
        key: String,
        /// It is a key-encryption key
        #[arg(long)]
        key_encryption: bool,
    },
}

/// `false` where a key stays, or values do, for a reason that is told.
///
/// # Errors
/// When the settings, the master key or the database can't be used.
pub async fn run(
    command: Command,
    settings: &Settings,
    clock: &Clock,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    if let Command::Rewrap { from, to } = command {
        return rewrap(settings, from, to, clock.now(), out).await;
    }
    let store = gateway::open_store(settings).await?;
    // Behind the opening, which may have made the first keys.
    let now = clock.now();
    match command {
        Command::Rewrap { .. } => Ok(true),
        Command::Rotate { auditing, key_encryption } => {
            let purpose = if auditing { Purpose::Auditing } else { Purpose::Sealing };
            let purpose = (!key_encryption).then_some(purpose);
            rotate(settings, &store, purpose, now, out).await
        }
        Command::Reseal => reseal(&store, now, out).await,
        Command::Status => status(settings, &store, now, out).await,
        Command::Destroy { key, key_encryption } => {
            destroy(settings, &store, &key, key_encryption, now, out).await
        }
    }
}

/// With no purpose, the key-encryption key.
async fn rotate(
    settings: &Settings,
    store: &Store,
    purpose: Option<Purpose>,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let ahead = settings.keyring.activation;
    let kind = purpose.map_or("key-encryption", Purpose::name);
    let made = store.write(move |connection| {
        let made = match purpose {
            Some(purpose) => key_hierarchy::rotate(connection, purpose, now, ahead)?,
            None => key_hierarchy::rotate_kek(connection, now)?,
        };
        let about = json!({ "purpose": kind, "retired": &made.retired, "activates": made.activates_at });
        audit::append(connection, &act("key.rotate", ("key", made.key.clone()), about), now)?;
        Ok(made)
    });
    let made = made.await?;
    writeln!(out, "{kind} key {} comes into use at {}", made.key, to_wire(made.activates_at))?;
    for retired in &made.retired {
        writeln!(out, "{kind} key {retired} is retired from then on")?;
    }
    Ok(true)
}

async fn rewrap(
    settings: &Settings,
    from: Option<MasterSource>,
    to: Option<MasterSource>,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let usual = settings.keyring.source()?;
    let (from, to) = (from.unwrap_or_else(|| usual.clone()), to.unwrap_or(usual));
    let masters = [to.masters().context("--to")?, from.masters().context("--from")?].concat();
    let keyring = Arc::new(Keyring::from_masters(&masters).context("expected a master key")?);
    let new = hex::encode(keyring.master_id());
    let store = Store::open(&settings.store, keyring).context("store.url")?;
    let subject = new.clone();
    let wrapped = store.write(move |connection| {
        let wrapped = key_hierarchy::rewrap(connection)?;
        if wrapped > 0 {
            let about = json!({ "wrapped": wrapped });
            audit::append(connection, &act("key.rewrap", ("master key", subject.clone()), about), now)?;
        }
        Ok(wrapped)
    });
    match wrapped.await? {
        0 => writeln!(out, "all keys were wrapped under the master key {new} already")?,
        count => writeln!(
            out,
            "{count} key-encryption keys are wrapped under the master key {new} now; let the settings name {to}"
        )?,
    }
    Ok(true)
}

async fn reseal(store: &Store, now: Timestamp, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
    let mut pass = Pass::default();
    let mut told = pass.done;
    while !pass.is_over() {
        let (column, before) = (pass.at(), pass.clone());
        pass = store.write(move |connection| key_hierarchy::reseal(connection, &before, BATCH)).await?;
        if let (Some(ended), true) = (column.filter(|it| Some(it) != pass.at().as_ref()), pass.done != told) {
            told = pass.done;
            writeln!(out, "{ended}: {} values sealed anew so far", told.resealed)?;
        }
    }
    let done = pass.done;
    let about = json!({ "resealed": done.resealed, "unreadable": done.unreadable });
    let entry: Entry = act("key.reseal", ("key", hex::encode(store.sealing_key())), about);
    store.write(move |connection| audit::append(connection, &entry, now)).await?;
    writeln!(
        out,
        "{} values sealed anew, {} written by others meanwhile, {} do not open",
        done.resealed, done.overtaken, done.unreadable
    )?;
    Ok(done.unreadable == 0)
}

/// Documents of the archive by the key that they are sealed under.
async fn documents_by_key(settings: &Settings, store: &Store) -> anyhow::Result<BTreeMap<KeyId, u64>> {
    let archive = Archive::open(&settings.archive, store.keyring()).context("archive")?;
    Ok(archive.count_by_key().await.context("archive")?.by_key)
}

async fn status(
    settings: &Settings,
    store: &Store,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let documents = documents_by_key(settings, store).await?;
    let (hierarchy, usage) =
        store.read(|connection| Ok((key_hierarchy::read(connection)?, usage(connection)?))).await?;
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), to_wire);
    let heading = ["KEY-ENCRYPTION KEY", "STATE", "MASTER KEY", "CREATED", "RETIRED", "DESTROYED"];
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(hierarchy.keks.iter().map(|kek| {
        [
            kek.stored.version.to_string(),
            kek.state().name().to_owned(),
            kek.stored.master.clone(),
            to_wire(kek.created_at),
            time(kek.retired_at),
            time(kek.destroyed_at),
        ]
    }));
    table::write(&rows, out)?;
    writeln!(out)?;
    let heading = [
        "DATA KEY",
        "PURPOSE",
        "STATE",
        "UNDER",
        "CREATED",
        "ACTIVE FROM",
        "RETIRED",
        "DESTROYED",
        "DOCUMENTS",
        "VALUES",
    ];
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(hierarchy.keys.iter().map(|key| {
        let values = usage.get(&key.id()).map_or(0, |columns| columns.values().sum::<u64>());
        let kept = documents.get(&key.stored.id).copied().unwrap_or_default();
        let seals = key.stored.purpose == Purpose::Sealing;
        [
            key.id(),
            key.stored.purpose.name().to_owned(),
            key.state(now).name().to_owned(),
            key.stored.kek.to_string(),
            to_wire(key.created_at),
            to_wire(key.stored.activates_at),
            time(key.retired_at),
            time(key.destroyed_at),
            if seals { kept.to_string() } else { "-".to_owned() },
            if seals { values.to_string() } else { "-".to_owned() },
        ]
    }));
    table::write(&rows, out)?;
    strangers(&hierarchy, &usage, out)
}

/// Values under keys that are not there, or not any more: nobody can read them.
fn strangers(hierarchy: &Hierarchy, usage: &Usage, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
    let sealing = hierarchy.keys.iter().filter(|key| key.stored.purpose == Purpose::Sealing);
    let there: BTreeMap<String, bool> = sealing.map(|key| (key.id(), key.destroyed_at.is_none())).collect();
    let mut all_open = true;
    for (key, columns) in usage.iter().filter(|(key, _)| there.get(*key) != Some(&true)) {
        let columns: Vec<String> = columns.iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(out, "BAD  sealed under the key {key}, which is not there: {}", columns.join(", "))?;
        all_open = false;
    }
    Ok(all_open)
}

async fn destroy(
    settings: &Settings,
    store: &Store,
    key: &str,
    is_kek: bool,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let retain = settings.keyring.retain();
    let version: i64 = match key.parse() {
        Ok(version) if is_kek => version,
        _ if is_kek => bail!("expected the version of a key-encryption key, found `{key}`"),
        _ => 0,
    };
    let id = match parse_id(key) {
        Some(id) => id,
        None if is_kek => [0; 4],
        None => bail!("expected the id of a data key, 8 hex digits, found `{key}`"),
    };
    if !is_kek {
        let documents = documents_by_key(settings, store).await?.remove(&id).unwrap_or_default();
        if documents > 0 {
            writeln!(
                out,
                "{key} stays: {documents} documents are sealed under it; `baohan documents reseal` seals them anew"
            )?;
            return Ok(false);
        }
    }
    let name = key.to_owned();
    let outcome = store.write(move |connection| {
        let outcome = match is_kek {
            true => key_hierarchy::destroy_kek(connection, version, now, retain)?,
            false => key_hierarchy::destroy(connection, id, now, retain)?,
        };
        if outcome == Destruction::Done {
            let about = json!({ "key-encryption": is_kek });
            audit::append(connection, &act("key.destroy", ("key", name.clone()), about), now)?;
        }
        Ok(outcome)
    });
    let refusal = match outcome.await? {
        Destruction::Done => {
            writeln!(out, "{key} is destroyed: nothing opens any more what it sealed")?;
            if let Err(error) = forget_remnants(store).await {
                writeln!(out, "its former bytes may still be in the files of the database: {error}")?;
            }
            return Ok(true);
        }
        Destruction::AlreadyDone => "it was destroyed before".to_owned(),
        Destruction::Unknown => "there is no such key; `baohan keys status` lists them".to_owned(),
        Destruction::InUse => "it is in use; `baohan keys rotate` makes another one".to_owned(),
        Destruction::StillSeals(columns) => {
            let columns: Vec<String> =
                columns.iter().map(|(name, count)| format!("{name} {count}")).collect();
            format!(
                "values are sealed under it ({}); `baohan keys reseal` seals them anew",
                columns.join(", ")
            )
        }
        Destruction::StillWraps(count) => format!("{count} keys are wrapped under it"),
        Destruction::OpenProposals(count) => format!(
            "{count} proposals from before it was retired are open, and one may hold a secret that it sealed"
        ),
        Destruction::Retained(until) => format!(
            "it is kept until {} (keyring.retain_days), since backups of its time need it",
            to_wire(until)
        ),
    };
    writeln!(out, "{key} stays: {refusal}")?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use crate::store::key_hierarchy::State;

    #[test]
    fn states_have_the_names_that_the_manual_uses() {
        let names = [State::Pending, State::Active, State::Retired, State::Destroyed].map(State::name);
        assert_eq!(names, ["pending", "active", "retired", "destroyed"]);
        assert!(include_str!("../../../deploy/KEYS.md").contains("pending, active, retired, destroyed"));
    }
}

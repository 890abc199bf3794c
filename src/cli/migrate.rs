//! `baohan migrate`: brings the database to the shape that this program expects.

use std::io::Write;

use anyhow::bail;
use clap::Args;

use crate::store::Store;

/// Bring the database to the shape that this program expects.
///
/// Replicas may do so at the same time.
#[derive(Args, Clone, Debug)]
pub struct MigrateArgs {
    /// Change nothing: name the migrations that are missing, and fail if there are any
    #[arg(long)]
    pub check: bool,
}

/// # Errors
/// When the database can't be reached, a migration fails, or `--check` finds some missing.
pub async fn run(args: MigrateArgs, store: &Store, out: &mut dyn Write) -> anyhow::Result<()> {
    if args.check {
        let pending = store.pending_migrations().await?;
        if pending.is_empty() {
            writeln!(out, "the database is up to date")?;
            return Ok(());
        }
        bail!(
            "the database lacks {} migrations: {}; run `baohan migrate`",
            pending.len(),
            pending.join(", ")
        );
    }
    let done = store.migrate().await?;
    for name in &done {
        writeln!(out, "migrated: {name}")?;
    }
    if done.is_empty() {
        writeln!(out, "the database was up to date")?;
    }
    Ok(())
}

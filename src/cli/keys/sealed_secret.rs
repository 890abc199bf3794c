//! Secrets that may stand in a settings file, since they open under the master key only.

use std::io::{Read as _, Write};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::settings::MasterSource;

/// A secret is a line; a file that is something else is noticed.
const LONGEST: u64 = 64 * 1024;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to read the secret from, instead of standard input
    file: Option<PathBuf>,
    /// The key of the settings that it is for, such as `platforms.hainan.wire.appsecret`; it opens nowhere else
    #[arg(long = "for", value_name = "KEY")]
    key: Option<String>,
}

/// Reads a secret and prints what may stand in its place.
///
/// # Errors
/// When there is none, or the master key can't be used.
pub fn run(args: &Args, master: &MasterSource, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut secret = Zeroizing::new(String::new());
    match &args.file {
        Some(file) => {
            let opened = std::fs::File::open(file);
            let opened = opened.with_context(|| format!("cannot open `{}`", file.display()))?;
            opened.take(LONGEST).read_to_string(&mut secret)
        }
        None => std::io::stdin().take(LONGEST).read_to_string(&mut secret),
    }
    .context("expected a secret in UTF-8")?;
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("expected a secret, found nothing");
    }
    let sealed = master.keyring()?.seal_secret(args.key.as_deref(), secret);
    writeln!(out, "{sealed}")?;
    Ok(())
}

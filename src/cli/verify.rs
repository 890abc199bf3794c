//! `baohan verify`: whether sealed OFD files are intact, and who sealed them.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;

use crate::crypto::certificate::Certificate;
use crate::seal::verify::{Report, Trust, verify};

/// Verifies the electronic seals of OFD files: every digest, the signatures of signer and seal maker by two
/// implementations of SM2, validity at the time of sealing, and that nothing in the file escapes the seal.
/// Succeeds only if every file is sealed and intact.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files to verify
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object per file and line
    #[arg(long)]
    json: bool,
    /// A certificate (PEM) that signers and seal makers must descend from; may be given several times. Without one,
    /// intact files are reported as untrusted
    #[arg(long = "anchor", value_name = "PEM")]
    anchors: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a Path,
    #[serde(flatten)]
    report: &'a Report,
}

/// Prints a report per file; `true` if all are valid.
///
/// # Errors
/// When a file or an anchor cannot be read.
pub fn run(args: &Args, out: &mut dyn Write, now: Timestamp) -> anyhow::Result<bool> {
    let mut trust = Trust::default();
    for path in &args.anchors {
        let pem = std::fs::read_to_string(path).with_context(|| format!("anchor `{}`", path.display()))?;
        let anchor = Certificate::from_pem(&pem).with_context(|| format!("anchor `{}`", path.display()))?;
        trust.anchors.push(anchor);
    }
    let mut valid = true;
    for path in &args.files {
        let bytes = std::fs::read(path).with_context(|| format!("`{}`", path.display()))?;
        let report = verify(&bytes, &trust, now);
        valid &= report.is_valid();
        if args.json {
            serde_json::to_writer(&mut *out, &Line { file: path, report: &report })?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}\n{report}", path.display())?;
        }
    }
    Ok(valid)
}

//! `baohan verify`: whether sealed OFD and signed PDF files are intact, and who sealed them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::Serialize;

use super::confinement::{Patient, read_file};
use crate::crypto::certificate::Certificate;
use crate::seal::{Report, Trust, verify_file};

/// Verify the electronic seals of OFD files and the signatures of PDF files
///
/// Checks every digest, the signatures of signer and seal maker (SM2 by two implementations, RSA, ECDSA), validity at the
/// time of sealing, and that nothing in the file escapes the seal. Succeeds only if every file is sealed and intact.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files to verify
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object per file and line
    #[arg(long)]
    json: bool,
    /// Certificates (PEM) that signers and seal makers must descend from; may be given several times. Without one,
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
    let mut anchors = Vec::new();
    for path in &args.anchors {
        let pem = std::fs::read_to_string(path).with_context(|| format!("anchor `{}`", path.display()))?;
        let found =
            Certificate::all_from_pem(&pem).with_context(|| format!("anchor `{}`", path.display()))?;
        ensure!(!found.is_empty(), "anchor `{}`: found no certificate", path.display());
        anchors.extend(found);
    }
    let trust = Arc::new(Trust { anchors });
    let mut valid = true;
    for path in &args.files {
        let bytes = read_file(path)?;
        let trust = Arc::clone(&trust);
        // Nobody may be waiting any more.
        let verified = Patient::begin(move |out| drop(out.send(verify_file(&bytes, &trust, now))))?;
        let report = verified.next().with_context(|| format!("`{}`", path.display()))?;
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::seal::testing::{WORLD, noon, sealed};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    fn run_with(arguments: &[&str]) -> (bool, String) {
        let command = Command::parse_from(std::iter::once("verify").chain(arguments.iter().copied()));
        let mut out = Vec::new();
        let valid = run(&command.args, &mut out, noon()).unwrap();
        (valid, String::from_utf8(out).unwrap())
    }

    #[test]
    fn files_are_reported_one_by_one_and_one_bad_file_fails_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let good = file("good.ofd", &sealed());
        let bad = file("bad.ofd", b"PK");
        let anchor = file("root.pem", WORLD.root.to_pem().as_bytes());

        let (valid, text) = run_with(&["--anchor", &anchor, &good]);
        assert!(valid && text.contains("验证结论: 有效"), "{text}");
        let (valid, text) = run_with(&[&good]);
        assert!(valid && text.contains("(untrusted)"), "{text}");

        let (valid, lines) = run_with(&["--json", &good, &bad]);
        assert!(!valid);
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["verdict"], "untrusted");
        let pdf = file("letter.pdf", b"%PDF-1.7\n");
        let (valid, text) = run_with(&[&pdf]);
        assert!(!valid && text.contains("文件结构 (structure): the structure is damaged"), "{text}");
        assert_eq!((&lines[1]["file"], &lines[1]["verdict"]), (&bad.into(), &"invalid".into()));
    }
}

//! `baohan audit verify`.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Serialize;

use super::VerifyArgs;
use crate::store::Store;
use crate::store::audit::{self, Anchors, AuditOptions, Checkpoint, Verdict};

#[derive(Serialize)]
struct Report<'a> {
    intact: bool,
    #[serde(flatten)]
    verdict: &'a Verdict,
    /// Entries that anchors were given for.
    anchored: usize,
    unreadable_anchors: u64,
}

/// `true` where everything is in order.
pub(super) async fn run(
    args: VerifyArgs,
    options: &AuditOptions,
    store: &Store,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    // Before the trail: whatever has an anchor by now is in the trail by then.
    let anchors = anchors(&args, options)?;
    let (anchored, unreadable) = (anchors.len(), anchors.unreadable);
    let verdict = audit::verify(store, Checkpoint::BEGINNING, anchors).await?;
    let intact = verdict.is_intact();
    if args.json {
        let report = Report { intact, verdict: &verdict, anchored, unreadable_anchors: unreadable };
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)?;
        return Ok(intact);
    }
    match verdict.last.number {
        0 if intact => writeln!(out, "ok   there are no entries")?,
        0 => {}
        last => {
            writeln!(out, "ok   entries 1 to {last}; the last code is {}", hex::encode(verdict.last.mac))?
        }
    }
    match anchored {
        0 => writeln!(out, "note no anchors were given: that the end was cut off would not show")?,
        _ => writeln!(out, "ok   {} of {anchored} anchors agree with their entries", verdict.anchors)?,
    }
    if unreadable > 0 {
        writeln!(out, "note {unreadable} lines that ought to be anchors can't be read, as after a crash")?;
    }
    for finding in &verdict.findings {
        writeln!(out, "BAD  {finding}")?;
    }
    Ok(intact)
}

fn anchors(args: &VerifyArgs, options: &AuditOptions) -> anyhow::Result<Anchors> {
    let mut anchors = Anchors::default();
    let none_named = args.anchor.is_empty() && args.log.is_empty();
    if let Some(file) = options.anchor_file.as_deref().filter(|file| none_named && file.exists()) {
        anchors.add_file(&read(file)?);
    }
    for file in &args.anchor {
        let before = anchors.len();
        anchors.add_file(&read(file)?);
        let shown = file.display();
        ensure!(anchors.len() > before || before > 0, "--anchor: expected anchors in `{shown}`, found none");
    }
    for file in &args.log {
        let before = anchors.len();
        anchors.add_log(&read(file)?);
        let shown = file.display();
        ensure!(
            anchors.len() > before || before > 0,
            "--log: expected lines of the target `{}` in `{shown}`, found none",
            audit::ANCHOR_TARGET
        );
    }
    Ok(anchors)
}

/// A log may hold anything.
fn read(file: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("`{}`", file.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

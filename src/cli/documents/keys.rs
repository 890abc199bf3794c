//! Which keys the archive needs, and how all of it comes under the one that seals now.

use std::io::Write;

use anyhow::{Context as _, bail};
use futures_util::stream::StreamExt as _;
use serde_json::json;

use super::{BETWEEN_WORDS, PATIENCE};
use crate::cli::account;
use crate::crypto::keyring::Keyring;
use crate::store::Archive;
use crate::store::archive::{ArchiveError, Census};
use crate::store::audit::Entry;

/// Says how many documents need which key: `true` if all of them can be read.
pub(super) async fn list(archive: &Archive, keyring: &Keyring, out: &mut dyn Write) -> anyhow::Result<bool> {
    writeln!(out, "{archive}")?;
    let Census { by_key, clear, unclear } = archive.count_by_key().await.context("archive")?;
    let mut readable = true;
    for (key, count) in by_key {
        let standing = match key == keyring.key_id() {
            true => "seals now",
            false if keyring.has_key(key) => "a former key",
            false => "not at hand",
        };
        readable &= keyring.has_key(key);
        writeln!(out, "key {}: {count} documents ({standing})", hex::encode(key))?;
    }
    if clear > 0 {
        writeln!(out, "in the clear: {clear} documents; `baohan documents reseal` seals them")?;
    }
    if unclear > 0 {
        writeln!(out, "damaged: {unclear} documents; `baohan documents check` names their guarantees")?;
    }
    Ok(readable && unclear == 0)
}

/// What has become of the documents.
#[derive(Default)]
pub(super) struct Resealed {
    before: usize,
    now: usize,
    gone: usize,
    damaged: usize,
    locked: usize,
    unread: usize,
}

/// Writes every document anew that the sealing key does not seal yet.
pub(super) async fn reseal(
    archive: &Archive,
    at_once: usize,
    out: &mut dyn Write,
) -> anyhow::Result<Resealed> {
    writeln!(out, "{archive}")?;
    let listed = archive.documents().map(|listed| async move {
        let digest = listed?;
        let outcome = archive.reseal(&digest).await;
        Ok::<_, ArchiveError>((digest, outcome))
    });
    let mut outcomes = listed.buffer_unordered(at_once);
    let (mut totals, mut unread_in_a_row) = (Resealed::default(), 0);
    while let Some(outcome) = outcomes.next().await {
        let (digest, outcome) = outcome.context("the archive can't be listed")?;
        let is_unread = matches!(outcome, Err(ArchiveError::Unavailable(_)));
        unread_in_a_row = if is_unread { unread_in_a_row + 1 } else { 0 };
        match outcome {
            Ok(true) => totals.now += 1,
            Ok(false) => totals.before += 1,
            // A backup that was removed, for example.
            Err(ArchiveError::Missing(_)) => totals.gone += 1,
            Err(error) => {
                *match error {
                    ArchiveError::Damaged { .. } => &mut totals.damaged,
                    ArchiveError::Locked { .. } => &mut totals.locked,
                    _ => &mut totals.unread,
                } += 1;
                if unread_in_a_row >= PATIENCE {
                    bail!("{PATIENCE} documents in a row can't be used, the last one because {error}");
                }
                writeln!(out, "BAD  {digest}: {error}")?;
            }
        }
        if totals.all().is_multiple_of(BETWEEN_WORDS) {
            writeln!(out, "... {}", totals.described())?;
        }
    }
    writeln!(out, "{}", totals.described())?;
    Ok(totals)
}

impl Resealed {
    fn all(&self) -> usize {
        let Self { before, now, gone, damaged, locked, unread } = self;
        before + now + gone + damaged + locked + unread
    }

    fn described(&self) -> String {
        let Self { before, now, gone, damaged, locked, unread } = self;
        format!(
            "{} documents: {before} sealed already, {now} sealed anew, {gone} gone meanwhile, {damaged} damaged, \
             {locked} under keys that are not at hand, {unread} unread",
            self.all()
        )
    }

    /// Whether nothing is left to do.
    pub(super) fn is_complete(&self) -> bool {
        self.damaged + self.locked + self.unread == 0
    }

    /// As the audit trail has it.
    pub(super) fn entry(&self, archive: &Archive, keyring: &Keyring) -> Entry {
        let about = json!({
            "key": hex::encode(keyring.key_id()),
            "sealed_anew": self.now,
            "sealed_already": self.before,
            "not_sealed": self.damaged + self.locked + self.unread,
        });
        account::act("documents.reseal", ("archive", archive.to_string()), about)
    }
}

//! Notes the end of the audit trail outside of the database, and looks whether the trail is what the gateway wrote.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{JoinHandle, spawn_blocking};

use super::Assembly;
use crate::clock::Clock;
use crate::store::audit::{
    self, ANCHOR_MESSAGE, ANCHOR_TARGET, Anchor, Anchors, AuditOptions, Checkpoint, Head, MarkKind, Verdict,
};
use crate::store::{Store, StoreError};
use crate::supervise;
use crate::telemetry::Metrics;

/// So much of an anchor file's end is read at the start: the last anchor vouches for all entries before it.
const TAIL: i64 = 64 * 1024;

/// Anchors and looks until the task is aborted.
pub(super) fn keep_watch(assembly: &Assembly, options: &AuditOptions) -> JoinHandle<Option<()>> {
    let watch = Watch {
        store: assembly.store.for_jobs(),
        metrics: assembly.metrics.clone(),
        clock: assembly.clock.clone(),
        options: options.clone(),
        logged: 0,
        filed: 0,
        is_file_lost: false,
        anchored: Anchors::default(),
        found: None,
    };
    supervise::spawn("audit watch", watch.keep())
}

struct Watch {
    store: Store,
    metrics: Metrics,
    clock: Clock,
    options: AuditOptions,
    /// The last entries that this process has noted in its log, and in the file.
    logged: i64,
    filed: i64,
    is_file_lost: bool,
    /// What the file ended in when the process started, and what was noted since, but for all but the last.
    anchored: Anchors,
    found: Option<Found>,
}

/// What the last look found.
struct Found {
    verdict: Verdict,
    at: Timestamp,
    /// When all entries were looked at last.
    all_at: Timestamp,
}

impl Watch {
    async fn keep(mut self) {
        if let Some(file) = self.options.anchor_file.clone() {
            let end = spawn_blocking(move || tail(&file)).await;
            // There is none before the first anchor.
            self.anchored.add_file(&end.ok().and_then(Result::ok).unwrap_or_default());
        }
        loop {
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "the audit trail could not be read");
            }
            self.clock.wait(self.options.anchor_every).await;
        }
    }

    async fn turn(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        // The trail comes first: an end that was cut off is not to be anchored as if it were the end.
        if self.is_due(now) {
            self.look(now).await?;
        }
        // What is read here is committed, and so is every entry before it.
        match self.store.read(audit::head).await? {
            Some(head) if head.number > self.logged.min(self.filed) => self.anchor(head, now).await,
            _ => Ok(()),
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.found.as_ref().is_none_or(|found| has_passed(found.at, self.options.verify_every, now))
    }

    async fn look(&mut self, now: Timestamp) -> Result<(), StoreError> {
        // New entries only, where all was in order before, and not too long ago.
        let known = self.found.as_ref().filter(|found| {
            found.verdict.is_intact() && !has_passed(found.all_at, self.options.verify_all_every, now)
        });
        let since = known.map_or(Checkpoint::BEGINNING, |found| found.verdict.last);
        let all_at = known.map_or(now, |found| found.all_at);
        let verdict = audit::verify(&self.store, since, self.anchored.clone()).await?;
        self.metrics.audit_chain(verdict.is_intact());
        let before = self.found.as_ref().map(|found| found.verdict.findings.as_slice());
        if before.unwrap_or_default() != verdict.findings.as_slice() {
            for finding in &verdict.findings {
                let fault = finding.fault.name();
                tracing::error!(entry = finding.number, fault, "the audit trail is not intact: {finding}");
            }
            if verdict.is_intact() {
                tracing::info!(entries = verdict.last.number, "the audit trail is intact again");
            }
        }
        let outcome = verdict.findings.first().map_or("intact", |finding| finding.fault.name());
        let last = Head { number: verdict.last.number, mac: verdict.last.mac };
        self.found = Some(Found { verdict, at: now, all_at });
        self.note(MarkKind::Verified, last, outcome, now).await
    }

    async fn anchor(&mut self, head: Head, now: Timestamp) -> Result<(), StoreError> {
        let anchor = Anchor::new(&head, now);
        if head.number > self.logged {
            let (number, mac) = (head.number, hex::encode(head.mac));
            tracing::info!(target: ANCHOR_TARGET, number, mac, "{ANCHOR_MESSAGE}");
            self.logged = head.number;
        }
        let places = match self.options.anchor_file.clone() {
            None => "log",
            Some(file) => match self.file(file, anchor).await {
                true => "log,file",
                false => "log",
            },
        };
        if self.options.anchor_file.is_none() || places != "log" {
            self.filed = head.number;
        }
        self.anchored = Anchors::default();
        self.anchored.add(head.number, head.mac);
        self.note(MarkKind::Anchored, head, places, now).await
    }

    /// Whether the anchor is on the disk. It is tried again while it is not, and told once.
    async fn file(&mut self, file: PathBuf, anchor: Anchor) -> bool {
        let shown = file.display().to_string();
        let written = spawn_blocking(move || add_line(&file, &anchor)).await;
        let failure = match written {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(panic) => Some(panic.to_string()),
        };
        if let Some(error) = failure.as_ref().filter(|_| !self.is_file_lost) {
            tracing::error!(file = shown, error, "the end of the audit trail could not be noted in its file");
        }
        self.is_file_lost = failure.is_some();
        !self.is_file_lost
    }

    /// Of replicas that note something at the same time, one is enough.
    async fn note(
        &self,
        kind: MarkKind,
        head: Head,
        outcome: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let marked = self.store.write(move |connection| audit::mark(connection, kind, &head, outcome, now));
        match marked.await {
            Err(error) if error.lost_a_race() => Ok(()),
            marked => marked,
        }
    }
}

fn has_passed(since: Timestamp, length: Duration, now: Timestamp) -> bool {
    now.duration_since(since).unsigned_abs() >= length
}

/// The end of a file, from a line's beginning on.
fn tail(file: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(file)?;
    let length = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
    let is_cut = length > TAIL;
    if is_cut {
        file.seek(SeekFrom::End(-TAIL))?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(if is_cut {
        text.split_once('\n').map_or_else(String::new, |(_, rest)| rest.to_owned())
    } else {
        text
    })
}

/// Adds an anchor to the file; it is on the disk when this returns. After a line that a crash has cut off it begins another.
fn add_line(file: &Path, anchor: &Anchor) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(file)?;
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let separator = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{separator}{}", anchor.to_line()?).as_bytes())?;
    file.sync_data()?;
    Ok(())
}

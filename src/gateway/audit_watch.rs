//! Notes the end of the audit trail outside of the database, and looks whether the trail is what the gateway wrote.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{JoinHandle, spawn_blocking};

use super::Assembly;
use crate::clock::Clock;
use crate::store::audit::{
    self, ANCHOR_MESSAGE, ANCHOR_TARGET, Anchor, Anchors, AuditOptions, Checkpoint, Head, MarkKind, Verdict,
    anchor_file,
};
use crate::store::{Store, StoreError};
use crate::supervise;
use crate::telemetry::Metrics;

/// Between two turns, whatever the settings say.
const SHORTEST: Duration = Duration::from_millis(10);

/// Anchors and looks until the task is aborted.
pub(super) fn keep_watch(assembly: &Assembly, options: &AuditOptions) -> JoinHandle<Option<()>> {
    let watch = Watch {
        store: assembly.store.for_jobs(),
        metrics: assembly.metrics.clone(),
        clock: assembly.clock.clone(),
        options: options.clone(),
        seen: 0,
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
    /// The last entry when the trail was looked at.
    seen: i64,
    /// The last entries that this process has noted in its log, and in the file.
    logged: i64,
    filed: i64,
    is_file_lost: bool,
    /// What the file ended in when the process started; after an anchor of a trail that is in order, that one alone.
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
            let last = spawn_blocking(move || anchor_file::latest(&file)).await;
            // There is none before the first anchor.
            self.anchored = last.ok().and_then(Result::ok).unwrap_or_default();
        }
        loop {
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "the audit trail could not be read");
            }
            self.clock.wait(self.options.anchor_every.max(SHORTEST)).await;
        }
    }

    async fn turn(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        // What is read here is committed, and so is every entry before it.
        let head = self.store.read(audit::head).await?;
        let number = head.as_ref().map_or(0, |head| head.number);
        // A look comes first: what was cut off and written anew is not to be anchored as if nothing had been.
        if number != self.seen || self.is_due(now) {
            self.look(now).await?;
            self.seen = number;
        }
        match head {
            Some(head) if number > self.logged.min(self.filed) => self.anchor(head, now).await,
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
        if self.found.as_ref().is_some_and(|found| found.verdict.is_intact()) {
            self.anchored = Anchors::default();
        }
        self.anchored.add(head.number, head.mac);
        self.note(MarkKind::Anchored, head, places, now).await
    }

    /// Whether the anchor is on the disk. It is tried again while it is not, and told once.
    async fn file(&mut self, file: PathBuf, anchor: Anchor) -> bool {
        let shown = file.display().to_string();
        let written = spawn_blocking(move || anchor_file::append(&file, &anchor)).await;
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

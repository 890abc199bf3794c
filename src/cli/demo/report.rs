//! What came of a demonstration: a timeline per guarantee, the letters' files, and whether all is as it should be.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::props;
use crate::clock::{Clock, to_wire};
use crate::crypto::certificate::Certificate;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::gateway::Gateway;
use crate::sandbox::hainan::{Outcome, Sandbox};
use crate::seal::verify::{Trust, verify};
use crate::store::{events, guarantees, jobs};

#[derive(Serialize)]
pub(super) struct Report {
    folder: PathBuf,
    guarantees: Vec<GuaranteeReport>,
    /// Everything that is not as it should be.
    faults: Vec<String>,
    seconds: Seconds,
}

#[derive(Default, Serialize)]
struct Seconds {
    start: String,
    opening: String,
    all: String,
}

#[derive(Serialize)]
struct GuaranteeReport {
    application: String,
    guarantee: String,
    stage: String,
    timeline: Vec<Moment>,
    letters: Vec<LetterReport>,
}

#[derive(Serialize)]
struct Moment {
    at: String,
    what: String,
}

#[derive(Serialize)]
struct LetterReport {
    file: PathBuf,
    pages: usize,
    valid: bool,
}

impl Report {
    /// Looks at what the platform received and what the gateway stored.
    pub(super) async fn of(
        gateway: &Gateway,
        sandbox: &Sandbox,
        folder: &Path,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let root = std::fs::read_to_string(folder.join(props::ROOT_CERTIFICATE))?;
        let trust = Trust { anchors: vec![Certificate::from_pem(&root)?] };
        let letters_folder = folder.join("letters");
        std::fs::create_dir_all(&letters_folder)?;
        let mut report = Self {
            folder: folder.to_owned(),
            guarantees: Vec::new(),
            faults: Vec::new(),
            seconds: Seconds::default(),
        };
        for delivery in sandbox.deliveries() {
            if !delivery.exactly_once() {
                report.faults.push(format!("{}: not delivered exactly once", delivery.applyno));
            }
            let mut letters = Vec::new();
            for (name, letter) in [("密文保函", &delivery.ciphertext), ("明文保函", &delivery.plaintext)]
            {
                let Some(letter) = letter else { continue };
                let file = letters_folder.join(format!("{}-{name}.ofd", delivery.applyno));
                std::fs::write(&file, &letter.document)?;
                let verified = verify(&letter.document, &trust, clock.now());
                if !verified.is_valid() {
                    report.faults.push(format!("{}: {:?}", file.display(), verified.failures()));
                }
                letters.push(LetterReport { file, pages: letter.pages, valid: verified.is_valid() });
            }
            let case = Self::guarantee(gateway, delivery.applyno, letters).await?;
            report.guarantees.push(case);
        }
        for exchange in sandbox.journal().all() {
            if exchange.outcome != Outcome::Accepted {
                report.faults.push(exchange.to_string());
            }
        }
        for unfinished in gateway.assembly.store.read(jobs::counts).await? {
            let (kind, state, count) = (unfinished.kind, unfinished.state.name(), unfinished.count);
            report.faults.push(format!("{count} jobs of kind {kind} are {state}"));
        }
        Ok(report)
    }

    async fn guarantee(
        gateway: &Gateway,
        applyno: String,
        letters: Vec<LetterReport>,
    ) -> anyhow::Result<GuaranteeReport> {
        let number = ApplicationNumber::new(&applyno);
        let (guarantee, timeline) = gateway
            .assembly
            .store
            .read(move |c| {
                let stored = guarantees::find_by_application(c, &PlatformId::new(props::PLATFORM), &number)?;
                let Some(stored) = stored else { return Ok(None) };
                let timeline = events::timeline(c, &stored.guarantee.id)?;
                Ok(Some((stored.guarantee, timeline)))
            })
            .await?
            .with_context(|| format!("{applyno} is not stored"))?;
        let moment =
            |entry: events::Entry| Moment { at: to_wire(entry.at), what: entry.event.title().to_owned() };
        Ok(GuaranteeReport {
            application: applyno,
            guarantee: guarantee.number().map(ToString::to_string).unwrap_or_default(),
            stage: guarantee.stage.title().to_owned(),
            timeline: timeline.into_iter().map(moment).collect(),
            letters,
        })
    }

    pub(super) fn timed(mut self, start: Duration, opening: Duration, all: Duration) -> Self {
        let seconds = |duration: Duration| format!("{}.{:03}", duration.as_secs(), duration.subsec_millis());
        self.seconds = Seconds { start: seconds(start), opening: seconds(opening), all: seconds(all) };
        self
    }

    pub(super) fn is_sound(&self) -> bool {
        self.faults.is_empty() && !self.guarantees.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.guarantees {
            writeln!(f, "\n业务流水号 {}  保函编号 {}  {}", case.application, case.guarantee, case.stage)?;
            for moment in &case.timeline {
                writeln!(f, "  {}  {}", moment.at, moment.what)?;
            }
            for letter in &case.letters {
                let verdict = if letter.valid { "验章通过" } else { "验章未通过" };
                writeln!(f, "  {verdict}  {} 页  {}", letter.pages, letter.file.display())?;
            }
        }
        let Seconds { start, opening, all } = &self.seconds;
        writeln!(
            f,
            "\n{} 份保函；启动 {start} 秒，开标还原 {opening} 秒，共 {all} 秒",
            self.guarantees.len()
        )?;
        writeln!(f, "数据目录 {}", self.folder.display())?;
        for fault in &self.faults {
            writeln!(f, "异常：{fault}")?;
        }
        Ok(())
    }
}

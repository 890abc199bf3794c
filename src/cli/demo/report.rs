//! What came of a demonstration: a timeline per guarantee, the letters' files, and whether all is as it should be.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::cast::{Actor, Role};
use super::props;
use crate::casework::Task;
use crate::clock::{Clock, to_wire};
use crate::crypto::certificate::Certificate;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::gateway::Gateway;
use crate::sandbox::core_system::Diary;
use crate::sandbox::{self, Direction, Outcome};
use crate::seal::{Trust, verify_file};
use crate::store::jobs::JobState;
use crate::store::{events, guarantees, jobs};

#[derive(Serialize)]
pub(super) struct Report {
    folder: PathBuf,
    platforms: Vec<PlatformReport>,
    guarantees: Vec<GuaranteeReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    core_system: Option<CoreSystemReport>,
    /// Everything that is not as it should be.
    faults: Vec<String>,
    seconds: Seconds,
}

/// The life of a few guarantees on one platform.
#[derive(Serialize)]
struct PlatformReport {
    platform: &'static str,
    life: Vec<sandbox::Moment>,
}

/// What the core system heard and did.
#[derive(Serialize)]
struct CoreSystemReport {
    callbacks: usize,
    /// How many of them came more than once.
    repeated: usize,
    acts: usize,
    /// How many callbacks of each type.
    types: BTreeMap<String, usize>,
}

#[derive(Default, Serialize)]
struct Seconds {
    start: String,
    opening: String,
    all: String,
}

#[derive(Serialize)]
struct GuaranteeReport {
    platform: &'static str,
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
    valid: bool,
}

impl Report {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            platforms: Vec::new(),
            guarantees: Vec::new(),
            core_system: None,
            faults: Vec::new(),
            seconds: Seconds::default(),
        }
    }

    pub(super) fn lived(&mut self, role: Role, life: Vec<sandbox::Moment>) {
        self.platforms.push(PlatformReport { platform: role.id(), life });
    }

    /// What a core system noted, where there was one.
    pub(super) fn decided(&mut self, diary: Option<Diary>) {
        let Some(diary) = diary else { return };
        let mut types: BTreeMap<String, usize> = BTreeMap::new();
        for received in &diary.received {
            *types.entry(received.kind.clone()).or_default() += 1;
        }
        let repeated = diary.attempts.values().filter(|attempts| **attempts > 1).count();
        let (callbacks, acts) = (diary.received.len(), diary.done.len());
        self.core_system = Some(CoreSystemReport { callbacks, repeated, acts, types });
        self.faults.extend(diary.faults);
    }

    /// Looks at what a platform received and what the gateway stored.
    pub(super) async fn add(
        &mut self,
        gateway: &Gateway,
        role: Role,
        actor: &Actor,
        clock: &Clock,
    ) -> anyhow::Result<()> {
        let root = std::fs::read_to_string(self.folder.join(props::ROOT_CERTIFICATE))?;
        let trust = Trust { anchors: vec![Certificate::from_pem(&root)?] };
        let letters_folder = self.folder.join("letters");
        std::fs::create_dir_all(&letters_folder)?;
        for received in actor.received() {
            if !received.exactly_once {
                self.faults.push(format!("{}: not delivered exactly once", received.application));
            }
            let mut letters = Vec::new();
            for letter in &received.letters {
                let name = format!("{}-{}.{}", received.application, letter.title, letter.extension);
                let file = letters_folder.join(name);
                std::fs::write(&file, &letter.document)?;
                let verified = verify_file(&letter.document, &trust, clock.now());
                if !verified.is_valid() {
                    self.faults.push(format!("{}: {:?}", file.display(), verified.failures()));
                }
                letters.push(LetterReport { file, valid: verified.is_valid() });
            }
            let case = Self::guarantee(gateway, role, received.application, letters).await?;
            self.guarantees.push(case);
        }
        for exchange in actor.journal().all() {
            // A wrong key is refused, and that is right.
            if exchange.outcome != Outcome::Accepted && exchange.direction == Direction::Received {
                self.faults.push(exchange.to_string());
            }
        }
        for unfinished in gateway.assembly.store.read(jobs::counts).await? {
            if Task::waits_for_its_time(&unfinished.kind) && unfinished.state != JobState::Dead {
                continue;
            }
            let (kind, state, count) = (unfinished.kind, unfinished.state.name(), unfinished.count);
            self.faults.push(format!("{count} jobs of kind {kind} are {state}"));
        }
        Ok(())
    }

    async fn guarantee(
        gateway: &Gateway,
        role: Role,
        application: String,
        letters: Vec<LetterReport>,
    ) -> anyhow::Result<GuaranteeReport> {
        let (platform, number) = (PlatformId::new(role.id()), ApplicationNumber::new(&application));
        let (guarantee, timeline) = gateway
            .assembly
            .store
            .read(move |c| {
                let stored = guarantees::find_by_application(c, &platform, &number)?;
                let Some(stored) = stored else { return Ok(None) };
                let timeline = events::timeline(c, &stored.guarantee.id)?;
                Ok(Some((stored.guarantee, timeline)))
            })
            .await?
            .with_context(|| format!("{application} is not stored"))?;
        let moment =
            |entry: events::Entry| Moment { at: to_wire(entry.at), what: entry.event.title().to_owned() };
        Ok(GuaranteeReport {
            platform: role.id(),
            application,
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
            let GuaranteeReport { platform, application, guarantee, stage, .. } = case;
            writeln!(f, "\n{platform}  业务流水号 {application}  保函编号 {guarantee}  {stage}")?;
            for moment in &case.timeline {
                writeln!(f, "  {}  {}", moment.at, moment.what)?;
            }
            for letter in &case.letters {
                let verdict = if letter.valid { "验章通过" } else { "验章未通过" };
                writeln!(f, "  {verdict}  {}", letter.file.display())?;
            }
        }
        for PlatformReport { platform, life } in &self.platforms {
            writeln!(f, "\n{platform}")?;
            for sandbox::Moment { applyno, what } in life {
                writeln!(f, "  {applyno:<24} {what}")?;
            }
        }
        if let Some(CoreSystemReport { callbacks, repeated, acts, types }) = &self.core_system {
            writeln!(f, "\n核心系统：收到回调 {callbacks} 条（重复 {repeated} 条），经接口办理 {acts} 次")?;
            for (kind, count) in types {
                writeln!(f, "  {kind:<32} {count}")?;
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

//! A campaign: generation after generation of applications, each led through crashes, brought to rest, compared, forgotten.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rand::RngExt as _;
use tokio::sync::watch;

use super::fleet::{Fleet, Victims};
use super::ground::{Ground, Plot};
use super::ledger::{Breach, Finding};
use super::lives::{Ending, Load, OnStage};
use super::moments::{Boundary, Moment, Moments, Phase};
use super::pulse::Pulse;
use super::relay::Spot;
use super::report::Report;
use super::views::{Views, is_idle};
use crate::cli::demo::cast::Actor;
use crate::clock::Clock;
use crate::gateway;
use crate::sandbox::{Act, Fault, Outcome};
use crate::store::guarantees::{self, Filter};

/// Longer than this a process does not take to accept a push, an unoptimised program on a busy machine included.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longer than this nobody waits for a boundary to be reached.
const REACH: Duration = Duration::from_secs(12);

/// Longer than this a generation does not take to come to rest.
const REST: Duration = Duration::from_secs(300);

/// An answer that no process lives to see, in milliseconds.
const NEVER: u64 = 60_000;

/// Where there is no work and nothing has been said for so long, nothing more will come.
const QUIET: Duration = Duration::from_secs(10);

/// So many lives are led at the same time, not more.
const MOST: usize = 12;

/// Between two looks at something that does not say when it changes.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub struct Campaign {
    pub ground: Ground,
    pub fleet: Fleet,
    pub moments: Moments,
    pub pulse: Arc<Pulse>,
    pub clock: Clock,
    /// How long the last start took.
    pub start_up: Duration,
    pub report: Report,
}

impl Campaign {
    /// Leads one generation through so many kills and compares; it stays on the disk if anything was found.
    ///
    /// # Errors
    /// When the campaign can't go on: a process ended by itself, or accepted nothing any more.
    pub async fn generation(&mut self, cycles: u32) -> anyhow::Result<()> {
        let (number, began) = (self.report.generations + 1, self.clock.now());
        let stage = self.stage().await?;
        let addresses: Vec<_> = stage.iter().map(|it| (it.role, it.actor.url())).collect();
        let plot = self.ground.plot(number, &addresses)?;
        if number == 1 {
            refuse_used_database(&plot).await?;
        }
        let mut load =
            Load::new(stage.clone(), Arc::clone(&self.pulse), self.fleet.relay().ready(), self.clock.clone());
        for _ in 0..cycles {
            self.cycle(&plot, &mut load).await?;
            self.report.cycles += 1;
        }
        self.fleet.launch(&plot.files, &plot.folder)?;
        let mut findings = self.come_to_rest(&plot, &mut load).await?;
        self.kill(Victims::All).await?;
        for OnStage { actor, .. } in &stage {
            actor.stop().await;
        }
        let (book, folder) = (&load.book, &self.ground.folder);
        let now = self.clock.now();
        let views = Views { plot: &plot, stage: &stage, book, folder, began, now };
        let (ledger, wire) = views.compare().await?;
        findings.extend(ledger.findings());
        let sound = findings.is_empty();
        self.report.add(ledger.accounts.len(), book.pushes(), wire, findings);
        if sound { plot.clear() } else { Ok(()) }
    }

    /// Fresh platforms under the credentials of the campaign.
    async fn stage(&self) -> anyhow::Result<Vec<OnStage>> {
        let gateway = format!("http://{}", self.fleet.relay().address);
        let mut stage = Vec::with_capacity(self.ground.credentials.len());
        for (role, credentials) in &self.ground.credentials {
            let actor = Actor::start(*role, &gateway, credentials, &self.clock).await;
            let actor = actor.with_context(|| format!("the simulated platform {}", role.id()))?;
            stage.push(OnStage { role: *role, actor });
        }
        Ok(stage)
    }

    /// Starts what does not run, leads lives, and kills at the moment that was drawn.
    async fn cycle(&mut self, plot: &Plot, load: &mut Load) -> anyhow::Result<()> {
        let (launched, beats) = (Instant::now(), self.pulse.beats());
        self.fleet.launch(&plot.files, &plot.folder)?;
        self.moments.learn(&load.stage, &load.book);
        let moment = self.moments.draw(self.start_up);
        if let Moment::StartUp(after) = &moment {
            self.clock.wait(*after).await;
            self.moments.fell(&moment, true);
            let victims = self.some();
            return self.kill(victims).await;
        }
        self.crowd(load, &moment);
        self.until_all_take_pushes(beats).await?;
        self.start_up = launched.elapsed();
        let (reached, victims) = self.reach(&moment, load).await;
        self.moments.fell(&moment, reached);
        self.kill(victims).await?;
        self.fleet.relay().clear_trap();
        for OnStage { actor, .. } in &load.stage {
            actor.desk().faults.set(Vec::new());
        }
        Ok(())
    }

    /// Begins lives, so that there is always something to push; where a boundary is to be reached, one that leads there.
    fn crowd(&mut self, load: &mut Load, moment: &Moment) {
        let random = &mut self.moments.random;
        let wanted = match moment {
            Moment::At { boundary, ending, .. } => Some((boundary.role, *ending)),
            _ => None,
        };
        if let Some((role, ending)) = wanted {
            load.begin(role, ending);
        }
        if load.busy() >= MOST {
            return load.repeat(random);
        }
        let roles: Vec<_> = load.stage.iter().map(|it| it.role).collect();
        for role in roles.into_iter().filter(|role| wanted.is_none_or(|(wanted, _)| wanted != *role)) {
            load.begin(role, Ending::draw(random));
        }
    }

    async fn until_all_take_pushes(&mut self, mut beats: watch::Receiver<u64>) -> anyhow::Result<()> {
        self.until_ready().await?;
        let accepted = tokio::time::timeout(PATIENCE, beats.changed()).await.is_ok();
        self.fleet.ensure_alive()?;
        ensure!(accepted, "no push was accepted for {} s after a start", PATIENCE.as_secs());
        Ok(())
    }

    /// Waits until all processes are ready.
    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let (mut ready, wanted) = (self.fleet.relay().ready(), self.fleet.addresses().len());
        let all = ready.wait_for(|ready| ready.len() >= wanted);
        let in_time = tokio::time::timeout(PATIENCE, all).await.is_ok();
        self.fleet.ensure_alive()?;
        ensure!(in_time, "a process was not ready {} s after its start", PATIENCE.as_secs());
        Ok(())
    }

    /// Waits for the moment. Says whether it came, and who is to be killed.
    async fn reach(&mut self, moment: &Moment, load: &Load) -> (bool, Victims) {
        match moment {
            Moment::StartUp(after) | Moment::AnyTime(after) => {
                self.clock.wait(*after).await;
                (true, self.some())
            }
            Moment::At { boundary, nth, .. } if boundary.phase == Phase::Notice => {
                // Whichever process sent it: all are killed.
                (hold_answer(load, boundary, *nth).await, Victims::All)
            }
            Moment::At { boundary, then, .. } => {
                let spot = match boundary.phase {
                    Phase::Arrival => Spot::Arrival,
                    Phase::Answer => Spot::Answer,
                    _ => Spot::Answered,
                };
                let path = format!("/platforms/{}/{}", boundary.role.id(), boundary.interface);
                let springs = self.fleet.relay().set_trap(path, spot);
                let Ok(Ok(process)) = tokio::time::timeout(REACH, springs).await else {
                    return (false, self.some());
                };
                self.clock.wait(*then).await;
                (true, Victims::One(process))
            }
        }
    }

    async fn kill(&mut self, victims: Victims) -> anyhow::Result<()> {
        self.pulse.killed();
        self.fleet.kill(victims).await
    }

    /// One process as a rule, sometimes all.
    fn some(&mut self) -> Victims {
        let addresses = self.fleet.addresses();
        let chosen = self.moments.random.random_range(0..=addresses.len());
        addresses.get(chosen).map_or(Victims::All, |address| Victims::One(*address))
    }

    /// Waits until every life has been led and the gateway has nothing left to do. What does not come to an end, or waits
    /// for something that nobody sends, is left to the ledger.
    async fn come_to_rest(&mut self, plot: &Plot, load: &mut Load) -> anyhow::Result<Vec<Finding>> {
        self.until_ready().await?;
        let store = gateway::connect_store(&plot.settings()?)?;
        let began = Instant::now();
        let (mut seen, mut quiet) = (0, began);
        loop {
            self.fleet.ensure_alive()?;
            let exchanges: u64 = load.stage.iter().map(|it| *it.actor.journal().watch().borrow()).sum();
            if exchanges != seen {
                (seen, quiet) = (exchanges, Instant::now());
            }
            let idle = is_idle(&store).await;
            if idle && load.busy() == 0 {
                return Ok(Vec::new());
            }
            if began.elapsed() > REST || idle && quiet.elapsed() > QUIET {
                let what = format!("{} lives were not led to their end", load.busy());
                return Ok(vec![Finding { breach: Breach::Unfinished, what }]);
            }
            self.clock.wait(LOOK_AGAIN).await;
        }
    }
}

/// The platform acts upon the `nth` call and keeps its answer back; `false` if there is no such call for too long.
async fn hold_answer(load: &Load, boundary: &Boundary, nth: u32) -> bool {
    let Some(OnStage { actor, .. }) = load.stage.iter().find(|it| it.role == boundary.role) else {
        return false;
    };
    let journal = actor.journal();
    let before = *journal.watch().borrow();
    actor.desk().faults.set(vec![Fault::on(&boundary.interface, Act::Late(NEVER)).nth(nth)]);
    let held = || {
        let since = journal.since(before);
        since.iter().any(|it| it.interface == boundary.interface && matches!(it.outcome, Outcome::Faulted(_)))
    };
    journal.wait_until(held, REACH).await
}

/// A campaign kills and leaves made-up guarantees behind: it wants a database of its own.
async fn refuse_used_database(plot: &Plot) -> anyhow::Result<()> {
    let settings = plot.settings()?;
    let store = gateway::connect_store(&settings)?;
    let filter = Filter {
        platforms: settings.platforms.keys().map(crate::domain::identity::PlatformId::new).collect(),
        limit: 1,
        ..Filter::default()
    };
    // Reading fails as long as there are no tables.
    if store.read(move |connection| guarantees::list(connection, &filter)).await.is_ok() {
        bail!("--store: expected an empty database, found tables of a gateway in it");
    }
    Ok(())
}

/// The programs that processes alternate between: this one, and another build of it.
///
/// # Errors
/// When the path of this one is not known, or there is no other one.
pub fn programs(beside: Option<PathBuf>) -> anyhow::Result<Vec<PathBuf>> {
    let mut programs = vec![std::env::current_exe().context("the path of this program")?];
    if let Some(other) = beside {
        let found = other.canonicalize().with_context(|| format!("--beside: `{}`", other.display()))?;
        programs.push(found);
    }
    Ok(programs)
}

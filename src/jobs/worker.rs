//! The worker: claims jobs, runs several at once, and stops without leaving any behind.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::attempt::Bench;
use super::breaker::BreakerOptions;
use super::breakers::Breakers;
use super::observer::Observer;
use super::suspicion::Turn;
use super::timekeeper::Timekeeper;
use super::verdict::{Handler, Outcome};
use crate::casework::Task;
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::store::jobs::{self, Claim, ClaimedJob, Compartment, JobId, Sort};
use crate::store::{Store, StoreError};
use crate::supervise;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerOptions {
    /// How much work of the house runs at the same time in this process: what takes a processor and the database.
    pub house_slots: u32,
    /// Of these, how many may be for one platform, so that one platform's opening leaves slots for the others.
    pub house_slots_per_platform: u32,
    /// How many calls of one platform run at the same time in this process. They wait for the platform and have no slots
    /// in common: a platform that hangs takes nothing from the others.
    pub calls_per_platform: u32,
    /// How long a job is safe from other workers after its worker was last heard of; renewed at a third of it.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub lease: Duration,
    /// How often to look for jobs that became due, or that another process enqueued. New jobs of this process are
    /// seen at once.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub poll: Duration,
    /// How long a stopping worker waits for running jobs before it hands them back.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub drain: Duration,
    /// A job is given up once so many attempts in a row ended without a word from their worker; at least 3.
    pub silent_deaths: u32,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            house_slots: 4,
            house_slots_per_platform: 3,
            calls_per_platform: 16,
            lease: Duration::from_secs(30),
            poll: Duration::from_millis(250),
            drain: Duration::from_secs(20),
            silent_deaths: 12,
        }
    }
}

/// Claims jobs and has a handler do them.
pub struct Worker {
    bench: Bench,
    options: WorkerOptions,
    /// Unlike any other worker's, also than this one's after a restart.
    owner: String,
    share: Share,
}

/// Which jobs a worker does. Two workers of one process, of which one does what the other leaves, keep out of each
/// other's slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Share {
    #[default]
    All,
    AllBut(PlatformId),
    /// None of these is in a hurry: new ones are found when it is time to look for jobs, and wake nobody.
    Only(PlatformId),
}

/// What a single step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// No job was due.
    Nothing,
    Ran {
        job: JobId,
        kind: String,
        outcome: Outcome,
    },
}

/// A worker in the background. It stops when this is dropped, too, but nobody waits for it then.
pub struct WorkerHandle {
    stop: watch::Sender<bool>,
    task: JoinHandle<Option<()>>,
}

impl WorkerHandle {
    /// Claims nothing more, lets running jobs finish, hands back those that don't finish in time, and returns.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // An end by panic was logged by the task's supervisor.
        drop(self.task.await);
    }
}

impl Worker {
    pub fn new(
        store: Store,
        handler: Arc<dyn Handler>,
        observer: Arc<dyn Observer>,
        options: WorkerOptions,
        clock: Clock,
    ) -> Self {
        let breakers = Breakers::new(BreakerOptions::default(), clock.clone());
        let (lease, silent_deaths) = (options.lease, options.silent_deaths);
        let bench = Bench { store, handler, observer, clock, lease, breakers, silent_deaths };
        Self { bench, options, owner: uuid::Uuid::now_v7().to_string(), share: Share::All }
    }

    /// The same worker for a part of the jobs.
    pub fn with_share(self, share: Share) -> Self {
        Self { share, ..self }
    }

    /// The same worker with other breakers than usual.
    pub fn with_breakers(mut self, options: BreakerOptions) -> Self {
        self.bench.breakers = Breakers::new(options, self.bench.clock.clone());
        self
    }

    /// Works in the background until the handle stops it.
    pub fn start(self) -> WorkerHandle {
        let (stop, stopping) = watch::channel(false);
        WorkerHandle { stop, task: supervise::spawn("job worker", async move { self.run(stopping).await }) }
    }

    /// Claims the most urgent job that is due and does it.
    ///
    /// # Errors
    /// When no job can be claimed.
    pub async fn step(&self) -> Result<Step, StoreError> {
        let claimed = self.claim(vec![Compartment::any(1)]).await?;
        let Some(job) = claimed.into_iter().next() else { return Ok(Step::Nothing) };
        let (id, kind, pass) = (job.id.clone(), job.kind.clone(), self.bench.breakers.begin(&job));
        let outcome = self.bench.attempt(job, pass).await;
        Ok(Step::Ran { job: id, kind, outcome })
    }

    async fn claim(&self, compartments: Vec<Compartment>) -> Result<Vec<ClaimedJob>, StoreError> {
        let (excluded, only) = match &self.share {
            Share::All => (Vec::new(), None),
            Share::AllBut(platform) => (vec![platform.clone()], None),
            Share::Only(platform) => (Vec::new(), Some(platform.clone())),
        };
        let turn = Turn::ask();
        let suspects = turn.suspects(self.options.silent_deaths);
        let (owner, lease, calls) = (self.owner.clone(), self.options.lease, Task::CALLS);
        let claim = Claim { owner, lease, excluded, only, calls, compartments, suspects: suspects.clone() };
        let claimed = self.bench.store.write(move |connection| jobs::claim(connection, &claim)).await?;
        turn.pass_on(&claimed, &suspects);
        Ok(claimed)
    }

    /// Where there is room now, given what runs here and how the platforms' breakers stand.
    fn compartments(&self, load: &Load) -> Vec<Compartment> {
        let judged = self.bench.breakers.judge();
        for (platform, state) in judged.changed {
            self.bench.observer.breaker_moved(&platform, state);
        }
        load.compartments(&self.options, &judged.room)
    }

    async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut running = FuturesUnordered::new();
        let mut load = Load::default();
        let _timekeeper = Timekeeper::start(&self.bench);
        while !*stopping.borrow() {
            // Listening begins before the claim, so that a job that is enqueued meanwhile is not missed.
            let enqueued = self.bench.store.work_is_ready().notified();
            let mut enqueued = pin!(enqueued);
            enqueued.as_mut().enable();
            let claimed = self.claim(self.compartments(&load)).await;
            let claimed = claimed.unwrap_or_else(|error| {
                self.bench.observer.claim_failed(&error);
                Vec::new()
            });
            for job in claimed {
                let berth = Berth::of(&job);
                load.add(&berth);
                let (bench, pass) = (self.bench.clone(), self.bench.breakers.begin(&job));
                let task = supervise::spawn("job", async move { bench.attempt(job, pass).await });
                running.push(Running { berth, task });
            }
            tokio::select! {
                () = &mut enqueued, if !matches!(self.share, Share::Only(_)) => {}
                () = self.bench.clock.wait(self.options.poll) => {}
                Some(berth) = running.next(), if !running.is_empty() => {
                    load.remove(&berth);
                    // Jobs often end together; one claim serves all their berths.
                    while let Some(Some(berth)) = running.next().now_or_never() {
                        load.remove(&berth);
                    }
                }
                // A handle that was dropped stops the worker too: nobody could stop it later.
                changed = stopping.changed() => if changed.is_err() { break },
            }
        }
        let finish = async { while running.next().await.is_some() {} };
        tokio::select! {
            () = finish => {}
            () = self.bench.clock.wait(self.options.drain) => {}
        }
        drop(running);
        let owner = self.owner.clone();
        let released = self.bench.store.write(move |connection| jobs::release(connection, &owner)).await;
        if let Err(error) = released {
            // Their leases run out by themselves.
            self.bench.observer.claim_failed(&error);
        }
    }
}

/// The room that a running job takes up.
#[derive(Clone)]
struct Berth {
    platform: PlatformId,
    is_call: bool,
}

impl Berth {
    fn of(job: &ClaimedJob) -> Self {
        Self { platform: job.platform.clone(), is_call: Task::CALLS.include(&job.kind, &job.lane) }
    }
}

/// A job that runs in the background; it stops when this is dropped. Yields the job's berth when it has ended.
struct Running {
    berth: Berth,
    task: JoinHandle<Option<Outcome>>,
}

impl Future for Running {
    type Output = Berth;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Berth> {
        let berth = self.berth.clone();
        Pin::new(&mut self.task).poll(context).map(|_| berth)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many jobs of each platform run here.
#[derive(Default)]
struct Load {
    house: BTreeMap<PlatformId, u32>,
    calls: BTreeMap<PlatformId, u32>,
}

impl Load {
    fn of(&mut self, berth: &Berth) -> &mut u32 {
        let counts = if berth.is_call { &mut self.calls } else { &mut self.house };
        counts.entry(berth.platform.clone()).or_default()
    }

    fn add(&mut self, berth: &Berth) {
        *self.of(berth) += 1;
    }

    fn remove(&mut self, berth: &Berth) {
        let count = self.of(berth);
        *count = count.saturating_sub(1);
    }

    /// The room that is left. `limited` has platforms of which fewer calls may begin.
    fn compartments(&self, options: &WorkerOptions, limited: &BTreeMap<PlatformId, u32>) -> Vec<Compartment> {
        let left = |each: u32, counts: &BTreeMap<PlatformId, u32>| -> BTreeMap<PlatformId, u32> {
            counts.iter().map(|(platform, count)| (platform.clone(), each.saturating_sub(*count))).collect()
        };
        let each = options.house_slots_per_platform.max(1);
        let total = options.house_slots.max(1).saturating_sub(self.house.values().sum());
        let house = Compartment { of: Sort::House, total, each, left: left(each, &self.house) };
        let each = options.calls_per_platform.max(1);
        let mut calls = Compartment { of: Sort::Calls, total: u32::MAX, each, left: left(each, &self.calls) };
        for (platform, room) in limited {
            let left = calls.left.entry(platform.clone()).or_insert(each);
            *left = (*left).min(*room);
        }
        vec![house, calls]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(counts: &[(&str, u32)]) -> BTreeMap<PlatformId, u32> {
        counts.iter().map(|(platform, count)| (PlatformId::new(*platform), *count)).collect()
    }

    #[test]
    fn calls_of_one_platform_take_room_from_no_other_and_none_from_the_house() {
        let options = WorkerOptions {
            house_slots: 4,
            house_slots_per_platform: 3,
            calls_per_platform: 2,
            ..Default::default()
        };
        let load = Load { house: counts(&[("a", 1), ("b", 1)]), calls: counts(&[("a", 2), ("b", 1)]) };
        let limited = counts(&[("b", 0), ("c", 1), ("d", 9)]);
        let [house, calls] = load.compartments(&options, &limited).try_into().unwrap();
        assert_eq!((house.of, house.total, house.each), (Sort::House, 2, 3));
        assert_eq!(house.left, counts(&[("a", 2), ("b", 2)]));
        assert_eq!((calls.of, calls.total, calls.each), (Sort::Calls, u32::MAX, 2));
        assert_eq!(calls.left, counts(&[("a", 0), ("b", 0), ("c", 1), ("d", 2)]));
    }
}

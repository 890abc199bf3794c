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
use super::observer::Observer;
use super::verdict::{Handler, Outcome};
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::store::jobs::{self, Claim, ClaimedJob, JobId};
use crate::store::{Store, StoreError};
use crate::supervise;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerOptions {
    /// Jobs that run at the same time in this process.
    pub slots: u32,
    /// Of these, how many may be for one platform, so that a slow platform leaves slots for the others.
    pub per_platform_limit: u32,
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
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            slots: 16,
            per_platform_limit: 12,
            lease: Duration::from_secs(30),
            poll: Duration::from_millis(250),
            drain: Duration::from_secs(20),
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
        let bench = Bench { store, handler, observer, clock, lease: options.lease };
        Self { bench, options, owner: uuid::Uuid::now_v7().to_string(), share: Share::All }
    }

    /// The same worker for a part of the jobs.
    pub fn with_share(self, share: Share) -> Self {
        Self { share, ..self }
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
        let claimed = self.claim(1, Vec::new()).await?;
        let Some(job) = claimed.into_iter().next() else { return Ok(Step::Nothing) };
        let (id, kind) = (job.id.clone(), job.kind.clone());
        let outcome = self.bench.attempt(job).await;
        Ok(Step::Ran { job: id, kind, outcome })
    }

    async fn claim(&self, limit: u32, mut excluded: Vec<PlatformId>) -> Result<Vec<ClaimedJob>, StoreError> {
        let only = match &self.share {
            Share::All => None,
            Share::AllBut(platform) => {
                excluded.push(platform.clone());
                None
            }
            Share::Only(platform) => Some(platform.clone()),
        };
        let claim = Claim { owner: self.owner.clone(), lease: self.options.lease, limit, excluded, only };
        self.bench.store.write(move |connection| jobs::claim(connection, &claim)).await
    }

    async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut running = FuturesUnordered::new();
        let mut load = Load::default();
        while !*stopping.borrow() {
            // Listening begins before the claim, so that a job that is enqueued meanwhile is not missed.
            let enqueued = self.bench.store.work_is_ready().notified();
            let mut enqueued = pin!(enqueued);
            enqueued.as_mut().enable();
            let (limit, excluded) = load.room(&self.options);
            let claimed = if limit == 0 { Ok(Vec::new()) } else { self.claim(limit, excluded).await };
            let claimed = claimed.unwrap_or_else(|error| {
                self.bench.observer.claim_failed(&error);
                Vec::new()
            });
            // A full claim means that there may be more.
            let more = limit > 0 && u32::try_from(claimed.len()).is_ok_and(|count| count == limit);
            for job in claimed {
                load.add(&job.platform);
                let (bench, platform) = (self.bench.clone(), job.platform.clone());
                let task = supervise::spawn("job", async move { bench.attempt(job).await });
                running.push(Running { platform, task });
            }
            if more {
                continue;
            }
            tokio::select! {
                () = &mut enqueued, if !matches!(self.share, Share::Only(_)) => {}
                () = self.bench.clock.wait(self.options.poll) => {}
                Some(platform) = running.next(), if !running.is_empty() => {
                    load.remove(&platform);
                    // Jobs often end together; one claim serves all their slots.
                    while let Some(Some(platform)) = running.next().now_or_never() {
                        load.remove(&platform);
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

/// A job that runs in the background; it stops when this is dropped. Yields the job's platform when it has ended.
struct Running {
    platform: PlatformId,
    task: JoinHandle<Option<Outcome>>,
}

impl Future for Running {
    type Output = PlatformId;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<PlatformId> {
        let platform = self.platform.clone();
        Pin::new(&mut self.task).poll(context).map(|_| platform)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many jobs of each platform run here.
#[derive(Default)]
struct Load(BTreeMap<PlatformId, u32>);

impl Load {
    fn add(&mut self, platform: &PlatformId) {
        *self.0.entry(platform.clone()).or_default() += 1;
    }

    fn remove(&mut self, platform: &PlatformId) {
        if let Some(count) = self.0.get_mut(platform) {
            *count = count.saturating_sub(1);
        }
    }

    /// How many jobs may be claimed at once, and of which platforms none. All of them may turn out to be for the
    /// platform that is nearest to its limit.
    fn room(&self, options: &WorkerOptions) -> (u32, Vec<PlatformId>) {
        let cap = options.per_platform_limit.max(1);
        let free = options.slots.max(1).saturating_sub(self.0.values().sum());
        let full = self.0.iter().filter(|(_, count)| **count >= cap);
        let excluded = full.map(|(platform, _)| platform.clone()).collect();
        let nearest = self.0.values().filter(|count| **count < cap).max();
        (free.min(cap - nearest.unwrap_or(&0)), excluded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(counts: &[(&str, u32)]) -> Load {
        Load(counts.iter().map(|(platform, count)| (PlatformId::new(*platform), *count)).collect())
    }

    #[test]
    fn a_claim_never_takes_a_platform_beyond_its_limit() {
        let options = WorkerOptions { slots: 10, per_platform_limit: 4, ..WorkerOptions::default() };
        assert_eq!(load(&[]).room(&options), (4, vec![]));
        assert_eq!(load(&[("a", 3)]).room(&options), (1, vec![]));
        assert_eq!(load(&[("a", 4)]).room(&options), (4, vec![PlatformId::new("a")]));
        assert_eq!(load(&[("a", 4), ("b", 4)]).room(&options).0, 2);
        assert_eq!(load(&[("a", 4), ("b", 4), ("c", 2)]).room(&options).0, 0);
    }
}

//! What a process does that works: its workers, and the rounds that it keeps going.

use std::sync::Arc;

use anyhow::Context;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::{Assembly, rounds};
use crate::casework::Task;
use crate::casework::callback::CORE_SYSTEM;
use crate::domain::identity::PlatformId;
use crate::jobs::breaker::State;
use crate::jobs::watch::Watch;
use crate::jobs::{Share, Worker, WorkerHandle, WorkerOptions};
use crate::settings::Settings;
use crate::store::jobs;

/// Workers and rounds at work.
pub(super) struct Workforce {
    workers: Vec<WorkerHandle>,
    rounds: JoinHandle<Option<()>>,
}

impl Workforce {
    /// # Errors
    /// When the database fails.
    pub(super) async fn start(assembly: &Assembly, settings: &Settings) -> anyhow::Result<Self> {
        let rounds = rounds::keep_going(assembly).await?;
        if let Some(core_system) = &assembly.desk.core_system {
            let waiting =
                assembly.store.read(|connection| jobs::unanswered(connection, Task::CALLBACK)).await;
            core_system.learn(waiting.context("store.url: the callbacks can't be counted")?);
        }
        Ok(Self { workers: workers(assembly, settings), rounds })
    }

    /// Claims nothing more, and returns when running jobs have ended or were handed back.
    pub(super) async fn stop(self) {
        self.rounds.abort();
        join_all(self.workers.into_iter().map(WorkerHandle::stop)).await;
    }
}

/// Callbacks have a worker of their own: however long the core system takes for each, no slot of other work waits for it.
fn workers(assembly: &Assembly, settings: &Settings) -> Vec<WorkerHandle> {
    for platform in assembly.platforms.iter() {
        assembly.metrics.set_breaker(platform.profile.id().as_str(), State::Closed.gauge());
    }
    let breakers = &settings.jobs.breaker;
    let start = |options: WorkerOptions, share: Share| {
        let watch = Arc::new(Watch(assembly.metrics.clone()));
        let (store, desk, clock) = (assembly.store.for_jobs(), assembly.desk.clone(), assembly.clock.clone());
        let worker = Worker::new(store, desk, watch, options, clock).with_breakers(breakers.clone());
        worker.with_share(share).start()
    };
    let options = settings.jobs.worker.clone();
    if assembly.desk.core_system.is_none() {
        return vec![start(options, Share::All)];
    }
    let (core, at_once) = (PlatformId::new(CORE_SYSTEM), settings.callbacks.at_once);
    let callbacks = WorkerOptions { calls_per_platform: at_once, ..options.clone() };
    vec![start(options, Share::AllBut(core.clone())), start(callbacks, Share::Only(core))]
}

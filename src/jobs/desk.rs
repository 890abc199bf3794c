//! Where a claimed job meets the room that does its work.

use std::sync::Arc;

use anyhow::Context;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::callback::CoreSystem;
use super::letters::LetterMaker;
use super::options::{JobOptions, RoundOptions};
use super::reach::Reach;
use super::schedule::Schedule;
use super::verdict::{Handler, Verdict};
use super::{alarm, consult, evidence, notify, remind, rounds, upload};
use crate::alarms::Herald;
use crate::casework::{Platform, Platforms, Task, callback, task};
use crate::clock::Clock;
use crate::delivery::evidence::EvidenceClient;
use crate::delivery::upload::Uploader;
use crate::domain::Guarantee;
use crate::downloads::Links;
use crate::store::jobs::{self, Cause, ClaimedJob};
use crate::store::{Connection, Store, StoreError, guarantees};
use crate::telemetry::Metrics;

/// So often a job that can't be read is left for later: while replicas are upgraded one after the other it may be one of a
/// newer version, which reads it. By the usual schedule that is most of an hour.
const READINGS: u32 = 8;

/// Everything that jobs work with.
pub struct Desk {
    pub store: Store,
    pub platforms: Platforms,
    pub clock: Clock,
    pub metrics: Metrics,
    pub letters: Arc<LetterMaker>,
    pub uploader: Uploader,
    /// Makes the links under which platforms fetch letters.
    pub links: Links,
    pub options: JobOptions,
    pub rounds: RoundOptions,
    /// Where callbacks go, if anywhere.
    pub core_system: Option<CoreSystem>,
    /// Tells people of alarms.
    pub herald: Herald,
    /// Fetches what claims name.
    pub evidence: EvidenceClient,
    /// Which platforms answer.
    pub reach: Reach,
}

/// A job with what it is about.
pub(super) struct Assignment {
    /// As it was when the job began; a change meanwhile is for the next one.
    pub(super) platform: Arc<Platform>,
    pub(super) guarantee: Guarantee,
}

impl Handler for Desk {
    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Verdict> {
        async move {
            // What went wrong inside is worth another attempt: the next may find a database or a disk again.
            let failed = |error| Verdict::retry(Cause::Failed, format!("{error:#}"));
            let verdict = Box::pin(self.work(job)).await.unwrap_or_else(failed);
            self.reach.look_at(job, &verdict).await;
            verdict
        }
        .boxed()
    }

    fn schedule(&self, job: &ClaimedJob) -> &Schedule {
        match &self.core_system {
            Some(core) if job.kind == Task::CALLBACK => &core.schedule,
            _ => self.options.schedule(job),
        }
    }

    /// A notice that the platform rejects for ever is no reason that nobody tries the restoration. Otherwise the order
    /// within a guarantee stands.
    fn steps_aside(&self, connection: &mut Connection, job: &ClaimedJob) -> Result<bool, StoreError> {
        if !task::is_urgent(job.created_at, job.deadline) || job.payload::<Task>()?.is_of_opening() {
            return Ok(false);
        }
        let behind: Vec<Task> = jobs::waiting_behind(connection, &job.fence)?;
        Ok(behind.iter().any(Task::is_of_opening))
    }

    fn buried(&self, connection: &mut Connection, job: &ClaimedJob, cause: Cause) -> Result<(), StoreError> {
        callback::tell_of_dead_job(connection, self.platforms.callbacks(), job, cause, self.clock.now())
    }
}

impl Desk {
    async fn work(&self, job: &ClaimedJob) -> anyhow::Result<Verdict> {
        let task: Task = match job.payload() {
            Ok(task) => task,
            Err(error) if job.tries < READINGS => {
                return Ok(Verdict::retry(Cause::Unreadable, error.to_string()));
            }
            Err(error) => return Ok(Verdict::dead(Cause::Unreadable, error.to_string())),
        };
        match task {
            Task::Consult { question } | Task::ConsultLater { question } => {
                consult::run(self, self.assignment(job).await?, question).await
            }
            Task::Remind { question } => remind::run(self, self.assignment(job).await?, job, question).await,
            Task::MakeLetter { letter } => self.letters.run(self, self.assignment(job).await?, letter).await,
            Task::Upload { letter } => upload::run(self, self.assignment(job).await?, letter).await,
            Task::Notify { notice, encloses } => {
                notify::run(self, self.assignment(job).await?, *notice, encloses).await
            }
            Task::Callback { id } => super::callback::run(self, id).await,
            Task::Alarm { channel, alarm: id, news } => alarm::run(self, job, &channel, id, news).await,
            Task::Evidence { id } => evidence::run(self, id).await,
            Task::Round { round } => rounds::run(self, &job.platform, round).await,
        }
    }

    async fn assignment(&self, job: &ClaimedJob) -> anyhow::Result<Assignment> {
        let id = job.lane.guarantee().context("the job is in no guarantee's lane")?;
        let stored = self.store.read(move |c| guarantees::find(c, &id)).await?;
        let guarantee = stored.with_context(|| format!("guarantee {} is not stored", job.lane))?.guarantee;
        Ok(Assignment { platform: self.platforms.of(&guarantee.platform)?, guarantee })
    }
}

//! Metrics that are states, not events: read from the database every few seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::pauses::PauseWatch;
use super::{Assembly, Certificates, Disks};
use crate::casework::{Platforms, Task, restoration, task};
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::store::jobs::JobState;
use crate::store::pauses::{self, Pause};
use crate::store::{Store, StoreError, guarantees, jobs, messages, reach, reconciliations};
use crate::supervise;
use crate::telemetry::{JobCount, Metrics};

const EVERY: Duration = Duration::from_secs(5);

/// Only the most urgent are looked at.
const MOST_UNDELIVERED: u32 = 1000;

/// Keeps the gauges current until the task is aborted.
pub(super) fn keep_current(assembly: &Assembly) -> JoinHandle<Option<()>> {
    let (store, metrics, clock) = (assembly.store.clone(), assembly.metrics.clone(), assembly.clock.clone());
    let (platforms, desk) = (assembly.platforms.clone(), assembly.desk.clone());
    let (certificates, disks) = (assembly.certificates.clone(), assembly.disks.clone());
    supervise::spawn("gauges", async move {
        let mut watch = PauseWatch::default();
        loop {
            let seen = async {
                let seen = refresh(&store, &platforms, &metrics, &clock).await?;
                desk.reach.learn(&seen.lost);
                watch.look(&seen.paused, &seen.openings, &store, &metrics).await
            };
            if let Err(error) = seen.await {
                tracing::warn!(%error, "gauges could not be read");
            }
            show_machine(&certificates, &disks, &metrics);
            clock.wait(EVERY).await;
        }
    })
}

/// What others than gauges are told.
struct Seen {
    /// The platforms that can't be reached.
    lost: Vec<(PlatformId, Timestamp)>,
    /// Pauses that are open.
    paused: Vec<Pause>,
    /// How many plaintext letters are due to each platform.
    openings: BTreeMap<PlatformId, usize>,
}

async fn refresh(
    store: &Store,
    platforms: &Platforms,
    metrics: &Metrics,
    clock: &Clock,
) -> Result<Seen, StoreError> {
    let known: Vec<PlatformId> = platforms.iter().map(|platform| platform.profile.id().clone()).collect();
    let asked = known.clone();
    let (jobs, stages, undelivered, lost, paused, differences, last_pushes) = store
        .read(move |connection| {
            let last_push = |platform: &PlatformId| messages::last_push(connection, platform);
            let last_pushes: Result<Vec<_>, StoreError> = asked.iter().map(last_push).collect();
            Ok((
                jobs::counts(connection)?,
                guarantees::counts(connection)?,
                guarantees::undelivered_restorations(connection, MOST_UNDELIVERED)?,
                reach::unreachable(connection)?,
                pauses::open(connection)?,
                reconciliations::open_differences(connection)?,
                last_pushes?,
            ))
        })
        .await?;
    let now = clock.now();
    let age = |since: Timestamp| Duration::try_from(now.duration_since(since)).unwrap_or_default();
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let counts: Vec<JobCount> = jobs
        .iter()
        .map(|it| JobCount {
            kind: it.kind.clone(),
            state: it.state.name().to_owned(),
            count: count(it.count),
        })
        .collect();
    metrics.set_jobs(&counts);
    // A core system that is away says nothing of the work for platforms, and neither does a channel of alarms.
    let waiting = jobs.iter().filter(|it| it.state == JobState::Ready && it.kind != Task::ALARM);
    let (callbacks, others): (Vec<_>, Vec<_>) = waiting.partition(|it| it.kind == Task::CALLBACK);
    metrics.set_oldest_callback(callbacks.iter().map(|it| age(it.oldest)).max().unwrap_or_default());
    let ready = others.into_iter().map(task::ready_since).min();
    metrics.set_oldest_ready_job(ready.map(age).unwrap_or_default());
    metrics.set_guarantees(
        stages.iter().map(|(platform, stage, it)| (platform.as_str(), stage.name(), count(*it))),
    );
    metrics.set_reconcile_differences(
        differences.iter().map(|(platform, kind, it)| (platform.as_str(), kind.name(), count(*it))),
    );
    // The most urgent comes first, so that the first of a platform is its oldest.
    let (mut oldest, mut openings) = (BTreeMap::new(), BTreeMap::new());
    for summary in &undelivered {
        let platform = platforms.find(&summary.platform);
        let minutes = platform.map_or(0, |platform| platform.profile.restoration_minutes());
        *openings.entry(summary.platform.clone()).or_default() += 1;
        let since = restoration::awaited_since(summary, minutes);
        oldest.entry(summary.platform.as_str()).or_insert(age(since));
    }
    metrics.set_oldest_undelivered_restorations(oldest);
    metrics.set_unreachable(lost.iter().map(|(platform, since)| (platform.as_str(), age(*since))));
    let is_paused = |platform: &PlatformId| paused.iter().any(|pause| pause.platform == *platform);
    metrics.set_paused(known.iter().map(|platform| (platform.as_str(), is_paused(platform))));
    let last_pushes = last_pushes.iter().map(|at| at.map_or(0, Timestamp::as_second));
    metrics.set_last_pushes(known.iter().map(PlatformId::as_str).zip(last_pushes));
    Ok(Seen { lost, paused, openings })
}

/// What the database does not know.
fn show_machine(certificates: &Certificates, disks: &Disks, metrics: &Metrics) {
    for (name, end) in certificates.ends() {
        metrics.set_certificate_expiry(name, end.as_second());
    }
    for (name, room) in disks.rooms() {
        metrics.set_disk(name, room.free, room.size);
    }
}

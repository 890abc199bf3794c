//! Metrics that are states, not events: read from the database every few seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::pauses::PauseWatch;
use super::{Assembly, Certificates, Disks};
use crate::casework::{Platforms, Task};
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::store::guarantees::Summary;
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
    // A core system that is away says nothing of the work for platforms.
    let (callbacks, others): (Vec<_>, Vec<_>) =
        jobs.iter().filter(|it| it.state == JobState::Ready).partition(|it| it.kind == Task::CALLBACK);
    metrics.set_oldest_callback(callbacks.iter().map(|it| age(it.oldest)).max().unwrap_or_default());
    let ready = others.into_iter().map(ready_since).min();
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
        oldest.entry(summary.platform.as_str()).or_insert(age(awaited_since(summary, minutes)));
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

/// When the key came: so many minutes before the deadline. What else was changed since on the guarantee says nothing
/// of how long its letter has been waited for.
fn awaited_since(summary: &Summary, minutes: u32) -> Timestamp {
    let allowed = SignedDuration::from_mins(i64::from(minutes));
    let since = summary.deadline.and_then(|deadline| deadline.checked_sub(allowed).ok());
    since.unwrap_or(summary.updated_at)
}

/// Since when jobs of a kind could have been done.
fn ready_since(jobs: &jobs::Count) -> Timestamp {
    let waits = Task::waits_for_its_time(&jobs.kind);
    if waits { jobs.first_due } else { jobs.oldest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Stage;
    use crate::domain::decision::Question;
    use crate::domain::identity::{ApplicationNumber, GuaranteeId};
    use crate::domain::money::Fen;

    #[test]
    fn what_waits_for_its_hour_is_not_taken_for_what_is_not_getting_done() {
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let (oldest, first_due) = (instant("2026-11-21T12:00:00Z"), instant("2026-11-22T00:30:00Z"));
        let count = |kind: &str| jobs::Count {
            platform: PlatformId::new("hainan"),
            kind: kind.to_owned(),
            state: JobState::Ready,
            count: 1,
            oldest,
            first_due,
        };
        let question = Question::Underwriting;
        for (task, since) in [
            (Task::Consult { question }, oldest),
            (Task::ConsultLater { question }, first_due),
            (Task::Remind { question }, first_due),
        ] {
            assert_eq!(ready_since(&count(task.kind())), since, "{}", task.kind());
        }
        assert_eq!(ready_since(&count(Task::ROUND)), first_due);
    }

    #[test]
    fn a_restoration_is_awaited_since_its_key_came_whatever_happened_to_the_guarantee_since() {
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let summary = Summary {
            id: GuaranteeId::new("g1"),
            platform: PlatformId::new("hainan"),
            application: ApplicationNumber::new("A1"),
            number: None,
            stage: Stage::Restored,
            version: 9,
            awaits: Vec::new(),
            applicant_name: String::new(),
            applicant_code: String::new(),
            amount: Fen::new(1).unwrap(),
            // As the platform writes it, which may be any time.
            opened_at: Some(instant("2001-01-01T00:00:00Z")),
            deadline: Some(instant("2026-11-22T01:35:00Z")),
            received_at: instant("2026-11-01T00:00:00Z"),
            updated_at: instant("2026-11-22T06:00:00Z"),
            issued_at: None,
            expires_at: None,
        };
        assert_eq!(awaited_since(&summary, 5), instant("2026-11-22T01:30:00Z"));
    }
}

//! Metrics that are states, not events: read from the database every few seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::Assembly;
use crate::clock::Clock;
use crate::store::jobs::JobState;
use crate::store::{Store, StoreError, guarantees, jobs};
use crate::supervise;
use crate::telemetry::{JobCount, Metrics};

const EVERY: Duration = Duration::from_secs(5);

/// Only the most urgent are looked at.
const MOST_UNDELIVERED: u32 = 1000;

/// Keeps the gauges current until the task is aborted.
pub(super) fn keep_current(assembly: &Assembly) -> JoinHandle<Option<()>> {
    let (store, metrics, clock) = (assembly.store.clone(), assembly.metrics.clone(), assembly.clock.clone());
    supervise::spawn("gauges", async move {
        loop {
            if let Err(error) = refresh(&store, &metrics, &clock).await {
                tracing::warn!(%error, "gauges could not be read");
            }
            clock.wait(EVERY).await;
        }
    })
}

async fn refresh(store: &Store, metrics: &Metrics, clock: &Clock) -> Result<(), StoreError> {
    let (jobs, stages, undelivered) = store
        .read(|connection| {
            Ok((
                jobs::counts(connection)?,
                guarantees::counts(connection)?,
                guarantees::undelivered_restorations(connection, MOST_UNDELIVERED)?,
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
    let ready = jobs.iter().filter(|it| it.state == JobState::Ready).map(|it| it.oldest).min();
    metrics.set_oldest_ready_job(ready.map(age).unwrap_or_default());
    metrics.set_guarantees(
        stages.iter().map(|(platform, stage, it)| (platform.as_str(), stage.name(), count(*it))),
    );
    // The most urgent comes first, so that the first of a platform is its oldest.
    let mut oldest = BTreeMap::new();
    for summary in &undelivered {
        oldest.entry(summary.platform.as_str()).or_insert(age(summary.updated_at));
    }
    metrics.set_oldest_undelivered_restorations(oldest);
    Ok(())
}

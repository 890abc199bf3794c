//! Looks every few seconds whether the archive can be used, in every process: each may see another network.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::Assembly;
use crate::supervise;

const EVERY: Duration = Duration::from_secs(5);

/// Looks until the task is aborted.
pub(super) fn keep_looking(assembly: &Assembly) -> JoinHandle<Option<()>> {
    let (archive, metrics, clock) =
        (assembly.archive.clone(), assembly.metrics.clone(), assembly.clock.clone());
    supervise::spawn("archive watch", async move {
        loop {
            archive.look().await;
            let outage = archive.outage().map(|(since, _)| since);
            metrics.set_archive_unavailable(outage.unwrap_or_default());
            clock.wait(EVERY).await;
        }
    })
}

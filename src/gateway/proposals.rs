//! Ends proposals on which nobody has decided in time, so that lists say so even where nobody looks.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::Assembly;
use crate::store::{StoreError, proposals};
use crate::supervise;

const EVERY: Duration = Duration::from_secs(60);

/// Looks until the task is aborted.
pub(super) fn keep_expiring(assembly: &Assembly) -> JoinHandle<Option<()>> {
    let (store, clock) = (assembly.store.for_jobs(), assembly.clock.clone());
    supervise::spawn("expiry of proposals", async move {
        loop {
            let now = clock.now();
            let ended = async {
                // Most of the time there is nothing to write.
                if store.read(move |connection| proposals::overdue(connection, now, 1)).await?.is_empty() {
                    return Ok(0);
                }
                store.write(move |connection| crate::proposals::expire_old(connection, now)).await
            };
            match ended.await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "proposals have expired on which nobody decided"),
                // Another replica was faster.
                Err(StoreError::Conflict) => {}
                Err(error) => tracing::warn!(%error, "proposals could not be looked at"),
            }
            clock.wait(EVERY).await;
        }
    })
}

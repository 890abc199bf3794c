//! Takes over keys that somebody made or destroyed, before they come into use.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::Assembly;
use crate::store::StoreError;
use crate::supervise;

/// How often a process looks; `keyring.activation` leaves room for several looks.
const EVERY: Duration = Duration::from_secs(1);

/// Looks until the task is aborted.
pub(super) fn keep_looking(assembly: &Assembly) -> JoinHandle<Option<()>> {
    let (store, clock) = (assembly.store.for_jobs(), assembly.clock.clone());
    let metrics = assembly.metrics.clone();
    supervise::spawn("keys", async move {
        let (mut known, mut is_behind) = (0, false);
        loop {
            match store.follow_keys(known, clock.now()).await {
                Ok(None) => is_behind = false,
                Ok(Some(generation)) => {
                    if known > 0 {
                        tracing::info!(generation, "keys were changed, and the present ones are in use here");
                    }
                    (known, is_behind) = (generation, false);
                }
                Err(error @ (StoreError::Busy(_) | StoreError::Unavailable(_))) => {
                    tracing::warn!(%error, "keys could not be looked at");
                }
                Err(error) if !is_behind => {
                    is_behind = true;
                    metrics.alarm("keys-not-taken-over");
                    tracing::error!(
                        %error,
                        "changed keys can't be taken over; this process goes on with those it has: \
                         start it again with the master key that wraps them now"
                    );
                }
                Err(_) => {}
            }
            clock.wait(EVERY).await;
        }
    })
}

//! Takes over keys that somebody made or destroyed, before they come into use; and destroys restoration keys that nobody needs
//! any longer.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinHandle;

use super::Assembly;
use crate::settings::KeyringOptions;
use crate::store::audit::{self, Actor, Entry};
use crate::store::{Store, StoreError, keys};
use crate::supervise;
use crate::telemetry::Metrics;

/// How often a process looks; `keyring.activation` leaves room for several looks.
const EVERY: Duration = Duration::from_secs(1);

/// How often restoration keys are looked for whose time is over.
const CLEARING_EVERY: Duration = Duration::from_secs(60);

/// Restoration keys that one transaction destroys.
const BATCH: i64 = 100;

/// Looks until the task is aborted.
pub(super) fn keep_looking(assembly: &Assembly, options: &KeyringOptions) -> JoinHandle<Option<()>> {
    let (store, clock) = (assembly.store.for_jobs(), assembly.clock.clone());
    let mut follower =
        Follower { store: store.clone(), metrics: assembly.metrics.clone(), known: 0, is_behind: false };
    let keep = options.restoration_keys();
    supervise::spawn("keys", async move {
        let mut cleared = None;
        loop {
            let now = clock.now();
            follower.look(now).await;
            let is_due = cleared.is_none_or(|at| now.duration_since(at).unsigned_abs() >= CLEARING_EVERY);
            if let (Some(keep), true) = (keep, is_due) {
                match clear(&store, keep, now).await {
                    Ok(0) => cleared = Some(now),
                    Ok(count) => tracing::info!(count, "restoration keys of ended guarantees are destroyed"),
                    Err(error) if error.lost_a_race() => {}
                    Err(error) => {
                        cleared = Some(now);
                        tracing::warn!(%error, "restoration keys of ended guarantees can't be destroyed");
                    }
                }
            }
            clock.wait(EVERY).await;
        }
    })
}

struct Follower {
    store: Store,
    metrics: Metrics,
    /// The generation that is in use here; 0 before the first look.
    known: i64,
    is_behind: bool,
}

impl Follower {
    async fn look(&mut self, now: Timestamp) {
        match self.store.follow_keys(self.known, now).await {
            Ok(None) => self.is_behind = false,
            Ok(Some(generation)) => {
                if self.known > 0 {
                    tracing::info!(generation, "keys were changed, and the present ones are in use here");
                }
                (self.known, self.is_behind) = (generation, false);
            }
            Err(error) if error.is_passing() => tracing::warn!(%error, "keys could not be looked at"),
            Err(error) if !self.is_behind => {
                self.is_behind = true;
                self.metrics.alarm("keys-not-taken-over");
                tracing::error!(
                    %error,
                    "changed keys can't be taken over; this process goes on with those it has: start it again \
                     with the master key that wraps them now"
                );
            }
            Err(_) => {}
        }
    }
}

/// Destroys what is due, and says so in the audit trail; yields how many.
async fn clear(store: &Store, keep: Duration, now: Timestamp) -> Result<usize, StoreError> {
    let before = now.saturating_sub(keep).unwrap_or(Timestamp::MIN);
    // Most of the time there is nothing to write.
    if store.read(move |connection| keys::of_ended(connection, before, 1)).await?.is_empty() {
        return Ok(0);
    }
    let destroyed = store.write(move |connection| {
        let destroyed = keys::destroy_of_ended(connection, before, BATCH)?;
        if !destroyed.is_empty() {
            let guarantees: Vec<&str> = destroyed.iter().map(|id| id.as_str()).collect();
            let entry = Entry {
                actor: Actor::House,
                address: None,
                action: "key.restoration-destroyed",
                subject: ("key", "restoration".to_owned()),
                detail: json!({ "guarantees": guarantees }),
                before: None,
                after: None,
            };
            audit::append(connection, &entry, now)?;
        }
        Ok(destroyed.len())
    });
    destroyed.await
}

//! Sees to it that every platform's rounds go on.

use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinHandle;

use super::Assembly;
use crate::jobs::rounds::{self, Sowing};
use crate::supervise;

/// How often to look for a round that was given up. Its end has raised an alarm already.
const EVERY: Duration = Duration::from_secs(60);

/// Sows the rounds that are missing, and goes on to look for missing ones until the task is aborted.
///
/// # Errors
/// When the first rounds can't be enqueued.
pub(super) async fn keep_going(assembly: &Assembly) -> anyhow::Result<JoinHandle<Option<()>>> {
    let (store, clock) = (assembly.store.clone(), assembly.clock.clone());
    let (platforms, options) = (assembly.platforms.clone(), assembly.desk.rounds.clone());
    let sow = async move |sowing| {
        let (platforms, options, at) = (platforms.clone(), options.clone(), clock.now());
        store.write(move |connection| rounds::sow(connection, &platforms, &options, sowing, at)).await
    };
    sow(Sowing::AtOnce).await.context("store.url: the rounds can't be enqueued")?;
    let clock = assembly.clock.clone();
    Ok(supervise::spawn("rounds", async move {
        loop {
            clock.wait(EVERY).await;
            match sow(Sowing::InTime).await {
                Ok(0) => {}
                Ok(sown) => tracing::warn!(sown, "rounds had ended and are begun anew"),
                Err(error) => tracing::warn!(%error, "rounds could not be looked at"),
            }
        }
    }))
}

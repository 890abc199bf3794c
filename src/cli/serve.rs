//! `baohan serve`: the gateway itself.

use clap::Args as ClapArgs;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::settings::Settings;
use crate::telemetry;

/// Run the gateway until it is told to stop (SIGTERM or Ctrl-C). The database is brought up to date first.
#[derive(ClapArgs)]
pub struct Args {}

pub async fn run(_: Args, settings: Settings, clock: Clock) -> anyhow::Result<()> {
    telemetry::start(&settings.telemetry)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let gateway = Gateway::start(settings, clock).await?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    gateway.stop().await;
    Ok(())
}

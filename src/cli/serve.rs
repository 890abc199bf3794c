//! `baohan serve`: the gateway itself.

mod traces;

use std::time::Duration;

use anyhow::bail;
use clap::Args as ClapArgs;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::process::Exposed;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::settings::{Role, Settings};

/// Run the gateway until it is told to stop (SIGTERM or Ctrl-C). The database is brought up to date first.
#[derive(ClapArgs)]
pub struct Args {
    /// What this process does, whatever the setting `server.role` says
    #[arg(long, value_enum)]
    role: Option<Role>,
}

/// # Errors
/// When the gateway can't be started, or did not stop in order: it took too long, or was told twice.
pub async fn run(args: Args, mut settings: Settings, clock: Clock) -> anyhow::Result<()> {
    let traces = traces::start(&settings.telemetry)?;
    if let Some(role) = args.role {
        settings.server.role = role;
    }
    for exposed in Exposed::of(&settings) {
        tracing::warn!("{exposed}");
    }
    let mut signals =
        Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
    let longest = Gateway::longest_stop(&settings);
    let gateway = tokio::select! {
        started = Gateway::start(settings, clock.clone()) => started?,
        () = signals.next() => return Ok(()),
    };
    signals.next().await;
    let ended = stop(gateway, &mut signals, longest, &clock).await;
    traces.stop().await;
    ended
}

async fn stop(
    gateway: Gateway,
    signals: &mut Signals,
    longest: Duration,
    clock: &Clock,
) -> anyhow::Result<()> {
    let unfinished = "jobs that were running are taken over when their leases run out";
    tokio::select! {
        () = gateway.stop() => Ok(()),
        () = signals.next() => bail!("told to stop a second time, so it ends at once; {unfinished}"),
        () = clock.wait(longest) => bail!("the stop took longer than {}s; {unfinished}", longest.as_secs()),
    }
}

/// What tells a process to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) {
        let name = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "told to stop");
    }
}

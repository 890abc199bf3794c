//! The gateway put together: everything that the settings name is opened and checked, then listeners and workers start.

mod alarms;
mod archive_watch;
mod assembly;
mod audit_watch;
mod certificates;
mod console;
mod core_system;
mod disks;
mod drain;
mod gauges;
mod key_watch;
mod listener;
mod pauses;
mod platforms;
mod proposals;
mod push_listener;
mod readiness;
mod rounds;
mod signer;
mod workforce;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::Context;
use futures_util::future::{join, join3};
use tokio::task::JoinHandle;

pub use alarms::herald;
pub use assembly::{
    Assembly, client, connect_store, identity_client, keyring, open_store, press, reconciler,
};
pub use certificates::Certificates;
pub use core_system::core_system_tls;
pub use disks::{Disks, Room};
pub use platforms::{overlay, platforms};
pub use push_listener::push_tls;
pub use signer::sealer;

use self::console::ConsoleListener;
use self::core_system::CoreSystemListener;
use self::push_listener::PushListener;
use self::workforce::Workforce;
use crate::clock::Clock;
use crate::settings::Settings;
use crate::supervise;
use crate::telemetry::{Health, serve_metrics};

/// A gateway at work: all of one, or the part that its [`Role`](crate::settings::Role) names.
pub struct Gateway {
    pub assembly: Assembly,
    /// Where platforms push to, and fetch documents from.
    pub address: SocketAddr,
    pub metrics_address: SocketAddr,
    health: Health,
    drain_announce: Duration,
    push_listener: PushListener,
    core_system: Option<CoreSystemListener>,
    console: Option<ConsoleListener>,
    metrics_server: ServerHandle,
    gauges: JoinHandle<Option<()>>,
    workforce: Option<Workforce>,
    archive_watch: JoinHandle<Option<()>>,
    alarms: JoinHandle<Option<()>>,
    proposals: JoinHandle<Option<()>>,
    audit_watch: JoinHandle<Option<()>>,
    changes: JoinHandle<Option<()>>,
    key_watch: JoinHandle<Option<()>>,
}

impl Gateway {
    /// Starts on the address that the settings name.
    ///
    /// # Errors
    /// When a setting, key, template, font, database or address can't be used; the error says which and why.
    pub async fn start(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let listener = listener::bind("server", settings.server.listen)?;
        Self::start_on(listener, settings, clock).await
    }

    /// Starts on a listener that is already bound.
    ///
    /// # Errors
    /// As [`Gateway::start`].
    pub async fn start_on(listener: TcpListener, settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let assembly = Assembly::build(&settings, clock).await?;
        let tls = core_system_tls(&settings.api)?;
        let role = settings.server.role;
        let workforce = if role.works() { Some(Workforce::start(&assembly, &settings).await?) } else { None };
        let health = Health::new(role.name(), readiness::checks(&assembly, &settings));
        let push_listener = PushListener::start(listener, &settings, &assembly, &health)?;
        let core_system = match role.answers() {
            true => CoreSystemListener::start(&settings, &assembly, &health, tls)?,
            false => None,
        };
        let console = match role.answers() {
            true => ConsoleListener::start(&settings, &assembly, &health)?,
            false => None,
        };
        let metrics_listen = settings.telemetry.metrics_listen;
        let (metrics_server, metrics_address) = serve_metrics(metrics_listen, assembly.metrics.clone())
            .with_context(|| format!("telemetry.metrics_listen: can't listen on {metrics_listen}"))?;
        let metrics_handle = metrics_server.handle();
        drop(supervise::spawn("metrics listener", metrics_server));
        // Whoever only answers shows them too: where nobody works any more, somebody has to show what is not getting done.
        let gauges = gauges::keep_current(&assembly);
        let archive_watch = archive_watch::keep_looking(&assembly);
        let alarms = alarms::keep_looking(&assembly, &settings)?;
        let proposals = proposals::keep_expiring(&assembly);
        let audit_watch = audit_watch::keep_watch(&assembly, &settings.audit);
        let changes = supervise::spawn("changes", assembly.changes.follow());
        let key_watch = key_watch::keep_looking(&assembly, &settings.keyring);
        let (address, platforms) = (push_listener.address, assembly.platforms.iter().count());
        tracing::info!(role = role.name(), %address, %metrics_address, platforms, "gateway is up");
        Ok(Self {
            assembly,
            address,
            metrics_address,
            health,
            drain_announce: settings.server.drain_announce,
            push_listener,
            core_system,
            console,
            metrics_server: metrics_handle,
            gauges,
            workforce,
            archive_watch,
            alarms,
            proposals,
            audit_watch,
            changes,
            key_watch,
        })
    }

    /// Where the core system calls, if anywhere.
    pub fn core_system_address(&self) -> Option<SocketAddr> {
        self.core_system.as_ref().map(|listener| listener.address)
    }

    /// Where browsers reach the console, if anywhere.
    pub fn console_address(&self) -> Option<SocketAddr> {
        self.console.as_ref().map(|listener| listener.address)
    }

    /// Stops without losing anything. At once it is not ready any more and claims no jobs; it goes on to answer for as long
    /// as the settings announce it, then closes its listeners and answers what has come in. Beside that, running jobs are
    /// finished or handed back. Jobs that come of the last pushes are left to other replicas, or to the next start.
    pub async fn stop(self) {
        self.health.drain();
        tracing::info!(announced = ?self.drain_announce, "gateway is draining");
        let listeners = async {
            if !self.drain_announce.is_zero() {
                self.assembly.clock.wait(self.drain_announce).await;
            }
            let core_system = async {
                if let Some(listener) = self.core_system {
                    listener.stop().await;
                }
            };
            let console = async {
                if let Some(listener) = self.console {
                    listener.stop().await;
                }
            };
            join3(core_system, console, self.push_listener.stop()).await;
        };
        let workforce = async {
            if let Some(workforce) = self.workforce {
                workforce.stop().await;
            }
        };
        join(listeners, workforce).await;
        self.gauges.abort();
        self.archive_watch.abort();
        self.alarms.abort();
        self.proposals.abort();
        self.audit_watch.abort();
        self.changes.abort();
        self.key_watch.abort();
        self.metrics_server.stop(false).await;
        tracing::info!("gateway is down");
    }

    /// How long [`Gateway::stop`] takes at most with these settings.
    pub fn longest_stop(settings: &Settings) -> Duration {
        drain::longest(settings)
    }
}

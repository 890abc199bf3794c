//! The gateway put together: everything that the settings name is opened and checked, then listeners and workers start.

mod assembly;
mod core_system;
mod gauges;
mod readiness;
mod rounds;
mod signer;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

pub use assembly::{Assembly, connect_store, keyring, open_store, platforms, press, reconciler};
pub use core_system::core_system_tls;
pub use signer::sealer;

use self::core_system::CoreSystemListener;
use crate::casework::callback::CORE_SYSTEM;
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::downloads;
use crate::intake::http::{self, Limits};
use crate::jobs::watch::Watch;
use crate::jobs::{Share, Worker, WorkerHandle, WorkerOptions};
use crate::settings::Settings;
use crate::supervise;
use crate::telemetry::{Health, serve_metrics, trace};

/// A push is a small message: a stranger who sends headers slowly is cut off after this.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// A gateway at work.
pub struct Gateway {
    pub assembly: Assembly,
    /// Where platforms push to, and fetch documents from.
    pub address: SocketAddr,
    pub metrics_address: SocketAddr,
    core_system: Option<CoreSystemListener>,
    server: ServerHandle,
    metrics_server: ServerHandle,
    workers: Vec<WorkerHandle>,
    gauges: JoinHandle<Option<()>>,
    rounds: JoinHandle<Option<()>>,
}

impl Gateway {
    /// Starts on the address that the settings name.
    ///
    /// # Errors
    /// When a setting, key, template, font, database or address can't be used; the error says which and why.
    pub async fn start(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let listen = settings.server.listen;
        let listener =
            TcpListener::bind(listen).with_context(|| format!("server.listen: can't listen on {listen}"))?;
        Self::start_on(listener, settings, clock).await
    }

    /// Starts on a listener that is already bound.
    ///
    /// # Errors
    /// As [`Gateway::start`].
    pub async fn start_on(listener: TcpListener, settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let assembly = Assembly::build(&settings, clock).await?;
        let tls = core_system_tls(&settings.api)?;
        let rounds = rounds::keep_going(&assembly).await?;
        let workers = workers(&assembly, &settings);
        let limits = Limits {
            body_bytes: settings.server.body_bytes,
            body_time: Duration::from_secs(settings.server.body_seconds),
        };
        let (intake, files) = (assembly.intake(), assembly.downloads());
        let health = Health::new(readiness::checks(&assembly, &settings));
        let server = HttpServer::new(move || {
            let (intake, files, health) = (intake.clone(), files.clone(), health.clone());
            App::new()
                .wrap(from_fn(trace))
                .configure(|config| http::configure(config, intake, limits))
                .configure(|config| downloads::http::configure(config, files))
                .configure(|config| health.configure(config))
                .default_service(web::to(http::no_such_route))
        })
        .client_request_timeout(HEADER_TIME)
        .shutdown_timeout(settings.server.drain_seconds)
        .disable_signals()
        .listen(listener)
        .context("server.listen: the listener can't be used")?;
        let address = *server.addrs().first().context("the server listens nowhere")?;
        let server = server.run();
        let handle = server.handle();
        drop(supervise::spawn("push listener", server));
        let core_system = CoreSystemListener::start(&settings, &assembly, tls)?;
        let metrics_listen = settings.telemetry.metrics_listen;
        let (metrics_server, metrics_address) = serve_metrics(metrics_listen, assembly.metrics.clone())
            .with_context(|| format!("telemetry.metrics_listen: can't listen on {metrics_listen}"))?;
        let metrics_handle = metrics_server.handle();
        drop(supervise::spawn("metrics listener", metrics_server));
        let gauges = gauges::keep_current(&assembly);
        tracing::info!(%address, %metrics_address, platforms = assembly.platforms.iter().count(), "gateway is up");
        Ok(Self {
            assembly,
            address,
            metrics_address,
            core_system,
            server: handle,
            metrics_server: metrics_handle,
            workers,
            gauges,
            rounds,
        })
    }

    /// Where the core system calls, if anywhere.
    pub fn core_system_address(&self) -> Option<SocketAddr> {
        self.core_system.as_ref().map(|listener| listener.address)
    }

    /// Stops in order: no more pushes and calls, then no more jobs; running ones are finished or released.
    pub async fn stop(self) {
        if let Some(core_system) = self.core_system {
            core_system.stop().await;
        }
        self.server.stop(true).await;
        self.rounds.abort();
        join_all(self.workers.into_iter().map(WorkerHandle::stop)).await;
        self.gauges.abort();
        self.metrics_server.stop(false).await;
        tracing::info!("gateway is down");
    }
}

/// Callbacks have a worker of their own: however long the core system takes for each, no slot of other work waits for it.
fn workers(assembly: &Assembly, settings: &Settings) -> Vec<WorkerHandle> {
    let start = |options: WorkerOptions, share: Share| {
        let watch = Arc::new(Watch(assembly.metrics.clone()));
        let (store, desk, clock) = (assembly.store.clone(), assembly.desk.clone(), assembly.clock.clone());
        Worker::new(store, desk, watch, options, clock).with_share(share).start()
    };
    let options = settings.jobs.worker.clone();
    if assembly.desk.core_system.is_none() {
        return vec![start(options, Share::All)];
    }
    let (core, at_once) = (PlatformId::new(CORE_SYSTEM), settings.callbacks.at_once);
    let callbacks = WorkerOptions { slots: at_once, per_platform_limit: at_once, ..options.clone() };
    vec![start(options, Share::AllBut(core.clone())), start(callbacks, Share::Only(core))]
}

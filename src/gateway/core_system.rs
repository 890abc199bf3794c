//! The listener that the institution's core system calls.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use anyhow::{Context, anyhow};
use tokio::task::JoinHandle;

use super::Assembly;
use super::drain::{self, last_answer};
use crate::api::options::TlsOptions;
use crate::api::{self, Api, ApiOptions};
use crate::crypto::tls::{self, ServerConfig, ServerFiles};
use crate::institution::redirects::Redirects;
use crate::settings::Settings;
use crate::supervise;
use crate::telemetry::{Health, trace};

/// Whoever sends headers slowly is cut off after this.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// Per thread of the server: one core system keeps a few connections open, and strangers should not reach us at all.
const MOST_CONNECTIONS: usize = 1024;

/// A listener at work.
pub(super) struct CoreSystemListener {
    pub(super) address: SocketAddr,
    server: ServerHandle,
    housekeeping: JoinHandle<Option<()>>,
}

impl CoreSystemListener {
    /// Starts where the settings name an address.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub(super) fn start(
        settings: &Settings,
        assembly: &Assembly,
        health: &Health,
        tls: Option<ServerConfig>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(listen) = settings.api.listen else { return Ok(None) };
        let listener =
            TcpListener::bind(listen).with_context(|| format!("api.listen: can't listen on {listen}"))?;
        let api = Api {
            store: assembly.store.clone(),
            archive: assembly.archive.clone(),
            platforms: assembly.platforms.clone(),
            clock: assembly.clock.clone(),
            metrics: assembly.metrics.clone(),
            limits: api::Limits::new(&settings.api),
            options: Arc::new(settings.api.clone()),
            redirects: Redirects::new(&settings.redirects)?.map(Arc::new),
            reconciler: Arc::new(assembly.reconciler.clone()),
        };
        let encrypted = tls.is_some();
        let (server, address) = serve(listener, tls, api.clone(), health, settings.server.drain_seconds)?;
        let handle = server.handle();
        drop(supervise::spawn("core system's listener", server));
        let housekeeping = supervise::spawn("old answers to the core system", api::answers::forget_old(api));
        tracing::info!(%address, tls = encrypted, "the core system's interface is up");
        if settings.api.is_exposed() {
            tracing::warn!(%address, "{}", api::options::EXPOSED);
        }
        Ok(Some(Self { address, server: handle, housekeeping }))
    }

    pub(super) async fn stop(self) {
        self.housekeeping.abort();
        self.server.stop(true).await;
    }
}

/// TLS of the core system's listener, if the settings have it.
///
/// # Errors
/// Names the setting whose file can't be used, and why.
pub fn core_system_tls(options: &ApiOptions) -> anyhow::Result<Option<ServerConfig>> {
    let Some(TlsOptions { certificate, key, client_ca }) = options.tls.clone() else { return Ok(None) };
    let config = tls::server_config(ServerFiles { certificate, key, client_ca });
    config.map(Some).map_err(|error| anyhow!("api.tls.{error}"))
}

fn serve(
    listener: TcpListener,
    tls: Option<ServerConfig>,
    api: Api,
    health: &Health,
    drain_seconds: u64,
) -> anyhow::Result<(Server, SocketAddr)> {
    let health = health.clone();
    let server = HttpServer::new(move || {
        let api = api.clone();
        App::new()
            .app_data(drain::shared(&health))
            .wrap(from_fn(last_answer))
            .wrap(from_fn(trace))
            .configure(|config| api::configure(config, api))
    })
    .client_request_timeout(HEADER_TIME)
    .max_connections(MOST_CONNECTIONS)
    .shutdown_timeout(drain_seconds)
    .disable_signals();
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls),
        None => server.listen(listener),
    };
    let server = server.context("api.listen: the listener can't be used")?;
    let address = *server.addrs().first().context("the core system's listener listens nowhere")?;
    Ok((server.run(), address))
}

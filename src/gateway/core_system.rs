//! The listener that the institution's core system calls.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use anyhow::Context;
use tokio::task::JoinHandle;

use super::Assembly;
use super::drain::{self, last_answer};
use super::listener::{HEADER_TIME, Running, bind, listener_tls, run};
use crate::api::{self, Api, ApiOptions};
use crate::crypto::tls::{ServerConfig, Uncertified};
use crate::institution::redirects::Redirects;
use crate::settings::Settings;
use crate::supervise;
use crate::telemetry::{Health, trace};

/// Per thread of the server: one core system keeps a few connections open, and strangers should not reach us at all.
const MOST_CONNECTIONS: usize = 1024;

/// A listener at work.
pub(super) struct CoreSystemListener {
    pub(super) address: SocketAddr,
    server: Running,
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
        let listener = bind("api", listen)?;
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
        let (health, served) = (health.clone(), api.clone());
        let server = HttpServer::new(move || {
            let api = served.clone();
            App::new()
                .app_data(drain::shared(&health))
                .wrap(from_fn(last_answer))
                .wrap(from_fn(trace))
                .configure(|config| api::configure(config, api))
        })
        .client_request_timeout(HEADER_TIME)
        .max_connections(MOST_CONNECTIONS)
        .shutdown_timeout(settings.server.drain_seconds)
        .disable_signals();
        let server = run!("core system's listener", "api", server, listener, tls);
        let address = server.address;
        let housekeeping = supervise::spawn("old answers to the core system", api::answers::forget_old(api));
        tracing::info!(%address, tls = encrypted, "the core system's interface is up");
        if settings.api.is_exposed() {
            tracing::warn!(%address, "{}", api::options::EXPOSED);
        }
        Ok(Some(Self { address, server, housekeeping }))
    }

    pub(super) async fn stop(self) {
        self.housekeeping.abort();
        self.server.stop().await;
    }
}

/// TLS of the core system's listener, if the settings have it. Where there are authorities, it is for callers that show a
/// certificate.
///
/// # Errors
/// Names the setting whose file can't be used, and why.
pub fn core_system_tls(options: &ApiOptions) -> anyhow::Result<Option<ServerConfig>> {
    listener_tls("api", options.tls.as_ref(), Uncertified::Refused)
}

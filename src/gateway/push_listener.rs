//! The listener that platforms reach: pushes, documents and health pages; of a worker, the health pages alone.

use std::net::{SocketAddr, TcpListener};

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer, web};
use anyhow::{Context, ensure};
use tokio::task::JoinHandle;

use super::Assembly;
use super::drain::{self, last_answer};
use super::listener::{HEADER_TIME, Running, listener_tls, run};
use crate::crypto::tls::{ServerConfig, Uncertified};
use crate::downloads;
use crate::edge::{Connections, OPEN, guard};
use crate::intake::http::{self, Limits};
use crate::intake::replays;
use crate::settings::Settings;
use crate::supervise;
use crate::telemetry::{Health, trace};

/// A listener at work.
pub(super) struct PushListener {
    pub(super) address: SocketAddr,
    server: Running,
    housekeeping: JoinHandle<Option<()>>,
}

impl PushListener {
    /// # Errors
    /// When the listener, or a file of TLS, can't be used.
    pub(super) fn start(
        listener: TcpListener,
        settings: &Settings,
        assembly: &Assembly,
        health: &Health,
    ) -> anyhow::Result<Self> {
        let tls = push_tls(settings)?;
        let options = &settings.server;
        let limits = Limits::new(options.body_bytes, options.body_seconds, &options.limits);
        let answers = options.role.answers();
        if answers {
            warn(settings);
        }
        let (intake, files, health) = (assembly.intake(), assembly.downloads(), health.clone());
        let (edge, metrics) = (assembly.edge.clone(), assembly.metrics.clone());
        let connections = Connections::new(
            options.limits.connections_per_address,
            options.proxies.clone(),
            assembly.metrics.clone(),
        );
        let housekeeping = supervise::spawn("old marks of messages", replays::forget_old(intake.clone()));
        let server = HttpServer::new(move || {
            let (intake, files, health) = (intake.clone(), files.clone(), health.clone());
            let app = App::new()
                .app_data(drain::shared(&health))
                .app_data(Data::new(edge.clone()))
                .app_data(Data::new(metrics.clone()))
                .wrap(from_fn(guard))
                .wrap(from_fn(last_answer))
                .wrap(from_fn(trace))
                .configure(|config| health.configure(config))
                .default_service(web::to(http::no_such_route));
            match answers {
                true => app
                    .configure(|config| http::configure(config, intake, limits))
                    .configure(|config| downloads::http::configure(config, files)),
                false => app,
            }
        })
        .on_connect(move |stream, data| connections.opened(stream, data))
        .client_request_timeout(HEADER_TIME)
        .tls_handshake_timeout(HEADER_TIME)
        .keep_alive(options.limits.keep_alive)
        .max_connections(options.limits.connections)
        .shutdown_timeout(options.drain_seconds)
        .disable_signals();
        let server = run!("push listener", "server", server, listener, tls);
        Ok(Self { address: server.address, server, housekeeping })
    }

    /// Takes no more connections, and returns when those there are have been answered, or had their time.
    pub(super) async fn stop(self) {
        self.housekeeping.abort();
        self.server.stop().await;
    }
}

/// TLS of the platforms' listener, if the settings have it. Certificates are asked for where there are authorities, and each
/// platform's section says whether it has to show one: others on the same listener may have none.
///
/// # Errors
/// Names the setting whose file can't be used, and why; or the platform whose certificates nobody could verify.
pub fn push_tls(settings: &Settings) -> anyhow::Result<Option<ServerConfig>> {
    let options = settings.server.tls.as_ref();
    let verifies = options.is_some_and(|options| options.client_ca.is_some());
    for (id, section) in &settings.platforms {
        ensure!(
            verifies || section.edge.client_certificates.is_empty(),
            "platforms.{id}.edge.client_certificates: expected server.tls.client_ca, which verifies them; found none"
        );
    }
    listener_tls("server", options, Uncertified::Admitted)
}

/// What is worth a second thought is said at each start.
fn warn(settings: &Settings) {
    for (platform, section) in &settings.platforms {
        if section.edge.allow.is_empty() {
            tracing::warn!(platform, "platforms.{platform}.edge.allow is empty: {OPEN}");
        }
    }
}

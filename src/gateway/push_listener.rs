//! The listener that platforms reach: pushes, documents and health pages; of a worker, the health pages alone.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use anyhow::Context;

use super::Assembly;
use super::drain::{self, last_answer};
use crate::downloads;
use crate::intake::http::{self, Limits};
use crate::settings::Settings;
use crate::supervise;
use crate::telemetry::{Health, trace};

/// A push is a small message: a stranger who sends headers slowly is cut off after this.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// A listener at work.
pub(super) struct PushListener {
    pub(super) address: SocketAddr,
    server: ServerHandle,
}

impl PushListener {
    /// # Errors
    /// When the listener can't be used.
    pub(super) fn start(
        listener: TcpListener,
        settings: &Settings,
        assembly: &Assembly,
        health: &Health,
    ) -> anyhow::Result<Self> {
        let limits = Limits {
            body_bytes: settings.server.body_bytes,
            body_time: Duration::from_secs(settings.server.body_seconds),
        };
        let answers = settings.server.role.answers();
        let (intake, files, health) = (assembly.intake(), assembly.downloads(), health.clone());
        let server = HttpServer::new(move || {
            let (intake, files, health) = (intake.clone(), files.clone(), health.clone());
            let app = App::new()
                .app_data(drain::shared(&health))
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
        .client_request_timeout(HEADER_TIME)
        .shutdown_timeout(settings.server.drain_seconds)
        .disable_signals()
        .listen(listener)
        .context("server.listen: the listener can't be used")?;
        let address = *server.addrs().first().context("the server listens nowhere")?;
        let server = server.run();
        let handle = server.handle();
        drop(supervise::spawn("push listener", server));
        Ok(Self { address, server: handle })
    }

    /// Takes no more connections, and returns when those there are have been answered, or had their time.
    pub(super) async fn stop(self) {
        self.server.stop(true).await;
    }
}

//! The listener that browsers of the institution's people call.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::PayloadConfig;
use actix_web::{App, HttpServer};
use anyhow::Context;

use super::drain::{self, last_answer};
use super::listener::{HEADER_TIME, Running, bind, listener_tls, run};
use super::{Assembly, identity_client};
use crate::access::Access;
use crate::console::{self, Console, Letters};
use crate::crypto::tls::Uncertified;
use crate::proposals::Bench;
use crate::settings::Settings;
use crate::telemetry::{Health, trace};

/// Pages are for tens of people.
const THREADS: usize = 2;

/// A listener at work.
pub(super) struct ConsoleListener {
    pub(super) address: SocketAddr,
    server: Running,
}

impl ConsoleListener {
    /// Starts where the settings name an address.
    ///
    /// # Errors
    /// When the address can't be listened on, or a file of TLS can't be used.
    pub(super) fn start(
        settings: &Settings,
        assembly: &Assembly,
        health: &Health,
    ) -> anyhow::Result<Option<Self>> {
        let options = &settings.console;
        let Some(listen) = options.listen else { return Ok(None) };
        let tls = listener_tls("console", options.tls.as_ref(), Uncertified::Refused)?;
        let listener = bind("console", listen)?;
        let access = access(settings, assembly)?;
        let console = Console {
            access,
            store: assembly.store.clone(),
            archive: assembly.archive.clone(),
            platforms: assembly.platforms.clone(),
            clock: assembly.clock.clone(),
            metrics: assembly.metrics.clone(),
            options: Arc::new(options.clone()),
            desk: Arc::clone(&assembly.desk),
            letters: Letters::new(Arc::clone(&assembly.trust)),
            reconciler: Arc::new(assembly.reconciler.clone()),
            proposals: Bench {
                platforms: assembly.platforms.clone(),
                options: settings.proposals.clone(),
                changes: Arc::clone(&assembly.changes),
            },
            changes: Arc::clone(&assembly.changes),
            audit: Arc::new(settings.audit.clone()),
            institution: settings.institution.name.as_str().into(),
            section_names: Arc::default(),
        };
        let (health, most) = (health.clone(), options.body_bytes);
        let server = HttpServer::new(move || {
            let console = console.clone();
            App::new()
                .app_data(drain::shared(&health))
                .app_data(PayloadConfig::new(most))
                .wrap(from_fn(last_answer))
                .wrap(from_fn(trace))
                .configure(|config| console::configure(config, console))
        })
        .workers(THREADS)
        .client_request_timeout(HEADER_TIME)
        .shutdown_timeout(settings.server.drain_seconds)
        .disable_signals();
        let encrypted = tls.is_some();
        let server = run!("console's listener", "console", server, listener, tls);
        let address = server.address;
        tracing::info!(%address, tls = encrypted, "the console is up");
        if options.is_exposed() {
            tracing::warn!(%address, "{}", console::options::EXPOSED);
        }
        Ok(Some(Self { address, server }))
    }

    pub(super) async fn stop(self) {
        self.server.stop().await;
    }
}

/// What signs people in.
fn access(settings: &Settings, assembly: &Assembly) -> anyhow::Result<Access> {
    Access::new(
        &settings.access,
        assembly.store.clone(),
        assembly.clock.clone(),
        identity_client(settings)?,
        settings.console.public_url.as_deref(),
        &settings.institution.name,
    )
}

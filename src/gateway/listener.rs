//! What all listeners have in common: TLS by the settings, an address, a server that runs and can be stopped.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use anyhow::{Context, anyhow};

use crate::crypto::tls::{self, ServerConfig, Uncertified};
use crate::edge::TlsOptions;
use crate::supervise;

/// Whoever sends headers slowly, or takes as long to shake hands, is cut off after this.
pub(super) const HEADER_TIME: Duration = Duration::from_secs(5);

/// A server at work.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    server: ServerHandle,
}

impl Running {
    /// Runs a server that listens in one place.
    pub(super) fn spawn(name: &'static str, address: SocketAddr, server: Server) -> Self {
        let handle = server.handle();
        drop(supervise::spawn(name, server));
        Self { address, server: handle }
    }

    /// Takes no more connections, and returns when those there are have been answered, or had their time.
    pub(super) async fn stop(self) {
        self.server.stop(true).await;
    }
}

/// Has an `HttpServer` listen, with TLS or without, and run; yields a [`Running`]. A macro, since the types of servers have
/// no names outside of their crate.
macro_rules! run {
    ($name:literal, $section:literal, $server:expr, $listener:expr, $tls:expr) => {{
        let server = match $tls {
            Some(tls) => $server.listen_rustls_0_23($listener, tls),
            None => $server.listen($listener),
        };
        let server = server.context(concat!($section, ".listen: the listener can't be used"))?;
        let address = *server.addrs().first().context(concat!("the ", $name, " listens nowhere"))?;
        $crate::gateway::listener::Running::spawn($name, address, server.run())
    }};
}
pub(super) use run;

/// Takes the address that `SECTION.listen` names.
///
/// # Errors
/// When it can't be had.
pub(super) fn bind(section: &str, listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).with_context(|| format!("{section}.listen: can't listen on {listen}"))
}

/// What `[SECTION.tls]` names, read, if it is there.
///
/// # Errors
/// Names the setting whose file can't be used, and why.
pub fn listener_tls(
    section: &str,
    options: Option<&TlsOptions>,
    uncertified: Uncertified,
) -> anyhow::Result<Option<ServerConfig>> {
    let config = options.map(|options| tls::server_config(options.files(), uncertified));
    config.transpose().map_err(|error| anyhow!("{section}.tls.{error}"))
}

//! A simulated platform together with the server that it listens on.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use super::play::Play;
use super::server::Server;

/// A running platform; clones share it. Everything that can be asked of it or done by it is on the platform `P`.
pub struct Running<P> {
    platform: Arc<P>,
    server: Server,
}

impl<P> Clone for Running<P> {
    fn clone(&self) -> Self {
        Self { platform: Arc::clone(&self.platform), server: self.server.clone() }
    }
}

impl<P> Deref for Running<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.platform
    }
}

impl<P: Play> Running<P> {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn begin(platform: P, listen: SocketAddr) -> anyhow::Result<Self> {
        let platform = Arc::new(platform);
        let server = Server::start(Arc::clone(&platform), listen)?;
        Ok(Self { platform, server })
    }

    /// What the institution's calls are addressed to, without the interface:
    /// `http://127.0.0.1:49152/rest/gbsapi`.
    pub fn url(&self) -> String {
        format!("{}{}", self.control_url(), P::PATH)
    }

    /// The root of the platform's server, under which the control endpoints are.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Stops listening; requests that are being answered have a second to end.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

//! What stands before several gateways: each new connection goes to the next one.

use std::net::SocketAddr;

use actix_web::rt::net::{TcpListener, TcpStream};
use anyhow::Context;
use tokio::task::JoinHandle;

use crate::supervise;

pub(super) struct Front(JoinHandle<Option<()>>);

impl Front {
    /// # Errors
    /// When the address can't be listened on.
    pub(super) async fn start(address: SocketAddr, gateways: Vec<SocketAddr>) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?;
        Ok(Self(supervise::spawn("front of the gateways", async move {
            for gateway in gateways.iter().copied().cycle() {
                let Ok((mut outside, _)) = listener.accept().await else { return };
                drop(supervise::spawn("connection to a gateway", async move {
                    let mut inside = TcpStream::connect(gateway).await?;
                    outside.set_nodelay(true)?;
                    inside.set_nodelay(true)?;
                    tokio::io::copy_bidirectional(&mut outside, &mut inside).await
                }));
            }
        })))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! A platform whose every call hangs: connections are taken, nothing is ever said.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::rt::net::TcpListener;
use anyhow::Context;
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;

use crate::supervise;

/// What a caller sends is read, so that it waits for the answer.
const PART: usize = 16 << 10;

pub(super) struct SilentPlatform {
    pub(super) address: SocketAddr,
    calls: Arc<AtomicU64>,
    task: JoinHandle<Option<()>>,
}

impl SilentPlatform {
    /// # Errors
    /// When there is no free port.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port on loopback")?;
        let (address, calls) = (listener.local_addr()?, Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&calls);
        let task = supervise::spawn("silent platform", async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                // Until the caller loses its patience.
                drop(supervise::spawn("silent connection", async move {
                    let mut part = vec![0; PART];
                    while matches!(stream.read(&mut part).await, Ok(1..)) {}
                }));
            }
        });
        Ok(Self { address, calls, task })
    }

    /// Calls that were left without an answer so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Drop for SilentPlatform {
    fn drop(&mut self) {
        self.task.abort();
    }
}

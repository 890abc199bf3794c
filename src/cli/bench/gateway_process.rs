//! A gateway in a process of its own: this very program, told to serve.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::process_usage::ProcessUsage;
use crate::clock::Clock;

/// An unoptimised program takes some seconds to start.
const TO_START: Duration = Duration::from_secs(60);
/// Longer than the gateway's own wait for what runs.
const TO_STOP: Duration = Duration::from_secs(40);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A process that ends with this value.
pub(super) struct GatewayProcess {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl GatewayProcess {
    /// Starts one that listens on `address` and keeps its log in a file.
    ///
    /// # Errors
    /// When the program can't be run again, or the log can't be written.
    pub(super) fn start(settings: &[PathBuf], address: SocketAddr, log: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's own file")?;
        let file = File::create_new(log).with_context(|| format!("log `{}`", log.display()))?;
        let mut command = Command::new(program);
        command.arg("serve").env("BAOHAN__SERVER__LISTEN", address.to_string());
        for file in settings {
            command.arg("--settings").arg(file);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let child = command.spawn().context("the gateway's process")?;
        Ok(Self { child, address, log: log.to_owned() })
    }

    /// Returns when the gateway says that it is ready.
    ///
    /// # Errors
    /// When it ends instead, or takes too long.
    pub(super) async fn ready(&mut self, clock: &Clock) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !is_ready(self.address).await {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended at its start ({status}): {log}");
            }
            if begun.elapsed() > TO_START {
                bail!("the gateway was not ready within {} s: {log}", TO_START.as_secs());
            }
            clock.wait(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    pub(super) fn usage(&self) -> Option<ProcessUsage> {
        ProcessUsage::of(self.child.id())
    }

    /// Tells it to stop, as an operator would, and waits until it has; `true` if it ended well.
    ///
    /// # Errors
    /// When it can't be told, or does not end.
    pub(super) async fn stop(mut self, clock: &Clock) -> anyhow::Result<bool> {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM)?;
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            if begun.elapsed() > TO_STOP {
                bail!("the gateway did not stop within {} s", TO_STOP.as_secs());
            }
            clock.wait(BETWEEN_LOOKS).await;
        }
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An address on loopback that was free just now.
///
/// # Errors
/// When there is none.
pub(super) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on loopback")?;
    Ok(listener.local_addr()?)
}

async fn is_ready(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    asked.await.is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
}

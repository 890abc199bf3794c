//! The real processes: `serve`, started, admitted to the relay once they are ready, and killed.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::relay::Relay;
use crate::clock::Clock;
use crate::supervise;

/// Between two questions whether a process is ready.
const ASK_AGAIN: Duration = Duration::from_millis(5);

/// How much of a log is shown where a process ended by itself.
const LAST_LINES: usize = 20;

/// Which processes are killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victims {
    All,
    /// The one that listens there.
    One(SocketAddr),
}

/// All processes of a campaign. They are killed when it is dropped.
pub struct Fleet {
    /// Processes alternate between these programs.
    programs: Vec<PathBuf>,
    berths: Vec<Berth>,
    relay: Relay,
    clock: Clock,
    starts: usize,
}

/// Where one process runs, again and again.
struct Berth {
    address: SocketAddr,
    process: Option<Process>,
}

struct Process {
    child: Child,
    log: PathBuf,
    herald: JoinHandle<Option<()>>,
}

impl Fleet {
    pub fn new(programs: Vec<PathBuf>, addresses: Vec<SocketAddr>, relay: Relay, clock: Clock) -> Self {
        let berths = addresses.into_iter().map(|address| Berth { address, process: None }).collect();
        Self { programs, berths, relay, clock, starts: 0 }
    }

    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.berths.iter().map(|berth| berth.address).collect()
    }

    /// Starts what does not run, with these settings; logs go to the folder.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn launch(&mut self, files: &[PathBuf], folder: &Path) -> anyhow::Result<()> {
        for berth in self.berths.iter_mut().filter(|berth| berth.process.is_none()) {
            let index = self.starts.checked_rem(self.programs.len()).unwrap_or(0);
            let program = self.programs.get(index).context("no program to start")?;
            self.starts += 1;
            let child = start(program, files, folder, berth.address)?;
            let (admit, address, clock) = (self.relay.admit(), berth.address, self.clock.clone());
            let herald = supervise::spawn("herald of a process", async move {
                while !is_ready(address).await {
                    clock.wait(ASK_AGAIN).await;
                }
                admit(address);
            });
            berth.process = Some(Process { child, log: log_of(folder, address), herald });
        }
        Ok(())
    }

    /// SIGKILL, which no process can do anything about. Returns once they are gone.
    ///
    /// # Errors
    /// When a process can't be killed or waited for, or had ended by itself.
    pub async fn kill(&mut self, victims: Victims) -> anyhow::Result<()> {
        for berth in &mut self.berths {
            if let Victims::One(address) = victims
                && address != berth.address
            {
                continue;
            }
            let Some(mut process) = berth.process.take() else { continue };
            process.ensure_alive()?;
            process.child.kill().context("killing a process")?;
            process.herald.abort();
            self.relay.dismiss(berth.address);
            let reaped = tokio::task::spawn_blocking(move || process.child.wait()).await;
            reaped
                .context("waiting for a killed process panicked")?
                .context("waiting for a killed process")?;
        }
        Ok(())
    }

    /// # Errors
    /// When a process has ended by itself, with the end of its log.
    pub fn ensure_alive(&mut self) -> anyhow::Result<()> {
        let mut processes = self.berths.iter_mut().filter_map(|berth| berth.process.as_mut());
        processes.try_for_each(Process::ensure_alive)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in self.berths.iter_mut().filter_map(|berth| berth.process.as_mut()) {
            process.herald.abort();
            // Both fail only where it has ended already.
            drop(process.child.kill());
            drop(process.child.wait());
        }
    }
}

impl Process {
    fn ensure_alive(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(LAST_LINES).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        bail!("a process ended by itself: {status}; the end of its log:\n{}", lines.join("\n"))
    }
}

fn log_of(folder: &Path, address: SocketAddr) -> PathBuf {
    folder.join(format!("gateway-{}.log", address.port()))
}

fn start(program: &Path, files: &[PathBuf], folder: &Path, address: SocketAddr) -> anyhow::Result<Child> {
    let own = folder.join(format!("process-{}.toml", address.port()));
    std::fs::write(&own, format!("[server]\nlisten = \"{address}\"\n"))?;
    let mut log = OpenOptions::new().create(true).append(true).open(log_of(folder, address))?;
    writeln!(log, "start of {}", program.display())?;
    let mut command = Command::new(program);
    for file in files.iter().chain([&own]) {
        command.arg("--settings").arg(file);
    }
    command.arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().with_context(|| format!("can't start `{}`", program.display()))
}

/// Asks `/readyz`. While a process starts, its port takes the question and answers it later.
async fn is_ready(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    ask.await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

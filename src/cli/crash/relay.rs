//! What stands between platforms and processes, as a load balancer does: it passes connections on to processes that are
//! ready. It sees each push on its way, so that a process can be killed exactly between the commit and its answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::supervise;

const PIECE: usize = 64 << 10;

/// Where a push is when its trap springs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The process has it.
    Arrival,
    /// It has been carried out, and the platform never sees its answer.
    Answer,
    /// The platform has its answer.
    Answered,
}

/// Springs once, at the first push to a path.
struct Trap {
    path: String,
    spot: Spot,
    sprung: oneshot::Sender<SocketAddr>,
}

struct Shared {
    ready: watch::Sender<Vec<SocketAddr>>,
    next: AtomicUsize,
    trap: Mutex<Option<Trap>>,
}

/// A listening relay. It ends when it is dropped.
pub struct Relay {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<Option<()>>,
}

impl Relay {
    /// Begins to listen on loopback.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port on loopback")?;
        let address = listener.local_addr()?;
        let (next, trap) = (AtomicUsize::new(0), Mutex::default());
        let shared = Arc::new(Shared { ready: watch::Sender::new(Vec::new()), next, trap });
        let task = supervise::spawn("relay", accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// Pushes go to this process too, from now on.
    pub fn admit(&self) -> impl Fn(SocketAddr) + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move |address| shared.ready.send_modify(|ready| ready.push(address))
    }

    /// No push goes to this process any more.
    pub fn dismiss(&self, address: SocketAddr) {
        self.shared.ready.send_modify(|ready| ready.retain(|known| *known != address));
    }

    /// The processes that take pushes.
    pub fn ready(&self) -> watch::Receiver<Vec<SocketAddr>> {
        self.shared.ready.subscribe()
    }

    /// Sets a trap for the next push to a path, in the place of one that has not sprung. What it yields is the process
    /// that has the push.
    pub fn set_trap(&self, path: String, spot: Spot) -> oneshot::Receiver<SocketAddr> {
        let (sprung, springs) = oneshot::channel();
        *lock(&self.shared.trap) = Some(Trap { path, spot, sprung });
        springs
    }

    pub fn clear_trap(&self) {
        *lock(&self.shared.trap) = None;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Springs the trap if it is for this; `false` if it is not.
    fn springs(&self, path: &str, spot: Spot, process: SocketAddr) -> bool {
        let trap = lock(&self.trap).take_if(|trap| trap.path == path && trap.spot == spot);
        trap.is_some_and(|trap| trap.sprung.send(process).is_ok())
    }

    /// Connects to the next process that listens.
    async fn connect(&self) -> Option<(TcpStream, SocketAddr)> {
        let ready = self.ready.borrow().clone();
        let first = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(ready.len())?;
        for address in ready.iter().cycle().skip(first).take(ready.len()) {
            if let Ok(stream) = TcpStream::connect(address).await {
                return Some((stream, *address));
            }
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // A connection that can't be accepted is the caller's loss; it pushes again.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            drop(supervise::spawn("relayed connection", carry(stream, Arc::clone(&shared))));
        }
    }
}

/// One connection, until either side ends it.
async fn carry(client: TcpStream, shared: Arc<Shared>) {
    let Some((server, process)) = shared.connect().await else { return };
    let asked = Mutex::new(String::new());
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let line = Line { shared: &shared, process, asked: &asked };
    tokio::select! {
        _ = line.up(from_client, to_server) => {}
        _ = line.down(from_server, to_client) => {}
    }
}

struct Line<'a> {
    shared: &'a Shared,
    process: SocketAddr,
    /// The path of the request that is under way.
    asked: &'a Mutex<String>,
}

impl Line<'_> {
    async fn up(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let mut buffer = vec![0; PIECE];
        loop {
            let count = from.read(&mut buffer).await?;
            let piece = buffer.get(..count).filter(|piece| !piece.is_empty());
            let Some(piece) = piece else { return to.shutdown().await };
            let path = path_of(piece);
            if let Some(path) = path {
                path.clone_into(&mut lock(self.asked));
            }
            to.write_all(piece).await?;
            if let Some(path) = path {
                self.shared.springs(path, Spot::Arrival, self.process);
            }
        }
    }

    async fn down(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let mut buffer = vec![0; PIECE];
        loop {
            let count = from.read(&mut buffer).await?;
            let piece = buffer.get(..count).filter(|piece| !piece.is_empty());
            let Some(piece) = piece else { return to.shutdown().await };
            let path = lock(self.asked).clone();
            if self.shared.springs(&path, Spot::Answer, self.process) {
                return Ok(());
            }
            to.write_all(piece).await?;
            self.shared.springs(&path, Spot::Answered, self.process);
        }
    }
}

/// The path of a request that begins with this piece.
fn path_of(piece: &[u8]) -> Option<&str> {
    let rest = piece.strip_prefix(b"POST ").or_else(|| piece.strip_prefix(b"GET "))?;
    let end = rest.iter().position(|byte| *byte == b' ')?;
    str::from_utf8(rest.get(..end)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers whatever it is asked with its own address.
    async fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(supervise::spawn("test server", async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = [0; 1024];
                drop(stream.read(&mut buffer).await);
                drop(stream.write_all(address.to_string().as_bytes()).await);
            }
        }));
        address
    }

    async fn ask(relay: &Relay, path: &str) -> String {
        let mut stream = TcpStream::connect(relay.address).await.unwrap();
        let mut answer = String::new();
        // A connection that is cut has no answer.
        drop(stream.write_all(format!("POST {path} HTTP/1.1\r\n\r\n").as_bytes()).await);
        drop(stream.read_to_string(&mut answer).await);
        answer
    }

    #[tokio::test]
    async fn it_takes_turns_between_processes_and_leaves_out_those_that_are_gone() {
        let relay = Relay::start().await.unwrap();
        assert_eq!(ask(&relay, "/a").await, "");
        let (first, second) = (server().await, server().await);
        let gone = SocketAddr::from(([127, 0, 0, 1], 9));
        [first, gone, second].into_iter().for_each(relay.admit());
        let mut answers = Vec::new();
        for _ in 0..6 {
            answers.push(ask(&relay, "/a").await);
        }
        for address in [first, second] {
            assert!(
                answers.iter().filter(|answer| **answer == address.to_string()).count() >= 2,
                "{answers:?}"
            );
        }
        relay.dismiss(first);
        relay.dismiss(gone);
        assert_eq!(ask(&relay, "/a").await, second.to_string());
    }

    #[tokio::test]
    async fn a_trap_springs_once_for_its_path_and_swallows_an_answer_only_where_it_is_set_for_that() {
        let relay = Relay::start().await.unwrap();
        let address = server().await;
        relay.admit()(address);
        for (spot, swallowed) in [(Spot::Arrival, false), (Spot::Answer, true), (Spot::Answered, false)] {
            let springs = relay.set_trap("/platforms/p/x".to_owned(), spot);
            assert_eq!(ask(&relay, "/platforms/p/y").await, address.to_string());
            let answer = ask(&relay, "/platforms/p/x").await;
            assert_eq!(answer.is_empty(), swallowed, "{spot:?}");
            assert_eq!(springs.await.unwrap(), address);
            assert_eq!(ask(&relay, "/platforms/p/x").await, address.to_string());
        }
    }
}

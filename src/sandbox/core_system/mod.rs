//! A simulated core system: it hears of everything by callbacks, and does what an institution does through the interface
//! for core systems alone. It knows neither the gateway's types nor its database; it has read the interface's description.

mod client;
mod receiver;
mod script;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use anyhow::Context;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::client::Client;
use crate::clock::Clock;
use crate::supervise;

/// A callback is small.
const LARGEST_CALLBACK: usize = 1 << 20;

/// Which institution's core system it is.
#[derive(Clone, Debug)]
pub struct Institution {
    pub name: String,
    pub code: String,
}

/// A callback that was received and is genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The same at every attempt.
    pub id: String,
    pub kind: String,
    pub guarantee: Option<String>,
}

/// Something that was done through the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The part of the path behind the guarantee: `approval`.
    pub act: String,
    pub guarantee: String,
}

/// What happened so far.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    /// Each once, in the order of arrival.
    pub received: Vec<Received>,
    /// How often each id came.
    pub attempts: BTreeMap<String, u32>,
    /// How many of them have been worked on, to whichever end.
    pub worked: usize,
    pub done: Vec<Done>,
    /// What was not as it should be: a callback that is not genuine, an act that was refused.
    pub faults: Vec<String>,
}

/// A core system at work; clones share it.
#[derive(Clone)]
pub struct CoreSystem {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: ServerHandle,
    worker: Arc<JoinHandle<Option<()>>>,
}

/// What receiver and script share.
struct Shared {
    institution: Institution,
    /// The secret behind `whsec_`, as Base64.
    secret: String,
    clock: Clock,
    diary: Mutex<Diary>,
    client: OnceLock<Client>,
    inbox: mpsc::UnboundedSender<Received>,
}

impl Diary {
    /// Whether everything that was received has been worked on.
    pub fn is_caught_up(&self) -> bool {
        self.worked == self.received.len()
    }
}

impl Shared {
    fn note<T>(&self, change: impl FnOnce(&mut Diary) -> T) -> T {
        change(&mut self.diary.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl CoreSystem {
    /// Begins to listen on loopback. Until [`CoreSystem::connect`] it acknowledges nothing.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start(institution: Institution, secret: &str, clock: Clock) -> anyhow::Result<Self> {
        let (inbox, letters) = mpsc::unbounded_channel();
        let secret = secret.strip_prefix("whsec_").unwrap_or(secret).to_owned();
        let shared = Arc::new(Shared {
            institution,
            secret,
            clock,
            diary: Mutex::default(),
            client: OnceLock::new(),
            inbox,
        });
        let data = Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(LARGEST_CALLBACK))
                .route("/callbacks", web::post().to(receiver::receive))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .bind(("127.0.0.1", 0))
        .context("the simulated core system finds no free port")?;
        let address = server.addrs().first().copied().context("the core system listens on no address")?;
        let server = server.run();
        let handle = server.handle();
        drop(supervise::spawn("simulated core system", server));
        let worker = supervise::spawn("simulated core system's desk", script::work(shared.clone(), letters));
        Ok(Self { shared, address, server: handle, worker: Arc::new(worker) })
    }

    /// Where callbacks go.
    pub fn callback_url(&self) -> String {
        format!("http://{}/callbacks", self.address)
    }

    /// Tells where the gateway's interface is (`http://host:port`), and the key that opens it.
    ///
    /// # Errors
    /// When the HTTP client can't be made.
    pub fn connect(&self, gateway: &str, key: &str) -> anyhow::Result<()> {
        let client = Client::new(gateway, key)?;
        drop(self.shared.client.set(client));
        Ok(())
    }

    pub fn diary(&self) -> Diary {
        self.shared.note(|diary| diary.clone())
    }

    /// Waits until something is true of the diary; `false` if it does not come true in time.
    pub async fn wait_until(&self, condition: impl Fn(&Diary) -> bool, patience: Duration) -> bool {
        const LOOK: Duration = Duration::from_millis(10);
        let mut waited = Duration::ZERO;
        while !self.shared.note(|diary| condition(diary)) {
            if waited >= patience {
                return false;
            }
            self.shared.clock.wait(LOOK).await;
            waited += LOOK;
        }
        true
    }

    pub async fn stop(&self) {
        self.server.stop(true).await;
        self.worker.abort();
    }
}

//! The Hainan platform (海南省公共资源交易投标担保服务平台技术规范, 2024) as an institution meets it: it pushes
//! applications and openings, and takes notices and letters only if they are right in every respect.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use baohan_gateway::sandbox::hainan::{Sandbox, SandboxOptions};
//!
//! let sandbox = Sandbox::start(SandboxOptions::new("http://127.0.0.1:8080/platforms/hainan", "key", "secret")).await?;
//! let (applyno, answer) = sandbox.apply_generated().await?;
//! # Ok(()) }
//! ```

mod acts;
mod applicants;
mod connection;
mod control;
mod delivery;
mod digest;
mod faults;
mod fields;
mod journal;
mod letters;
mod message;
mod ofd;
mod options;
mod receive;
mod register;
mod server;
mod uploads;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use anyhow::Context;

pub use acts::Answer;
pub use applicants::Application;
pub use delivery::{Accepted, Content, Delivery, Tally};
pub use faults::{Act, Fault, read as read_faults};
pub use journal::{Direction, Effect, Exchange, Journal, Outcome};
pub use letters::Letter;
pub use options::{
    BytesText, FileCipher, Md5Text, PublicKeyText, SandboxOptions, SliceText, Sm2Order, WireForm,
};

use crate::crypto::second_opinion::KeyPair;
use crate::supervise;
use faults::Faults;
use register::Register;

/// A running platform; clones share it. Everything that can be asked of it or done by it is on [`Platform`].
#[derive(Clone)]
pub struct Sandbox {
    platform: Arc<Platform>,
    server: ServerHandle,
    address: SocketAddr,
}

impl Deref for Sandbox {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

/// The platform behind the server: what it knows, what has reached it, and what it does of its own accord.
pub struct Platform {
    options: SandboxOptions,
    keys: KeyPair,
    register: Mutex<Register>,
    journal: Journal,
    faults: Faults,
    client: reqwest::Client,
    /// How many applications have been made up.
    generated: AtomicU32,
}

impl Sandbox {
    /// Makes the platform's key pair and begins to listen.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the HTTP client cannot be made.
    pub async fn start(options: SandboxOptions) -> anyhow::Result<Self> {
        // libsm builds its table for the first key pair, which takes more than a second.
        let keys = tokio::task::spawn_blocking(KeyPair::generate).await??;
        let client = reqwest::Client::builder()
            .timeout(options.push_timeout)
            .no_proxy()
            .build()
            .context("the sandbox's HTTP client")?;
        let listen = options.listen;
        let platform = Arc::new(Platform {
            options,
            keys,
            register: Mutex::default(),
            journal: Journal::default(),
            faults: Faults::default(),
            client,
            generated: AtomicU32::new(0),
        });
        let data = Data::from(Arc::clone(&platform));
        let server = HttpServer::new(move || {
            App::new().app_data(data.clone()).configure(server::routes).configure(control::routes)
        })
        .workers(2)
        .disable_signals()
        .shutdown_timeout(1)
        .on_connect(connection::remember)
        .bind(listen)
        .with_context(|| format!("the sandbox cannot listen on `{listen}`"))?;
        let address = server.addrs().first().copied().context("the sandbox listens on no address")?;
        let server = server.run();
        let handle = server.handle();
        drop(supervise::spawn("sandbox server", server));
        Ok(Self { platform, server: handle, address })
    }

    /// What the institution's calls are addressed to, without the interface:
    /// `http://127.0.0.1:49152/rest/gbsapi`.
    pub fn url(&self) -> String {
        format!("http://{}/rest/gbsapi", self.address)
    }

    /// The root of the platform's server, under which the control endpoints are.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening; requests that are being answered have a second to end.
    pub async fn stop(&self) {
        self.server.stop(true).await;
    }
}

impl Platform {
    fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a fault script in force in the place of the old one.
    pub fn script(&self, faults: Vec<Fault>) {
        self.faults.set(faults);
    }

    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The `applyno` of every application, in order.
    pub fn applications(&self) -> Vec<String> {
        self.register().cases().map(|case| case.application.applyno.clone()).collect()
    }

    /// The truth about one application, as the platform knows it.
    pub fn application(&self, applyno: &str) -> Option<Application> {
        self.register().case(applyno).map(|case| case.application.clone())
    }

    /// What has arrived for one application.
    pub fn delivery(&self, applyno: &str) -> Option<Delivery> {
        self.register().case(applyno).map(register::Case::delivery)
    }

    /// What has arrived for all applications.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.register().cases().map(register::Case::delivery).collect()
    }

    /// Waits until a condition holds, looking again whenever the journal has grown. `false` when the time is over.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool, timeout: Duration) -> bool {
        let mut changes = self.journal.watch();
        let wait = async {
            loop {
                changes.mark_unchanged();
                if condition(self) {
                    return true;
                }
                if changes.changed().await.is_err() {
                    return false;
                }
            }
        };
        tokio::time::timeout(timeout, wait).await.unwrap_or(false)
    }

    /// Writes all accepted letters into a folder, as `<applyno>-ciphertext.ofd` and `<applyno>-plaintext.ofd`.
    ///
    /// # Errors
    /// When the folder or a file cannot be written.
    pub fn save_letters(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        std::fs::create_dir_all(folder).with_context(|| format!("folder `{}`", folder.display()))?;
        let mut paths = Vec::new();
        for delivery in self.deliveries() {
            let letters =
                [(Letter::Ciphertext, delivery.ciphertext), (Letter::Plaintext, delivery.plaintext)];
            for (letter, accepted) in letters {
                let Some(accepted) = accepted else { continue };
                let path = folder.join(format!("{}-{}.ofd", delivery.applyno, letter.name()));
                std::fs::write(&path, &accepted.document)
                    .with_context(|| format!("letter `{}`", path.display()))?;
                paths.push(path);
            }
        }
        Ok(paths)
    }
}

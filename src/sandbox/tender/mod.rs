//! The platforms for tenders (投标保函), which speak alike: flat JSON with an SM3 digest, project fields under SM4. They
//! push applications and openings, and take notices and letters only if they are right in every respect.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use baohan_gateway::sandbox::{JILIN, Sandbox, SandboxOptions};
//!
//! let pushes = "http://127.0.0.1:8080/platforms/jilin";
//! let sandbox = Sandbox::start(SandboxOptions::of(&JILIN, pushes, "key", "secret")).await?;
//! let (applyno, answer) = sandbox.apply_generated().await?;
//! # Ok(()) }
//! ```

mod acts;
mod again;
mod applicants;
mod contents;
mod delivery;
mod life;
mod notices;
mod options;
mod playing;
mod receive;
mod register;
mod specification;
mod whole;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;

pub use applicants::{Application, Sealed};
pub(super) use applicants::{credit_code, pick};
pub(super) use contents::{Expected, shows_amount};
pub use delivery::{Accepted, Content, Delivery, Tally};
pub use options::{Habits, SandboxOptions};
pub use receive::{Request, Taken};
pub(super) use register::{Case, Register, Slice};
pub use specification::Specification;
pub(super) use specification::nothing_further;

use super::desk::Desk;
use super::faults::Fault;
use super::journal::Journal;
use super::letter::Letter;
use super::server::Server;
use crate::crypto::second_opinion::KeyPair;

/// A running platform; clones share it. Everything that can be asked of it or done by it is on [`Platform`].
#[derive(Clone)]
pub struct Sandbox {
    platform: Arc<Platform>,
    server: Server,
}

impl Deref for Sandbox {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

/// The platform behind the server: what it knows, what has reached it, and what it does of its own accord.
pub struct Platform {
    pub(super) options: SandboxOptions,
    pub(super) keys: KeyPair,
    pub(super) desk: Desk,
    register: Mutex<Register>,
    /// How many applications have been made up.
    generated: AtomicU32,
    /// Sections that have been declared abnormal, oldest first.
    pub(super) abnormal: Mutex<Vec<super::ggzy::Declared>>,
}

impl Sandbox {
    /// Makes the platform's key pair and begins to listen.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the HTTP client cannot be made.
    pub async fn start(options: SandboxOptions) -> anyhow::Result<Self> {
        // libsm builds its table for the first key pair, which takes more than a second.
        let keys = tokio::task::spawn_blocking(KeyPair::generate).await??;
        let desk = Desk::new(options.clock.clone(), options.push_timeout)?;
        let listen = options.listen;
        let platform = Arc::new(Platform {
            options,
            keys,
            desk,
            register: Mutex::default(),
            generated: AtomicU32::new(0),
            abnormal: Mutex::default(),
        });
        let server = Server::start(Arc::clone(&platform), listen)?;
        Ok(Self { platform, server })
    }

    /// What the institution's calls are addressed to, without the interface:
    /// `http://127.0.0.1:49152/rest/gbsapi`.
    pub fn url(&self) -> String {
        format!("{}/rest/gbsapi", self.control_url())
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

impl Platform {
    pub(super) fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn specification(&self) -> &'static Specification {
        self.options.specification
    }

    /// Puts a fault script in force in the place of the old one.
    pub fn script(&self, faults: Vec<Fault>) {
        self.desk.faults.set(faults);
    }

    pub fn journal(&self) -> &Journal {
        &self.desk.journal
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
        self.register().case(applyno).map(|case| case.delivery(self.specification()))
    }

    /// What has arrived for all applications.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.register().cases().map(|case| case.delivery(self.specification())).collect()
    }

    /// Waits until a condition holds, looking again whenever the journal has grown. `false` when the time is over.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool, timeout: Duration) -> bool {
        let mut changes = self.desk.journal.watch();
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

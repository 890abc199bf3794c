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
mod deposit;
mod life;
mod notices;
mod options;
mod playing;
mod receive;
mod register;
mod specification;
mod steps;
mod whole;

use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use applicants::{Application, Sealed};
pub(super) use applicants::{credit_code, pick};
pub(super) use contents::shows_amount;
pub use delivery::{Accepted, Content, Delivery, Tally};
pub(super) use deposit::Deposit;
pub use deposit::{Examination, Examined};
pub use options::{Habits, SandboxOptions};
pub use receive::{Request, Taken};
pub(super) use register::{Case, Register, Slice};
pub use specification::Specification;
pub(super) use specification::nothing_further;

use super::desk::Desk;
use super::faults::Fault;
use super::journal::Journal;
use super::running::Running;
use crate::crypto::second_opinion::KeyPair;

/// A running platform of this kind.
pub type Sandbox = Running<Platform>;

/// The platform behind the server: what it knows, what has reached it, and what it does of its own accord.
pub struct Platform {
    pub(super) options: SandboxOptions,
    pub(super) keys: KeyPair,
    pub(super) desk: Desk,
    register: Mutex<Register>,
    deposits: Mutex<Vec<Deposit>>,
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
        let platform = Platform {
            options,
            keys,
            desk,
            register: Mutex::default(),
            deposits: Mutex::default(),
            generated: AtomicU32::new(0),
            abnormal: Mutex::default(),
        };
        Self::begin(platform, listen)
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

    /// Waits until a condition holds, looking again at each entry of the journal. `false` when the time is over.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool, timeout: Duration) -> bool {
        self.desk.journal.wait_until(|| condition(self), timeout).await
    }
}

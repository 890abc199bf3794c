//! The Inner Mongolia platform (内蒙古自治区政府采购电子预付款保函业务接口规范, 2024-11) as an institution meets it:
//! it pushes applications, fetches and verifies letters, and takes notices only if they are right in every respect.
//!
//! ```no_run
//! # async fn example(institution_key: [u8; 65]) -> anyhow::Result<()> {
//! use baohan_gateway::sandbox::neimenggu::{Sandbox, SandboxOptions};
//!
//! let gateway = "http://127.0.0.1:8080/platforms/neimenggu";
//! let sandbox = Sandbox::start(SandboxOptions::new(gateway, "id", "key", "secret", institution_key)).await?;
//! let (application_id, answer) = sandbox.apply_generated().await?;
//! # Ok(()) }
//! ```

mod acts;
mod answer;
mod applicants;
mod delivery;
mod envelope;
mod fields;
mod letter;
mod life;
mod options;
mod progress;
mod receive;
mod refusal;
mod register;
mod steps;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::{self, Bytes};
use anyhow::Context;
use serde_json::Value;

pub use acts::Invalidation;
pub use applicants::Application;
pub use delivery::{Delivery, Noted};
pub use letter::Letter;
pub use options::{FilePushes, Reqtime, SandboxOptions};
pub use progress::Withdrawal;

use super::answer::Answer;
use super::desk::Desk;
use super::faults::Fault;
use super::journal::Journal;
use super::play::{Acted, Moment, Play};
use super::running::Running;
use super::steps::{Standing, Step};
use crate::crypto::second_opinion::KeyPair;
use register::Register;

const HELP: &str = "\
sandboxed Inner Mongolia platform

POST /acts/open                             fetch all letters that have not been fetched (PREP103)
POST /acts/fetch/{applyno}                  fetch the letter (PREP103)
POST /acts/verify/{applyno}                 have the fetched letter verified (PREP104)
POST /acts/claim/{applyno}                  claim the whole amount (PREP105)
POST /acts/fulfilled/{applyno}              the contract is fulfilled (PREP107, 0)
POST /acts/wrong-file/{applyno}             the letter's file is wrong (PREP107, 1)
POST /acts/surrender/{applyno}              PREP109, 01
POST /acts/cancel-order/{applyno}           PREP109, 02
GET  /letters/{applyno}/letter              the PDF
";

/// A running platform of this kind.
pub type Sandbox = Running<Platform>;

/// The platform behind the server: what it knows, what has reached it, and what it does of its own accord.
pub struct Platform {
    options: SandboxOptions,
    desk: Desk,
    keys: KeyPair,
    register: Mutex<Register>,
    /// How many applications have been made up.
    generated: AtomicU32,
}

impl Sandbox {
    /// Makes the platform's key pair, unless the options bring one, and begins to listen.
    ///
    /// # Errors
    /// When the private key is none, the address cannot be listened on, or the HTTP client cannot be made.
    pub async fn start(options: SandboxOptions) -> anyhow::Result<Self> {
        let given = options.private_key;
        // libsm builds its table for the first key pair, which takes more than a second.
        let keys = tokio::task::spawn_blocking(move || match given {
            Some(bytes) => KeyPair::from_private_bytes(&bytes),
            None => KeyPair::generate(),
        });
        let keys = keys.await?.context("the sandboxed platform's private key")?;
        let desk = Desk::new(options.clock.clone(), options.push_timeout)?;
        let listen = options.listen;
        let platform =
            Platform { options, desk, keys, register: Mutex::default(), generated: AtomicU32::new(0) };
        Self::begin(platform, listen)
    }
}

impl Platform {
    fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The platform's public key, `04‖x‖y`: what notices and answers are encrypted to.
    pub fn public_key(&self) -> [u8; 65] {
        self.keys.public_sec1()
    }

    /// Puts a fault script in force in the place of the old one.
    pub fn script(&self, faults: Vec<Fault>) {
        self.desk.faults.set(faults);
    }

    pub fn journal(&self) -> &Journal {
        &self.desk.journal
    }

    /// The `applicationId` of every application, in order.
    pub fn applications(&self) -> Vec<String> {
        self.register().cases().map(|case| case.application.application_id.clone()).collect()
    }

    /// One application as it was pushed.
    pub fn application(&self, application_id: &str) -> Option<Application> {
        self.register().case(application_id).map(|case| case.application.clone())
    }

    /// What has arrived for one application.
    pub fn delivery(&self, application_id: &str) -> Option<Delivery> {
        self.register().case(application_id).map(register::Case::delivery)
    }

    /// What has arrived for all applications.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.register().cases().map(register::Case::delivery).collect()
    }

    /// Waits until a condition holds, looking again at each entry of the journal. `false` when the time is over.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool, timeout: Duration) -> bool {
        self.desk.journal.wait_until(|| condition(self), timeout).await
    }
}

impl Play for Platform {
    // A call to the path itself, with a `/` at the end, is taken too: the transaction code stands in the body.
    const PATH: &'static str = "/openplatform";

    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn help(&self) -> String {
        HELP.to_owned()
    }

    async fn receive(self: Arc<Self>, interface: String, body: Bytes, fault: Option<String>) -> String {
        // On a thread that may take its time, since libsm does.
        let answer = web::block(move || self.answer_to(&interface, &body, fault)).await;
        answer.unwrap_or_else(|_| receive::breakdown("系统繁忙"))
    }

    fn refusal(&self, message: &str) -> String {
        receive::breakdown(message)
    }

    async fn apply_many(&self, count: u32) -> Vec<Acted> {
        Self::apply_many(self, count).await
    }

    async fn open_all(&self) -> Vec<Acted> {
        self.fetch_letters().await
    }

    async fn act(&self, name: &str, application_id: &str) -> Option<anyhow::Result<Value>> {
        let answer: anyhow::Result<Answer> = match name {
            "fetch" => self.fetch_letter(application_id).await,
            "verify" => self.verify_letter(application_id).await,
            "claim" => self.claim(application_id).await,
            "fulfilled" => self.invalidate(application_id, Invalidation::Fulfilled).await,
            "wrong-file" => self.invalidate(application_id, Invalidation::WrongFile).await,
            "surrender" => self.surrender(application_id).await,
            "cancel-order" => self.cancel_order(application_id).await,
            _ => return None,
        };
        Some(answer.and_then(|answer| Ok(serde_json::to_value(answer)?)))
    }

    async fn push_again(
        &self,
        application_id: &str,
        interface: &str,
        changed: bool,
    ) -> anyhow::Result<Answer> {
        if changed {
            self.conflict(application_id, interface).await
        } else {
            self.duplicate(application_id, interface).await
        }
    }

    async fn take(&self, step: Step, application_id: &str) -> Option<anyhow::Result<Answer>> {
        self.take_step(step, application_id).await
    }

    fn standing(&self, application_id: &str) -> Option<Standing> {
        self.standing_of(application_id)
    }

    async fn live(&self, patience: Duration) -> anyhow::Result<Vec<Moment>> {
        self.whole_life(patience).await
    }

    fn arrived(&self, application_id: Option<&str>) -> Option<Value> {
        match application_id {
            Some(application_id) => serde_json::to_value(self.delivery(application_id)?).ok(),
            None => serde_json::to_value(self.deliveries()).ok(),
        }
    }

    fn document(&self, application_id: &str, name: &str) -> Option<Vec<u8>> {
        let letter = self.delivery(application_id)?.letters.pop()?;
        (name == "letter").then(|| letter.document.to_vec())
    }

    // As `<applicationId>.pdf`.
    fn save_letters(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        std::fs::create_dir_all(folder).with_context(|| format!("folder `{}`", folder.display()))?;
        let mut paths = Vec::new();
        for delivery in self.deliveries() {
            let Some(letter) = delivery.letters.last() else { continue };
            let path = folder.join(format!("{}.pdf", delivery.application_id));
            std::fs::write(&path, &letter.document)
                .with_context(|| format!("letter `{}`", path.display()))?;
            paths.push(path);
        }
        Ok(paths)
    }
}

//! What all simulated platforms have in common for those who run one: the server, a person with curl, a demonstration.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::desk::Desk;
use super::steps::{Standing, Step};

/// One act upon one application (or on its guarantee), and what came of it.
pub type Acted = (String, anyhow::Result<Answer>);

/// One step of a platform's life that ended as it should.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    pub applyno: String,
    /// In a few words: `wrong key refused`.
    pub what: &'static str,
}

/// A platform behind its server.
pub trait Play: Send + Sync + 'static {
    /// Under which path its interfaces are: `/rest/gbsapi`.
    const PATH: &'static str;

    fn desk(&self) -> &Desk;

    /// What `GET /` says: the control endpoints that this platform has beside `/journal` and `/faults`.
    fn help(&self) -> String;

    /// Handles one request of the institution, enters it into the journal, and gives the answer's body. `fault` is what
    /// the script adds to the answer.
    fn receive(
        self: Arc<Self>,
        interface: String,
        body: Bytes,
        fault: Option<String>,
    ) -> impl Future<Output = String> + Send;

    /// A failure as this platform writes it.
    fn refusal(&self, message: &str) -> String;

    /// What a refusal that the fault script makes up changes all the same.
    fn refused_by_script(&self, _interface: &str, _body: &[u8]) {}

    /// Pushes made-up applications, several at once; gives their numbers and the answers.
    fn apply_many(&self, count: u32) -> impl Future<Output = Vec<Acted>> + Send;

    /// Opens whatever waits for an opening (on a platform without one: collects the guarantees).
    fn open_all(&self) -> impl Future<Output = Vec<Acted>> + Send;

    /// Does what a name of the list in [`Play::help`] says, to one application; `None` if there is no such act.
    fn act(&self, name: &str, applyno: &str) -> impl Future<Output = Option<anyhow::Result<Value>>> + Send;

    /// The last push of an interface again, or with other content under the same key.
    fn push_again(
        &self,
        applyno: &str,
        interface: &str,
        changed: bool,
    ) -> impl Future<Output = anyhow::Result<Answer>> + Send;

    /// Pushes what a step says about an application that has been made up; once more, with the same content, where it was
    /// pushed before. `None` where the specification has no such push.
    fn take(&self, step: Step, applyno: &str) -> impl Future<Output = Option<anyhow::Result<Answer>>> + Send;

    /// What has come of an application.
    fn standing(&self, applyno: &str) -> Option<Standing>;

    /// Leads a few guarantees through all that the specification has: a repeated application, a surrender, an opening
    /// with a wrong key before the right one, an invoice, a claim, a cancellation, and waits each time for what the
    /// institution has to send. `patience` is for each wait.
    ///
    /// # Errors
    /// At the first step that does not end as it should, with what the platform last saw.
    fn live(&self, patience: Duration) -> impl Future<Output = anyhow::Result<Vec<Moment>>> + Send;

    /// What has arrived for one application, or for all if none is named; `None` if it is unknown.
    fn arrived(&self, applyno: Option<&str>) -> Option<Value>;

    /// A document that the platform has accepted, by the name that the list in [`Play::help`] gives it.
    fn document(&self, applyno: &str, name: &str) -> Option<Vec<u8>>;

    /// Writes all accepted letters into a folder, under the names of their applications.
    ///
    /// # Errors
    /// When the folder or a file cannot be written.
    fn save_letters(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>>;
}

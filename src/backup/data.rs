//! What is backed up, and what a backup is restored into.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::spawn_blocking;

use super::manifest::Engine;
use super::postgres::{Programs, survey_dump};
use crate::crypto::keyring::Keyring;
use crate::store::archive::Archive;
use crate::store::survey::{Depth, Survey, Surveyor, survey_file};
use crate::store::{Store, StoreOptions};

/// Database, documents, and the key under which the database is sealed.
#[derive(Clone, Debug)]
pub struct Data {
    pub store: StoreOptions,
    pub archive: Archive,
    pub keyring: Arc<Keyring>,
    pub programs: Programs,
}

impl Data {
    /// # Errors
    /// When the database can't be reached.
    pub(super) fn connect(&self) -> anyhow::Result<Store> {
        Store::open(&self.store, Arc::clone(&self.keyring)).context("store.url")
    }
}

/// Looks through the copy of a database. Without a keyring, nothing that is sealed is opened.
pub(super) async fn survey_copy(
    engine: Engine,
    file: &Path,
    programs: &Programs,
    keyring: Option<Arc<Keyring>>,
    depth: Depth,
) -> anyhow::Result<Survey> {
    let (file, programs) = (file.to_owned(), programs.clone());
    let surveyor = Surveyor::new(keyring, depth);
    spawn_blocking(move || match engine {
        Engine::Sqlite => survey_file(&file, surveyor).with_context(|| format!("`{}`", file.display())),
        Engine::Postgres => survey_dump(&programs, &file, surveyor),
    })
    .await
    .context("looking through the copy panicked")?
}

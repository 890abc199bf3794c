//! Looking through a whole database, or a copy of one: how many rows it has, which documents it names, and whether
//! everything that is sealed opens.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::connection::Purpose;
use super::error::StoreError;
use super::sealed::SealedColumn;
use super::{Engine, Store};
use crate::crypto::keyring::{Keyring, StoredKek, StoredKey};
use crate::domain::identity::DocumentDigest;
use source::Source;

/// Beyond so many faults, further ones are counted only.
const LISTED_FAULTS: usize = 100;

/// How many sealed values are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The first of each column: enough to tell a wrong key.
    OneOfEachColumn,
    Everything,
}

/// What there is in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// The versions of the migrations that made its tables, oldest first.
    pub schema: BTreeSet<String>,
    /// The documents that it names, with their size where it is known.
    pub documents: BTreeMap<DocumentDigest, Option<u64>>,
    /// The ids of the keys that its values are sealed under, with the number of values.
    pub sealing_keys: BTreeMap<String, u64>,
    /// Sealed values that were opened.
    pub opened: u64,
    pub faults: Vec<String>,
    /// Those beyond the ones listed.
    pub further_faults: u64,
}

/// Gathers a survey row by row, from wherever the rows come.
pub struct Surveyor {
    survey: Survey,
    keyring: Option<Arc<Keyring>>,
    depth: Depth,
    tried: BTreeSet<(&'static str, &'static str)>,
}

impl Surveyor {
    /// Without a keyring nothing is opened; what the values are sealed under is noted all the same.
    pub fn new(keyring: Option<Arc<Keyring>>, depth: Depth) -> Self {
        Self { survey: Survey::default(), keyring, depth, tried: BTreeSet::new() }
    }

    /// Has the keyring take the data keys of the copy, in place of those of any other database. Where they do not open under
    /// this master key, that is a fault, and nothing else is tried.
    pub fn unlock(&mut self, keks: &[StoredKek], keys: &[StoredKey]) {
        let Some(keyring) = &self.keyring else { return };
        let installed = match keys {
            [] => Ok(()),
            keys => keyring.install(keks, keys, Timestamp::MAX),
        };
        if let Err(error) = installed {
            self.keyring = None;
            self.fault(error.to_string());
        }
    }

    pub fn counted(&mut self, table: &str, rows: u64) {
        *self.survey.rows.entry(table.to_owned()).or_default() += rows;
    }

    pub fn migrated(&mut self, version: String) {
        self.survey.schema.insert(version);
    }

    pub fn named(&mut self, digest: DocumentDigest, size: Option<u64>) {
        let known = self.survey.documents.entry(digest).or_default();
        *known = known.or(size);
    }

    pub fn sealed(&mut self, column: &SealedColumn, key: &[&str], value: &[u8]) {
        let row = column.row(key);
        match Keyring::id_of(value) {
            Some(id) => *self.survey.sealing_keys.entry(hex::encode(id)).or_default() += 1,
            None => return self.fault(format!("{} `{row}`: {} is not sealed", column.table, column.column)),
        }
        let Some(keyring) = &self.keyring else { return };
        let first = self.tried.insert((column.table, column.column));
        if !first && self.depth == Depth::OneOfEachColumn {
            return;
        }
        match keyring.open(&column.place(&row), value) {
            Ok(_) => self.survey.opened += 1,
            Err(_) => self.fault(format!(
                "{} `{row}`: {} does not open under the keys of this master key",
                column.table, column.column
            )),
        }
    }

    pub fn fault(&mut self, fault: String) {
        if self.survey.faults.len() < LISTED_FAULTS {
            self.survey.faults.push(fault);
        } else {
            self.survey.further_faults += 1;
        }
    }

    pub fn finish(self) -> Survey {
        self.survey
    }
}

impl Store {
    /// Looks through the database as it is now; rows that come or go meanwhile may be seen or not.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn survey(&self, depth: Depth) -> Result<Survey, StoreError> {
        let opener = self.opener.clone();
        in_background(move || {
            let mut connection = opener.open(Purpose::Read)?;
            connection.load_keys()?;
            Source::of(connection).survey(Surveyor::new(Some(opener.keyring), depth))
        })
        .await
    }

    /// The tables that are there, the one of the migrations included.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn tables(&self) -> Result<Vec<String>, StoreError> {
        let opener = self.opener.clone();
        in_background(move || Source::of(opener.open(Purpose::Read)?).tables()).await
    }

    /// Writes a copy of a SQLite database to a new file, as of one moment, while others write. The copy is not on the
    /// disk for certain until whoever asked for it has synced it.
    ///
    /// # Errors
    /// When it can't be written, or the database is on a server.
    pub async fn copy_to(&self, file: PathBuf) -> Result<(), StoreError> {
        if !matches!(self.engine, Engine::Sqlite { .. }) {
            return Err(StoreError::Unusable(
                "a server's database is copied by the server's own tools".to_owned(),
            ));
        }
        let opener = self.opener.clone();
        in_background(move || Source::of(opener.open(Purpose::Write)?).copy_to(&file)).await
    }

    /// The server's version: 150018 is 15.18.
    ///
    /// # Errors
    /// When there is no server, or it does not say.
    pub async fn server_version(&self) -> Result<u32, StoreError> {
        let opener = self.opener.clone();
        in_background(move || Source::of(opener.open(Purpose::Read)?).server_version()).await
    }
}

/// Looks through a file of SQLite that nobody writes to, and changes nothing of it or beside it. What it holds is opened
/// with the keys that it holds, which the surveyor's keyring takes.
///
/// # Errors
/// When it is not a database.
pub fn survey_file(file: &Path, mut surveyor: Surveyor) -> Result<Survey, StoreError> {
    let mut source = Source::of_file(file)?;
    for fault in source.integrity_faults()? {
        surveyor.fault(fault);
    }
    let (keks, keys) = source.stored_keys()?;
    surveyor.unlock(&keks, &keys);
    source.survey(surveyor)
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
}

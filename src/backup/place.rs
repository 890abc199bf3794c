//! A folder of backups, and the snapshots in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};

use super::durable;
use super::manifest::{Engine, Manifest, SealCheck};
use crate::crypto::keyring::Keyring;
use crate::crypto::{private_file, sm3};
use crate::domain::identity::DocumentDigest;
use crate::store::archive::{Archive, ArchiveOptions};

/// The file by which a place is known; whoever works in the place holds its lock.
pub const MARKER: &str = "baohan-backup";
const DOCUMENTS: &str = "documents";
const MANIFEST: &str = "manifest.json";
const LIST: &str = "documents.txt";
/// Behind the name of what is not whole yet, or not any more.
const UNFINISHED: &str = ".part";

/// A folder of backups. As long as it is held, nobody else makes or removes snapshots in it.
pub struct Place {
    folder: PathBuf,
    /// Closing the file gives the lock back.
    _lock: File,
}

impl Place {
    /// Opens a place to write to, which is made where there is none, and clears away what a crash has left.
    ///
    /// # Errors
    /// When the folder holds something else, or another backup is at work in it.
    pub fn establish(folder: &Path) -> anyhow::Result<Self> {
        let marker = folder.join(MARKER);
        if !marker.exists() {
            let is_used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
            if is_used {
                bail!(
                    "`{}`: expected an empty folder or one of backups, found other files",
                    folder.display()
                );
            }
            durable::make_folder(folder)?;
            durable::make_folder(&folder.join(DOCUMENTS))?;
            private_file::write_new(&marker, b"Backups of a baohan gateway. Its keys are kept elsewhere.\n")?;
        }
        let place = Self::hold(folder, FlockOperation::NonBlockingLockExclusive)?;
        for name in place.names()?.iter().filter(|name| name.ends_with(UNFINISHED)) {
            let left = folder.join(name);
            std::fs::remove_dir_all(&left).with_context(|| format!("cannot remove `{}`", left.display()))?;
        }
        Ok(place)
    }

    /// Opens a place to read from.
    ///
    /// # Errors
    /// When there is none, or a backup is at work in it.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        Self::hold(folder, FlockOperation::NonBlockingLockShared)
    }

    fn hold(folder: &Path, operation: FlockOperation) -> anyhow::Result<Self> {
        let shown = folder.display();
        let lock = File::open(folder.join(MARKER)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                anyhow::anyhow!("`{shown}`: expected a folder of backups, found no `{MARKER}` in it")
            }
            _ => anyhow::Error::from(error).context(format!("cannot open `{shown}`")),
        })?;
        match flock(&lock, operation) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => bail!("`{shown}`: another backup is at work in it"),
            Err(error) => return Err(error).with_context(|| format!("cannot lock `{shown}`")),
        }
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// The documents of all snapshots. Without a keyring they can be examined, and not read. They are sealed by the master key
    /// itself: a snapshot is restored with the data keys that its own database holds, and shares its documents with others.
    ///
    /// # Errors
    /// When there is no folder for them.
    pub fn documents(&self, keyring: Option<Arc<Keyring>>) -> anyhow::Result<Archive> {
        let options = ArchiveOptions::in_folder(self.documents_folder());
        Ok(match keyring {
            Some(keyring) => Archive::open(&options, Arc::new(keyring.without_data_keys()))?,
            None => Archive::without_keys(&options)?,
        })
    }

    /// Whether a folder is that of a backup's documents.
    pub fn has_documents_in(folder: &Path) -> bool {
        let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        whole.ends_with(DOCUMENTS) && whole.with_file_name(MARKER).is_file()
    }

    /// Where the documents are.
    pub(super) fn documents_folder(&self) -> PathBuf {
        self.folder.join(DOCUMENTS)
    }

    /// Its whole snapshots, oldest first.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn snapshots(&self) -> anyhow::Result<Vec<Snapshot>> {
        let names = self.names()?.into_iter().filter(|name| !name.ends_with(UNFINISHED));
        let snapshots = names.map(|name| Snapshot { folder: self.folder.join(&name), name });
        Ok(snapshots.filter(|snapshot| snapshot.folder.join(MANIFEST).is_file()).collect())
    }

    /// The snapshot of this name, or the newest.
    ///
    /// # Errors
    /// When there is none.
    pub fn snapshot(&self, name: Option<&str>) -> anyhow::Result<Snapshot> {
        let mut snapshots = self.snapshots()?;
        let shown = self.folder.display();
        match name {
            None => snapshots.pop().with_context(|| format!("`{shown}` has no snapshot")),
            Some(name) => {
                let found = snapshots.into_iter().find(|snapshot| snapshot.name == name);
                found.with_context(|| {
                    format!("`{shown}` has no snapshot `{name}`; `baohan backup list` names them")
                })
            }
        }
    }

    /// Begins a snapshot: a folder that becomes one by [`Self::finish`].
    pub(super) fn begin(&self, at: Timestamp) -> anyhow::Result<Snapshot> {
        let name = at.strftime("%Y%m%dT%H%M%S%.6fZ").to_string();
        if self.folder.join(&name).exists() {
            bail!("`{}` has a snapshot `{name}` already", self.folder.display());
        }
        let folder = self.folder.join(format!("{name}{UNFINISHED}"));
        durable::make_folder(&folder)?;
        Ok(Snapshot { folder, name })
    }

    /// Gives a snapshot its name, once all that belongs to it is on the disk.
    pub(super) fn finish(&self, begun: Snapshot) -> anyhow::Result<Snapshot> {
        durable::sync(&begun.folder)?;
        let folder = self.folder.join(&begun.name);
        durable::rename(&begun.folder, &folder)?;
        Ok(Snapshot { folder, name: begun.name })
    }

    /// Removes a snapshot, but not its documents; one that is half removed is no snapshot.
    pub(super) fn remove(&self, snapshot: &Snapshot) -> anyhow::Result<()> {
        let leaving = self.folder.join(format!("{}{UNFINISHED}", snapshot.name));
        durable::rename(&snapshot.folder, &leaving)?;
        std::fs::remove_dir_all(&leaving).with_context(|| format!("cannot remove `{}`", leaving.display()))
    }

    /// Names of folders that begin as a snapshot's does, sorted.
    fn names(&self) -> anyhow::Result<Vec<String>> {
        let cannot = || format!("cannot read the folder `{}`", self.folder.display());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder).with_context(cannot)? {
            let name = entry.with_context(cannot)?.file_name();
            names.extend(
                name.to_str()
                    .filter(|name| name.starts_with(|c: char| c.is_ascii_digit()))
                    .map(str::to_owned),
            );
        }
        names.sort();
        Ok(names)
    }
}

/// A copy of a database as of one moment, and the list of its documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    folder: PathBuf,
    /// The moment at which it was begun.
    pub name: String,
}

impl Snapshot {
    /// The copy of the database.
    pub fn database(&self, engine: Engine) -> PathBuf {
        self.folder.join(engine.file())
    }

    /// Writes the list of documents; yields its digest.
    pub(super) fn write_list(&self, documents: &BTreeMap<DocumentDigest, u64>) -> anyhow::Result<String> {
        let list: String = documents.iter().map(|(digest, size)| format!("{digest} {size}\n")).collect();
        private_file::write_new(&self.folder.join(LIST), list.as_bytes())?;
        Ok(hex::encode(sm3::digest(list.as_bytes())))
    }

    /// The list of documents and its digest.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn list(&self) -> anyhow::Result<(BTreeMap<DocumentDigest, u64>, String)> {
        let file = self.folder.join(LIST);
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let line = |line: &str| {
            let (digest, size) = line.split_once(' ')?;
            Some((DocumentDigest::new(digest), size.parse().ok()?))
        };
        let documents: Option<_> = text.lines().map(line).collect();
        let unclear = || format!("`{}`: expected digests and sizes", file.display());
        Ok((documents.with_context(unclear)?, hex::encode(sm3::digest(text.as_bytes()))))
    }

    pub(super) fn write_manifest(&self, manifest: &Manifest, keyring: &Keyring) -> anyhow::Result<()> {
        let text = manifest.to_file(&self.name, keyring)?;
        private_file::write_new(&self.folder.join(MANIFEST), text.as_bytes())
    }

    /// The manifest, and what has become of its seal where a key is at hand.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn manifest(&self, keyring: Option<&Keyring>) -> anyhow::Result<(Manifest, Option<SealCheck>)> {
        let file = self.folder.join(MANIFEST);
        let shown = || format!("`{}`", file.display());
        let text = std::fs::read_to_string(&file).with_context(shown)?;
        Manifest::from_file(&text, &self.name, keyring).with_context(shown)
    }
}

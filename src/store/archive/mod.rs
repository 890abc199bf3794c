//! Documents, each under its own digest: what was archived can't change unseen. They are in a folder, or in a bucket of an
//! S3-compatible store, and nobody reads them there who has not the keyring.

mod census;
mod condition;
mod envelope;
mod options;
mod probe;
mod s3;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

pub use census::Census;
pub use envelope::{Form, Stored};
pub use options::{Addressing, ArchiveOptions, Encryption, S3Options};
pub use probe::Trial;

use self::condition::Condition;
use crate::crypto::keyring::Keyring;
use crate::crypto::{private_file, sm3};
use crate::domain::identity::DocumentDigest;
use crate::telemetry::Metrics;

/// A folder on a network that does not answer holds nobody up for longer.
const FOLDER_DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("the archive has no document `{0}`")]
    Missing(DocumentDigest),
    /// The stored bytes are not those that were archived.
    #[error("document `{document}`: {how}")]
    Damaged { document: DocumentDigest, how: Damage },
    /// The document may be whole, but nobody can tell without its key.
    #[error("document `{document}` is sealed under the key `{key}`, which is not at hand")]
    Locked { document: DocumentDigest, key: String },
    #[error("the archive can't be used: {0}")]
    Unavailable(String),
}

/// How it shows that a document is damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("expected this SM3 digest, found `{0}`")]
    Digest(DocumentDigest),
    #[error("expected what the keyring sealed under this name, found something else")]
    Seal,
    #[error("expected what was written, found another checksum")]
    Checksum,
}

/// The archive. Clones share it.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    objects: Box<dyn ObjectStore>,
    place: Place,
    /// None where somebody only looks whether documents are as they were written.
    keyring: Option<Arc<Keyring>>,
    condition: Condition,
}

enum Place {
    Folder(PathBuf),
    Bucket(Box<S3Options>),
}

impl Archive {
    /// Makes the folder where it is missing. A bucket is not asked for yet: a gateway takes pushes without it.
    ///
    /// # Errors
    /// When the folder can't be made, or a file that the settings name can't be used.
    pub fn open(options: &ArchiveOptions, keyring: Arc<Keyring>) -> Result<Self, ArchiveError> {
        Self::open_with(options, Some(keyring))
    }

    /// An archive whose documents can be [examined](Self::examine), but neither read, where they are sealed, nor written.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn without_keys(options: &ArchiveOptions) -> Result<Self, ArchiveError> {
        Self::open_with(options, None)
    }

    fn open_with(options: &ArchiveOptions, keyring: Option<Arc<Keyring>>) -> Result<Self, ArchiveError> {
        let (objects, place): (Box<dyn ObjectStore>, _) = match &options.s3 {
            Some(bucket) => (Box::new(s3::open(bucket)?), Place::Bucket(bucket.clone())),
            None => {
                let folder = &options.folder;
                let wrong = |error: &dyn fmt::Display| {
                    ArchiveError::Unavailable(format!("archive.folder `{}`: {error}", folder.display()))
                };
                private_file::make_folder(folder).map_err(|error| wrong(&error))?;
                // A document is on the disk, and its name in the folder too, before anybody is told that it is archived.
                let objects =
                    LocalFileSystem::new_with_prefix(folder).map_err(|error| wrong(&error))?.with_fsync(true);
                (Box::new(objects), Place::Folder(folder.clone()))
            }
        };
        Ok(Self(Arc::new(Inner { objects, place, keyring, condition: Condition::default() })))
    }

    /// From now on outages and lost documents raise alarms.
    #[must_use]
    pub fn reporting_to(self, metrics: Metrics) -> Self {
        self.0.condition.report_to(metrics);
        self
    }

    /// For how long the archive can't be used, and why, as far as somebody has tried.
    pub fn outage(&self) -> Option<(Duration, String)> {
        self.0.condition.outage()
    }

    /// Whoever is told at once that the archive is away, as the last look has found it, holds nothing up meanwhile and
    /// makes nothing that could not be kept.
    ///
    /// # Errors
    /// [`ArchiveError::Unavailable`] where it was away a moment ago.
    pub fn expect_present(&self) -> Result<(), ArchiveError> {
        match self.0.condition.known_absence() {
            Some(reason) => Err(ArchiveError::Unavailable(format!("as last seen, {reason}"))),
            None => Ok(()),
        }
    }

    /// Whether documents are in a bucket.
    pub fn is_remote(&self) -> bool {
        matches!(self.0.place, Place::Bucket(_))
    }

    /// Keeps a document for good and names it; keeping the same one again changes nothing, but that one which was damaged
    /// is whole again.
    ///
    /// # Errors
    /// When the document could not be written durably.
    pub async fn put(&self, document: Vec<u8>) -> Result<DocumentDigest, ArchiveError> {
        let digest = digest_of(&document);
        let kept = self.in_time(self.keep(&digest, document)).await;
        self.0.condition.note(&digest, &kept);
        kept.map(|()| digest)
    }

    /// How long a document is, in bytes; None where there is none.
    ///
    /// # Errors
    /// When the archive can't be asked.
    pub async fn size(&self, digest: &DocumentDigest) -> Result<Option<u64>, ArchiveError> {
        Ok(self.stored(digest).await?.map(|stored| stored.size))
    }

    /// How a document lies there, by its first bytes; None where there is none.
    ///
    /// # Errors
    /// When the archive can't be asked.
    pub async fn stored(&self, digest: &DocumentDigest) -> Result<Option<Stored>, ArchiveError> {
        match self.in_time(self.beginning(digest)).await {
            Ok(stored) => Ok(Some(stored)),
            Err(ArchiveError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The document that bears this digest, checked against it.
    ///
    /// # Errors
    /// When there is none, it has changed, or the archive can't be asked.
    pub async fn get(&self, digest: &DocumentDigest) -> Result<Vec<u8>, ArchiveError> {
        let read = self.in_time(self.read(digest)).await;
        self.0.condition.note(digest, &read);
        read
    }

    /// Whether an object is as it was written, as far as that shows without a key: yields the key that it is sealed under, or
    /// None for a document that lies there in the clear.
    ///
    /// # Errors
    /// When there is none, it has changed, or the archive can't be asked.
    pub async fn examine(&self, digest: &DocumentDigest) -> Result<Option<[u8; 4]>, ArchiveError> {
        let (digest, object) = (digest.clone(), self.in_time(self.object(digest)).await?);
        aside(move || envelope::examine(&digest, object)).await
    }

    /// Writes a document anew where it is not sealed under the key that seals now: `true` where it was written. Others may
    /// read and archive it meanwhile.
    ///
    /// # Errors
    /// When there is none, it can't be opened, or the archive can't be used; what was there is still there.
    pub async fn reseal(&self, digest: &DocumentDigest) -> Result<bool, ArchiveError> {
        let current = self.keyring()?.key_id();
        self.in_time(async {
            if self.beginning(digest).await?.form == Form::Sealed(current) {
                return Ok(false);
            }
            let document = self.read(digest).await?;
            let object = self.sealed(digest, document).await?;
            let written = self.0.objects.put(&self.place_of(digest), object).await;
            written.map(|_| true).map_err(|error| self.failure(&error))
        })
        .await
    }

    async fn read(&self, digest: &DocumentDigest) -> Result<Vec<u8>, ArchiveError> {
        let (object, keyring) = (self.object(digest).await?, self.0.keyring.clone());
        let digest = digest.clone();
        aside(move || envelope::open(keyring.as_deref(), &digest, object)).await
    }

    /// What lies under the name.
    async fn object(&self, digest: &DocumentDigest) -> Result<Vec<u8>, ArchiveError> {
        let read = async { self.0.objects.get(&self.place_of(digest)).await?.bytes().await };
        read.await.map(Vec::from).map_err(|error| self.meaning(digest, &error))
    }

    async fn beginning(&self, digest: &DocumentDigest) -> Result<Stored, ArchiveError> {
        let place = self.place_of(digest);
        let range = Some(GetRange::Bounded(0..envelope::TELLING));
        let read = async {
            let found =
                self.0.objects.get_opts(&place, GetOptions { range, ..GetOptions::default() }).await?;
            let size = found.meta.size;
            Ok((found.bytes().await?, size))
        };
        match read.await {
            Ok((beginning, size)) => Ok(envelope::told(&beginning, size)),
            Err(error) => match self.meaning(digest, &error) {
                // Of an empty object there is no beginning.
                unclear @ ArchiveError::Unavailable(_) => match self.0.objects.head(&place).await {
                    Ok(found) if found.size == 0 => Ok(envelope::told(&[], 0)),
                    _ => Err(unclear),
                },
                other => Err(other),
            },
        }
    }

    fn keyring(&self) -> Result<&Arc<Keyring>, ArchiveError> {
        let missing = || ArchiveError::Unavailable(format!("{self} was opened without keys"));
        self.0.keyring.as_ref().ok_or_else(missing)
    }

    async fn sealed(&self, digest: &DocumentDigest, document: Vec<u8>) -> Result<PutPayload, ArchiveError> {
        let (keyring, digest) = (Arc::clone(self.keyring()?), digest.clone());
        aside(move || Ok(envelope::seal(&keyring, &digest, &document).into())).await
    }

    /// A folder replaces a file by the same one at no risk. A bucket is asked to keep what it has: versions of the same
    /// would pile up, and what is locked can't be replaced. So what it has is read, and replaced only if it is not whole.
    async fn keep(&self, digest: &DocumentDigest, document: Vec<u8>) -> Result<(), ArchiveError> {
        let (place, object) = (self.place_of(digest), self.sealed(digest, document).await?);
        if matches!(&self.0.place, Place::Bucket(options) if options.if_none_match) {
            match self.0.objects.put_opts(&place, object.clone(), PutMode::Create.into()).await {
                Ok(_) => return Ok(()),
                Err(object_store::Error::AlreadyExists { .. }) => match self.read(digest).await {
                    Ok(_) => return Ok(()),
                    Err(error @ ArchiveError::Unavailable(_)) => return Err(error),
                    Err(lost) => tracing::warn!(error = %lost, "a document of the archive is written again"),
                },
                Err(error) => return Err(self.failure(&error)),
            }
        }
        self.0.objects.put(&place, object).await.map(drop).map_err(|error| self.failure(&error))
    }

    async fn in_time<T>(
        &self,
        operation: impl Future<Output = Result<T, ArchiveError>>,
    ) -> Result<T, ArchiveError> {
        let deadline = match &self.0.place {
            Place::Folder(_) => FOLDER_DEADLINE,
            Place::Bucket(options) => options.timeout,
        };
        self.expect_present()?;
        let late = || ArchiveError::Unavailable(format!("{self} does not answer within {deadline:?}"));
        tokio::time::timeout(deadline, operation).await.unwrap_or_else(|_| Err(late()))
    }

    /// What it means for a document that reading it failed so.
    fn meaning(&self, digest: &DocumentDigest, error: &object_store::Error) -> ArchiveError {
        let missing = match &self.0.place {
            // Where the folder itself has gone, as with a disk that is not mounted, nothing is known of the document.
            Place::Folder(folder) => matches!(error, object_store::Error::NotFound { .. }) && folder.is_dir(),
            Place::Bucket(_) => s3::is_missing_object(error),
        };
        if missing { ArchiveError::Missing(digest.clone()) } else { self.failure(error) }
    }

    fn failure(&self, error: &object_store::Error) -> ArchiveError {
        ArchiveError::Unavailable(match &self.0.place {
            Place::Folder(_) => error.to_string(),
            Place::Bucket(options) => s3::explain(error, options),
        })
    }

    /// Folders of two digits keep each of them small.
    fn place_of(&self, digest: &DocumentDigest) -> Path {
        let name = digest.as_str();
        let place = Path::from_iter([name.get(..2).unwrap_or_default(), name]);
        match &self.0.place {
            Place::Bucket(options) => {
                Path::from(options.prefix.as_str()).parts().chain(place.parts()).collect()
            }
            Place::Folder(_) => place,
        }
    }
}

/// Where the documents are, as an operator knows it.
impl fmt::Display for Archive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.place {
            Place::Folder(folder) => write!(formatter, "folder {}", folder.display()),
            Place::Bucket(options) => {
                write!(formatter, "bucket {} of {}", options.bucket, options.endpoint)?;
                if !options.prefix.is_empty() {
                    write!(formatter, " under {}", options.prefix)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Archive({self})")
    }
}

/// Ciphers and digests of long documents hold up nobody who waits for a push's answer.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static,
) -> Result<T, ArchiveError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(ArchiveError::Unavailable(error.to_string())))
}

/// The name of a document, whether it is archived or not.
pub fn digest_of(document: &[u8]) -> DocumentDigest {
    DocumentDigest::new(hex::encode(sm3::digest(document)))
}

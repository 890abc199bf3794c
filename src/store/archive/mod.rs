//! Sealed documents, each under its own digest: what was archived can't change unseen. They are in a folder, or in a
//! bucket of an S3-compatible store.

mod condition;
mod options;
mod probe;
mod s3;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

pub use options::{Addressing, ArchiveOptions, Encryption, S3Options};
pub use probe::Trial;

use self::condition::Condition;
use crate::crypto::sm3;
use crate::domain::identity::DocumentDigest;
use crate::telemetry::Metrics;

/// A folder on a network that does not answer holds nobody up for longer.
const FOLDER_DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("the archive has no document `{0}`")]
    Missing(DocumentDigest),
    /// The stored bytes have another digest than their name.
    #[error("document `{expected}`: expected this SM3 digest, found `{found}`")]
    Damaged { expected: DocumentDigest, found: DocumentDigest },
    #[error("the archive can't be used: {0}")]
    Unavailable(String),
}

/// The archive. Clones share it.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    objects: Box<dyn ObjectStore>,
    place: Place,
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
    pub fn open(options: &ArchiveOptions) -> Result<Self, ArchiveError> {
        let (objects, place): (Box<dyn ObjectStore>, _) = match &options.s3 {
            Some(bucket) => (Box::new(s3::open(bucket)?), Place::Bucket(bucket.clone())),
            None => {
                let folder = &options.folder;
                let wrong = |error: &dyn fmt::Display| {
                    ArchiveError::Unavailable(format!("archive.folder `{}`: {error}", folder.display()))
                };
                std::fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
                // A document is on the disk, and its name in the folder too, before anybody is told that it is archived.
                let objects =
                    LocalFileSystem::new_with_prefix(folder).map_err(|error| wrong(&error))?.with_fsync(true);
                (Box::new(objects), Place::Folder(folder.clone()))
            }
        };
        Ok(Self(Arc::new(Inner { objects, place, condition: Condition::default() })))
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
        let kept = self.in_time(self.keep(&digest, document.into())).await;
        self.0.condition.note(&digest, &kept);
        kept.map(|()| digest)
    }

    /// How long a document is, in bytes; None where there is none.
    ///
    /// # Errors
    /// When the archive can't be asked.
    pub async fn size(&self, digest: &DocumentDigest) -> Result<Option<u64>, ArchiveError> {
        let asked = self.in_time(async {
            let place = self.place_of(digest);
            match self.0.objects.head(&place).await {
                Ok(found) => Ok(Some(found.size)),
                // An answer to HEAD has no body, so that a bucket that is not there looks like an object that is not.
                Err(object_store::Error::NotFound { .. }) => match self.0.objects.get(&place).await {
                    Ok(found) => Ok(Some(found.meta.size)),
                    Err(error) => match self.meaning(digest, &error) {
                        ArchiveError::Missing(_) => Ok(None),
                        other => Err(other),
                    },
                },
                Err(error) => Err(self.meaning(digest, &error)),
            }
        });
        asked.await
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

    async fn read(&self, digest: &DocumentDigest) -> Result<Vec<u8>, ArchiveError> {
        let read = async { self.0.objects.get(&self.place_of(digest)).await?.bytes().await };
        let document = read.await.map_err(|error| self.meaning(digest, &error))?;
        let found = digest_of(&document);
        if found != *digest {
            return Err(ArchiveError::Damaged { expected: digest.clone(), found });
        }
        Ok(document.into())
    }

    /// A folder replaces a file by the same one at no risk. A bucket is asked to keep what it has: versions of the same
    /// would pile up, and what is locked can't be replaced. So what it has is read, and replaced only if it is not whole.
    async fn keep(&self, digest: &DocumentDigest, document: PutPayload) -> Result<(), ArchiveError> {
        let place = self.place_of(digest);
        if matches!(&self.0.place, Place::Bucket(options) if options.if_none_match) {
            match self.0.objects.put_opts(&place, document.clone(), PutMode::Create.into()).await {
                Ok(_) => return Ok(()),
                Err(object_store::Error::AlreadyExists { .. }) => match self.read(digest).await {
                    Ok(_) => return Ok(()),
                    Err(error @ ArchiveError::Unavailable(_)) => return Err(error),
                    Err(lost) => tracing::warn!(error = %lost, "a document of the archive is written again"),
                },
                Err(error) => return Err(self.failure(&error)),
            }
        }
        self.0.objects.put(&place, document).await.map(drop).map_err(|error| self.failure(&error))
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

/// The name of a document, whether it is archived or not.
pub fn digest_of(document: &[u8]) -> DocumentDigest {
    DocumentDigest::new(hex::encode(sm3::digest(document)))
}

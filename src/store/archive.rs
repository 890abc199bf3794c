//! Sealed documents, each under its own digest: what was archived can't change unseen.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::Deserialize;

use crate::crypto::sm3;
use crate::domain::identity::DocumentDigest;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArchiveOptions {
    /// Made where it is missing.
    pub folder: PathBuf,
}

impl Default for ArchiveOptions {
    fn default() -> Self {
        Self { folder: PathBuf::from("data/documents") }
    }
}

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
#[derive(Clone, Debug)]
pub struct Archive {
    objects: Arc<dyn ObjectStore>,
}

impl Archive {
    /// # Errors
    /// When the folder can't be made.
    pub fn open(options: &ArchiveOptions) -> Result<Self, ArchiveError> {
        let folder = &options.folder;
        std::fs::create_dir_all(folder).map_err(|error| {
            ArchiveError::Unavailable(format!("archive.folder `{}`: {error}", folder.display()))
        })?;
        // A document is on the disk, and its name in the folder too, before anybody is told that it is archived.
        let objects = LocalFileSystem::new_with_prefix(folder).map_err(unavailable)?.with_fsync(true);
        Ok(Self { objects: Arc::new(objects) })
    }

    /// Keeps a document for good and names it; keeping the same one again changes nothing.
    ///
    /// # Errors
    /// When the document could not be written durably.
    pub async fn put(&self, document: Vec<u8>) -> Result<DocumentDigest, ArchiveError> {
        let digest = digest_of(&document);
        self.objects.put(&place_of(&digest), document.into()).await.map_err(unavailable)?;
        Ok(digest)
    }

    /// How long a document is, in bytes; None where there is none.
    ///
    /// # Errors
    /// When the archive can't be asked.
    pub async fn size(&self, digest: &DocumentDigest) -> Result<Option<u64>, ArchiveError> {
        match self.objects.head(&place_of(digest)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(other) => Err(unavailable(other)),
        }
    }

    /// The document that bears this digest, checked against it.
    ///
    /// # Errors
    /// When there is none, or it has changed.
    pub async fn get(&self, digest: &DocumentDigest) -> Result<Vec<u8>, ArchiveError> {
        let read = async { self.objects.get(&place_of(digest)).await?.bytes().await };
        let document = read.await.map_err(|error| match error {
            object_store::Error::NotFound { .. } => ArchiveError::Missing(digest.clone()),
            other => unavailable(other),
        })?;
        let found = digest_of(&document);
        if found != *digest {
            return Err(ArchiveError::Damaged { expected: digest.clone(), found });
        }
        Ok(document.into())
    }
}

/// The name of a document, whether it is archived or not.
pub fn digest_of(document: &[u8]) -> DocumentDigest {
    DocumentDigest::new(hex::encode(sm3::digest(document)))
}

/// Folders of two digits keep each of them small.
fn place_of(digest: &DocumentDigest) -> Path {
    let name = digest.as_str();
    Path::from_iter([name.get(..2).unwrap_or_default(), name])
}

fn unavailable(error: object_store::Error) -> ArchiveError {
    ArchiveError::Unavailable(error.to_string())
}

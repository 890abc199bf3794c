//! Whether an archive can be used, before a letter needs it.

use std::io::Write as _;
use std::path::Path;

use object_store::{ObjectStore as _, PutMode};

use super::{Archive, ArchiveError, Place, digest_of};

/// A document of its own, always the same, which nothing names: it takes no right to delete to have it once.
const PROBE: &[u8] = b"baohan-gateway: this document shows that the archive can be written and read\n";

/// What a trial has shown of an archive that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// All that is needed.
    Sound,
    /// The bucket takes a document that it has, though it was asked not to: no harm, but that versions pile up.
    Overwrites,
}

impl Archive {
    /// Looks whether a bucket answers, and takes note; after a look that failed nobody else asks it, until one has
    /// succeeded. A folder is looked at as a part of readiness.
    pub async fn look(&self) {
        let Place::Bucket(options) = &self.0.place else { return };
        let digest = digest_of(PROBE);
        let looking = async {
            // Reading is enough to see that all is well. But it may be writing that was not possible.
            if self.outage().is_none() {
                match self.read(&digest).await {
                    Err(error @ ArchiveError::Unavailable(_)) => return Err(error),
                    Err(_) => {}
                    Ok(_) => return Ok(()),
                }
            }
            self.keep(&digest, PROBE.to_vec()).await
        };
        let patience = options.attempt_timeout;
        let late = || ArchiveError::Unavailable(format!("{self} does not answer within {patience:?}"));
        let seen = tokio::time::timeout(patience, looking).await.unwrap_or_else(|_| Err(late()));
        self.0.condition.note_look(seen);
    }

    /// Writes and reads, and asks for what is not there. In a folder nothing is left of it.
    ///
    /// # Errors
    /// When the archive can't be used, or can't tell a document that it may not show from one that it has not.
    pub async fn try_out(&self) -> Result<Trial, ArchiveError> {
        let options = match &self.0.place {
            Place::Folder(folder) => {
                let written = write_and_forget(folder);
                let wrong = |error| {
                    ArchiveError::Unavailable(format!("archive.folder `{}`: {error}", folder.display()))
                };
                return written.map(|()| Trial::Sound).map_err(wrong);
            }
            Place::Bucket(options) => options,
        };
        let digest = digest_of(PROBE);
        self.in_time(async {
            self.keep(&digest, PROBE.to_vec()).await?;
            self.read(&digest).await
        })
        .await?;
        let unknown = digest_of(uuid::Uuid::now_v7().as_bytes());
        if self.size(&unknown).await?.is_some() {
            let problem = format!("{self} has a document `{unknown}` that nobody wrote");
            return Err(ArchiveError::Unavailable(problem));
        }
        if !options.if_none_match {
            return Ok(Trial::Sound);
        }
        let place = self.place_of(&digest);
        let again = self.in_time(async {
            let object = self.sealed(&digest, PROBE.to_vec()).await?;
            let put = self.0.objects.put_opts(&place, object, PutMode::Create.into()).await;
            Ok(if put.is_ok() { Trial::Overwrites } else { Trial::Sound })
        });
        again.await
    }
}

fn write_and_forget(folder: &Path) -> std::io::Result<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(PROBE)?;
    file.sync_all()
}

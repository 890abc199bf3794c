//! Every document that lies in the archive, whether a row of the database names it or not, and the keys that are needed to
//! read them.

use std::collections::BTreeMap;

use futures_util::stream::{BoxStream, StreamExt as _};
use object_store::path::Path;

use super::{Archive, ArchiveError, Form, Place};
use crate::domain::identity::DocumentDigest;

/// Documents that are looked at, at the same time.
const AT_ONCE: usize = 16;

/// A name has this many hexadecimal digits.
const DIGITS: usize = 64;

/// How many documents can be read with which key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// By the id of the key that they are sealed under.
    pub by_key: BTreeMap<[u8; 4], u64>,
    /// In the clear, as an earlier version kept them.
    pub clear: u64,
    /// Sealed, but no key shows: damaged.
    pub unclear: u64,
}

impl Archive {
    /// Counts the documents by the key that they are sealed under, after their first bytes. What is archived meanwhile may be
    /// missed, and so may what is written anew under another key: a key that nothing seals with any more is needed by nobody
    /// once a count begun after its last use shows none.
    ///
    /// # Errors
    /// When the archive can't be listed or asked: then nothing is known of any key.
    pub async fn count_by_key(&self) -> Result<Census, ArchiveError> {
        let looks = self.documents().map(|listed| async move {
            let digest = listed?;
            self.stored(&digest).await
        });
        let mut looks = looks.buffer_unordered(AT_ONCE);
        let mut census = Census::default();
        while let Some(stored) = looks.next().await {
            // Whatever has gone since it was listed needs no key.
            let Some(stored) = stored? else { continue };
            match stored.form {
                Form::Sealed(key) => *census.by_key.entry(key).or_default() += 1,
                Form::Clear => census.clear += 1,
                Form::Unclear => census.unclear += 1,
            }
        }
        Ok(census)
    }

    /// The names of all documents, in no order.
    pub fn documents(&self) -> BoxStream<'_, Result<DocumentDigest, ArchiveError>> {
        let prefix = match &self.0.place {
            Place::Bucket(options) if !options.prefix.is_empty() => Some(Path::from(options.prefix.as_str())),
            _ => None,
        };
        let listed = self.0.objects.list(prefix.as_ref());
        let names = listed.filter_map(|found| async {
            match found {
                Ok(object) => object.location.filename().and_then(named).map(Ok),
                Err(error) => Some(Err(self.failure(&error))),
            }
        });
        names.boxed()
    }
}

/// A folder may hold other files, which are none of ours.
fn named(file: &str) -> Option<DocumentDigest> {
    let is_digest =
        file.len() == DIGITS && file.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it));
    is_digest.then(|| DocumentDigest::new(file))
}

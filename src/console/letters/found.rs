//! Which document an address means, and its bytes.

use crate::console::{Console, Failure};
use crate::domain::Guarantee;
use crate::domain::identity::GuaranteeId;
use crate::store::archive::ArchiveError;
use crate::store::documents::{self, DATA_FORMAT, Document};
use crate::store::guarantees;

/// A letter of a guarantee.
pub(super) struct Found {
    pub(super) guarantee: Guarantee,
    pub(super) document: Document,
}

impl Found {
    /// The letter of this digest, if it is one of this guarantee: an address that names another's leads nowhere.
    pub(super) async fn letter(console: &Console, id: &str, digest: &str) -> Result<Self, Failure> {
        let (id, digest) = (GuaranteeId::new(id), digest.to_owned());
        let found = console.store.read(move |connection| {
            let Some(stored) = guarantees::find(connection, &id)? else { return Ok(None) };
            let letters = documents::for_guarantee(connection, &id)?.into_iter();
            let mut letters = letters.filter(|document| document.format != DATA_FORMAT);
            let document = letters.find(|document| document.digest.as_str() == digest);
            Ok(document.map(|document| Self { guarantee: stored.guarantee, document }))
        });
        found.await?.ok_or(Failure::NotFound)
    }

    /// The guarantee's number, or the application's before there is one.
    pub(super) fn number(&self) -> &str {
        let number = self.guarantee.number();
        number.map_or(self.guarantee.application.number.as_str(), |number| number.as_str())
    }

    /// The file's name.
    pub(super) fn name(&self) -> String {
        format!("{}-{}.{}", self.number(), self.document.letter.name(), self.document.format)
    }

    /// Where the console shows it.
    pub(super) fn place(&self) -> String {
        format!("/guarantees/{}/documents/{}", self.guarantee.id, self.document.digest)
    }

    pub(super) async fn bytes(&self, console: &Console) -> Result<Vec<u8>, Failure> {
        console.archive.get(&self.document.digest).await.map_err(|error| {
            tracing::error!(guarantee.id = %self.guarantee.id, %error, "a letter could not be shown");
            match error {
                ArchiveError::Unavailable(_) => Failure::Busy,
                _ => Failure::Internal,
            }
        })
    }
}

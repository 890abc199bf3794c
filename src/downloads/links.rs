//! The URLs under which platforms are told to fetch documents.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::DownloadOptions;
use crate::domain::identity::{DocumentDigest, GuaranteeId};
use crate::secret::Secret;
use crate::store::links::{self, NewLink};
use crate::store::{Connection, StoreError};
use crate::telemetry::SECRET_PATH;

/// All but the unreserved characters of RFC 3986, 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A document that a platform is to be told of.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    pub guarantee: &'a GuaranteeId,
    pub document: &'a DocumentDigest,
    /// The file's name with its extension. It stands in the URL and in the database in the clear.
    pub name: &'a str,
    pub content_type: &'a str,
}

/// Makes links. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Links {
    public_url: Option<Arc<str>>,
    lifetime: SignedDuration,
}

impl Links {
    pub fn new(options: &DownloadOptions) -> Self {
        Self {
            public_url: options.public_url.as_deref().map(|url| url.trim_end_matches('/').into()),
            lifetime: SignedDuration::from_hours(24 * i64::from(options.days)),
        }
    }

    /// Whether the settings say where platforms reach this gateway (`downloads.public_url`).
    pub fn configured(&self) -> bool {
        self.public_url.is_some()
    }

    /// The document's URL, which opens from now on for as long as the settings say; the same one whenever the same
    /// document is offered. `None` where [`Self::configured`] says no. Whoever has the URL has the document.
    ///
    /// # Errors
    /// When the database fails.
    pub fn url(
        &self,
        connection: &mut Connection,
        offer: &Offer<'_>,
        at: Timestamp,
    ) -> Result<Option<Secret>, StoreError> {
        let Some(public_url) = &self.public_url else { return Ok(None) };
        let new = NewLink {
            guarantee: offer.guarantee.clone(),
            document: offer.document.clone(),
            name: offer.name.to_owned(),
            content_type: offer.content_type.to_owned(),
            expires_at: at.saturating_add(self.lifetime).unwrap_or(Timestamp::MAX),
        };
        let token = links::issue(connection, &new, at)?;
        let name = utf8_percent_encode(offer.name, ENCODED);
        Ok(Some(Secret::new(format!("{public_url}{SECRET_PATH}/{}/{name}", token.expose()))))
    }
}

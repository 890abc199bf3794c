//! A change as it is proposed: complete, and fit to be shown, since its secrets are sealed.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::overlay::Held;
use super::refusal::Refusal;
use super::subject::{SecretKey, Subject};
use crate::crypto::sm3;
use crate::domain::identity::PlatformId;
use crate::secret::Secret;
use crate::store::{Connection, StoreError, changes};

/// The form of a change that this program writes and reads.
const FORMAT: u32 = 1;

/// One or more things that are changed together, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    format: u32,
    pub items: Vec<Item>,
    /// Why, in the words of whoever proposes it.
    pub reason: String,
}

/// One thing of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub subject: Subject,
    /// The version of the subject that the proposal was made against; 0 where the settings alone say what holds.
    pub after: i64,
    pub content: Content,
}

/// What is to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    Secret {
        /// Sealed for its subject, in Base64.
        wrapped: String,
        /// Until when what comes under the former secret is accepted too.
        accept_old_until: Option<Timestamp>,
    },
    /// The keys of an entry of `[[rules]]` but its name (TOML), for what is received from this day on.
    Rule {
        keys: String,
        from: Date,
    },
    Template {
        text: String,
    },
    AsInSettings(Withdrawal),
}

/// What stands above the settings is taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// For a rule: from which day on.
    pub from: Option<Date>,
    /// For a secret: until when what comes under the one that goes is accepted too.
    pub accept_old_until: Option<Timestamp>,
}

impl Change {
    pub fn new(items: Vec<Item>, reason: impl Into<String>) -> Self {
        Self { format: FORMAT, items, reason: reason.into() }
    }

    /// SM3 of all of it.
    pub(super) fn digest(&self) -> Option<String> {
        serde_json::to_vec(self).ok().map(|text| hex::encode(sm3::digest(&text)))
    }

    /// What of a change does not depend on what is in force.
    ///
    /// # Errors
    /// When it is of a newer program, changes nothing, or says of a thing what can't be said of it.
    pub(super) fn expect_sensible(&self) -> Result<(), Refusal> {
        if self.format != FORMAT {
            return Err(Refusal::UnknownFormat(self.format));
        }
        if self.items.is_empty() {
            return Err(Refusal::Nothing);
        }
        if self.reason.trim().is_empty() {
            return Err(Refusal::NoReason);
        }
        for (index, item) in self.items.iter().enumerate() {
            item.expect_sensible()?;
            if self.items.iter().skip(index + 1).any(|other| other.subject == item.subject) {
                return Err(Refusal::Twice(item.subject.clone()));
            }
        }
        Ok(())
    }
}

impl Item {
    fn expect_sensible(&self) -> Result<(), Refusal> {
        let fits = match (&self.subject, &self.content) {
            (Subject::Secret { .. }, Content::Secret { .. })
            | (Subject::Rule { .. }, Content::Rule { .. })
            | (Subject::Template { .. }, Content::Template { .. }) => true,
            (Subject::Secret { .. }, Content::AsInSettings(it)) => it.from.is_none(),
            (Subject::Rule { .. }, Content::AsInSettings(it)) => {
                it.from.is_some() && it.accept_old_until.is_none()
            }
            (Subject::Template { .. }, Content::AsInSettings(it)) => *it == Withdrawal::default(),
            _ => false,
        };
        if fits { Ok(()) } else { Err(Refusal::Mismatched(self.subject.clone())) }
    }

    /// The content with its secret unwrapped, as it is stored.
    ///
    /// # Errors
    /// When the secret was sealed for another subject, or by a key that is not here.
    pub(super) fn held(&self, connection: &Connection) -> Result<Held, StoreError> {
        Ok(match &self.content {
            Content::Secret { wrapped, accept_old_until } => {
                let (kind, id) = (self.subject.kind(), self.subject.id());
                let damaged = |error: String| StoreError::Damaged {
                    table: "changes",
                    row: self.subject.to_string(),
                    detail: error,
                };
                let wrapped = BASE64_STANDARD.decode(wrapped).map_err(|error| damaged(error.to_string()))?;
                let bytes = changes::unwrap(connection, kind, &id, &wrapped)?;
                let text = std::str::from_utf8(&bytes).map_err(|error| damaged(error.to_string()))?;
                Held::Secret { secret: Secret::new(text), accept_old_until: *accept_old_until }
            }
            Content::Rule { keys, from } => Held::Rule { keys: keys.clone(), from: *from },
            Content::Template { text } => Held::Template { text: text.clone() },
            Content::AsInSettings(withdrawal) => Held::AsInSettings(withdrawal.clone()),
        })
    }
}

/// The item that gives a platform another secret. From here on the secret is seen by nobody: a proposal holds it sealed.
///
/// # Errors
/// When the database fails.
pub fn propose_secret(
    connection: &mut Connection,
    platform: &PlatformId,
    key: SecretKey,
    secret: &Secret,
    accept_old_until: Option<Timestamp>,
) -> Result<Item, StoreError> {
    let subject = Subject::Secret { platform: platform.clone(), key };
    let (kind, id) = (subject.kind(), subject.id());
    let after = changes::latest(connection, kind, &id)?.map_or(0, |it| it.version);
    let wrapped = BASE64_STANDARD.encode(changes::wrap(connection, kind, &id, secret.expose()));
    Ok(Item { subject, after, content: Content::Secret { wrapped, accept_old_until } })
}

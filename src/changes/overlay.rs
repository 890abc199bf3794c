//! What stands above the settings files, as the database has it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::adoption::Prepared;
use super::change::Withdrawal;
use super::subject::{SecretKey, Subject};
use crate::domain::identity::PlatformId;
use crate::secret::Secret;
use crate::store::{Connection, StoreError, changes};

/// All versions that were ever adopted, the first one first.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    versions: Vec<Version>,
}

/// A version of a subject.
#[derive(Clone, Debug)]
pub struct Version {
    pub generation: i64,
    pub subject: Subject,
    /// Counts the versions of the subject, from 1.
    pub number: i64,
    pub held: Held,
    pub reason: String,
    pub digest: Option<String>,
    pub previous: Option<String>,
    pub made_by: String,
    pub approved_by: String,
    pub proposal: String,
    pub adopted_at: Timestamp,
}

/// What a version puts in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    Secret { secret: Secret, accept_old_until: Option<Timestamp> },
    Rule { keys: String, from: Date },
    Template { text: String },
    AsInSettings(Withdrawal),
}

/// How a version is stored. Secrets are in the clear in it, so that it goes into a sealed column and nowhere else.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Body {
    Secret { secret: Zeroizing<String>, accept_old_until: Option<Timestamp>, reason: String },
    Rule { keys: String, from: Date, reason: String },
    Template { text: String, reason: String },
    AsInSettings { withdrawal: Withdrawal, reason: String },
}

/// A platform's secrets that were changed together.
pub(super) struct Turn {
    /// None where the settings' own holds again.
    pub(super) secrets: Vec<(SecretKey, Option<Secret>)>,
    /// Until when what comes under the secrets before is accepted too.
    pub(super) accept_old_until: Option<Timestamp>,
}

impl Held {
    pub(super) fn to_body(&self, reason: &str) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        let reason = reason.to_owned();
        let body = match self.clone() {
            Self::Secret { secret, accept_old_until } => {
                Body::Secret { secret: Zeroizing::new(secret.expose().to_owned()), accept_old_until, reason }
            }
            Self::Rule { keys, from } => Body::Rule { keys, from, reason },
            Self::Template { text } => Body::Template { text, reason },
            Self::AsInSettings(withdrawal) => Body::AsInSettings { withdrawal, reason },
        };
        serde_json::to_vec(&body).map(Zeroizing::new)
    }

    pub(super) fn from_body(body: &[u8]) -> serde_json::Result<(Self, String)> {
        Ok(match serde_json::from_slice(body)? {
            Body::Secret { secret, accept_old_until, reason } => {
                (Self::Secret { secret: Secret::new(secret.as_str()), accept_old_until }, reason)
            }
            Body::Rule { keys, from, reason } => (Self::Rule { keys, from }, reason),
            Body::Template { text, reason } => (Self::Template { text }, reason),
            Body::AsInSettings { withdrawal, reason } => (Self::AsInSettings(withdrawal), reason),
        })
    }
}

impl Overlay {
    /// Reads all that was adopted.
    ///
    /// # Errors
    /// When the database fails, or holds a version that this program can't read.
    pub fn read(connection: &mut Connection) -> Result<Self, StoreError> {
        let versions = changes::all(connection)?.into_iter().map(Version::of).collect::<Result<_, _>>()?;
        Ok(Self { versions })
    }

    #[cfg(test)]
    pub(super) fn of(versions: Vec<Version>) -> Self {
        Self { versions }
    }

    /// How many adoptions made it; 0 where the settings alone say what holds.
    pub fn generation(&self) -> i64 {
        self.versions.last().map_or(0, |it| it.generation)
    }

    /// All versions, the latest first.
    pub fn history(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().rev()
    }

    /// The last version of each subject that stands above the settings, in the order of the subjects.
    pub fn standing(&self) -> Vec<&Version> {
        let latest: BTreeMap<&Subject, &Version> = self.versions.iter().map(|it| (&it.subject, it)).collect();
        latest.into_values().filter(|it| !matches!(it.held, Held::AsInSettings(_))).collect()
    }

    /// The last version of a subject.
    pub fn latest(&self, subject: &Subject) -> Option<&Version> {
        self.versions.iter().rev().find(|it| it.subject == *subject)
    }

    /// The same with a change that is not adopted.
    pub(super) fn with(&self, prepared: &[Prepared], at: Timestamp) -> Self {
        let mut with = self.clone();
        for Prepared { subject, held, digest } in prepared {
            let before = with.latest(subject);
            let (number, previous) =
                (before.map_or(0, |it| it.number), before.and_then(|it| it.digest.clone()));
            with.versions.push(Version {
                generation: with.generation().saturating_add(1),
                subject: subject.clone(),
                number: number.saturating_add(1),
                held: held.clone(),
                reason: String::new(),
                digest: digest.clone(),
                previous,
                made_by: String::new(),
                approved_by: String::new(),
                proposal: String::new(),
                adopted_at: at,
            });
        }
        with
    }

    /// The same without anything that was said of a rule.
    pub(super) fn without_rule(&self, name: &str) -> Self {
        let others = |it: &&Version| !matches!(&it.subject, Subject::Rule { name: other } if other == name);
        Self { versions: self.versions.iter().filter(others).cloned().collect() }
    }

    /// What was said of rules, the first one first: name and number of the version, what holds, from when on.
    pub(super) fn of_rules(&self) -> impl Iterator<Item = (&str, &Version)> {
        self.versions.iter().filter_map(|it| match &it.subject {
            Subject::Rule { name } => Some((name.as_str(), it)),
            _ => None,
        })
    }

    /// The texts of templates that stand above the settings, by name.
    pub fn templates(&self) -> BTreeMap<String, String> {
        let standing = self.standing().into_iter();
        let texts = standing.filter_map(|it| match (&it.subject, &it.held) {
            (Subject::Template { name }, Held::Template { text }) => Some((name.clone(), text.clone())),
            _ => None,
        });
        texts.collect()
    }

    /// How a platform's secrets were changed, one adoption after the other.
    pub(super) fn turns(&self, platform: &PlatformId) -> Vec<Turn> {
        let of_platform = self.versions.iter().filter_map(|it| match &it.subject {
            Subject::Secret { platform: of, key } if of == platform => Some((*key, it)),
            _ => None,
        });
        let of_platform: Vec<(SecretKey, &Version)> = of_platform.collect();
        let together = |(_, left): &(SecretKey, &Version), (_, right): &(SecretKey, &Version)| {
            (&left.proposal, left.adopted_at) == (&right.proposal, right.adopted_at)
        };
        let turns = of_platform.chunk_by(together).map(|versions| Turn {
            accept_old_until: versions.iter().filter_map(|(_, it)| it.held.accept_old_until()).max(),
            secrets: versions.iter().map(|(key, it)| (*key, it.held.secret().cloned())).collect(),
        });
        turns.collect()
    }
}

impl Held {
    fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret { secret, .. } => Some(secret),
            _ => None,
        }
    }

    /// Until when what comes under the secret before is accepted too.
    pub fn accept_old_until(&self) -> Option<Timestamp> {
        match self {
            Self::Secret { accept_old_until, .. }
            | Self::AsInSettings(Withdrawal { accept_old_until, .. }) => *accept_old_until,
            Self::Rule { .. } | Self::Template { .. } => None,
        }
    }

    /// From which day on it holds; None where it holds at once.
    pub fn from(&self) -> Option<Date> {
        match self {
            Self::Rule { from, .. } => Some(*from),
            Self::AsInSettings(withdrawal) => withdrawal.from,
            Self::Secret { .. } | Self::Template { .. } => None,
        }
    }
}

impl Version {
    fn of(stored: changes::Version) -> Result<Self, StoreError> {
        let damaged = |detail: String| StoreError::Damaged {
            table: "changes",
            row: stored.generation.to_string(),
            detail,
        };
        let subject = Subject::read(&stored.kind, &stored.subject);
        let subject = subject.ok_or_else(|| {
            damaged(format!("expected a subject that this program knows, found `{}`", stored.kind))
        })?;
        let (held, reason) = Held::from_body(&stored.body).map_err(|error| damaged(error.to_string()))?;
        Ok(Self {
            generation: stored.generation,
            subject,
            number: stored.version,
            held,
            reason,
            digest: stored.digest,
            previous: stored.previous,
            made_by: stored.made_by,
            approved_by: stored.approved_by,
            proposal: stored.proposal,
            adopted_at: stored.adopted_at,
        })
    }
}

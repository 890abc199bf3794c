//! What a snapshot says of itself.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crypto::keyring::{Context, Keyring};
use crate::crypto::sm3;

/// Grows when an earlier program could not read a snapshot any more. Since 2, documents are sealed, and databases have keys of
/// their own.
const FORMAT: u32 = 2;

/// The first one that this program can read.
const OLDEST_FORMAT: u32 = 1;

/// What wrote the copy of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// The file's name in a snapshot.
    pub fn file(self) -> &'static str {
        match self {
            Self::Sqlite => "database.sqlite",
            Self::Postgres => "database.dump",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    pub made_at: Timestamp,
    pub engine: Engine,
    /// The versions of the migrations that its tables have seen.
    pub schema: BTreeSet<String>,
    pub database: Part,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    pub documents: Documents,
    pub keys: Keys,
}

/// A file of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub bytes: u64,
    pub sm3: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Documents {
    pub count: u64,
    pub bytes: u64,
    /// The SM3 of their list.
    pub list_sm3: String,
    /// Those that the archive did not have, or had as other bytes, when the snapshot was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// The ids of the master keys under which they are sealed, with the number of documents.
    #[serde(default)]
    pub keys: BTreeMap<String, u64>,
}

/// What a restored gateway needs and the snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The ids of the keys under which its values are sealed, with the number of values. They are in the database itself,
    /// wrapped under the master key that sealed the manifest; an id tells nothing of its key.
    #[serde(alias = "master")]
    pub sealing: BTreeMap<String, u64>,
    /// The settings that name keys and secrets.
    pub settings: Vec<String>,
}

/// As it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    manifest: Box<serde_json::value::RawValue>,
    /// The SM3 of the manifest's bytes, sealed under the master key: nobody without the master key can write another.
    seal: String,
}

impl Manifest {
    pub const FORMAT: u32 = FORMAT;

    /// The text of the file.
    pub fn to_file(&self, snapshot: &str, keyring: &Keyring) -> anyhow::Result<String> {
        let manifest = serde_json::value::RawValue::from_string(serde_json::to_string(self)?)?;
        let seal = keyring.seal_by_master(&place(snapshot), &sm3::digest(manifest.get().as_bytes()));
        Ok(serde_json::to_string(&Sealed { manifest, seal: hex::encode(seal) })? + "\n")
    }

    /// Reads the file, and yields whether the keyring's seal on it holds: None if nobody can tell without a key.
    ///
    /// # Errors
    /// When it is no manifest, or one of a later format.
    pub fn from_file(
        text: &str,
        snapshot: &str,
        keyring: Option<&Keyring>,
    ) -> anyhow::Result<(Self, Option<SealCheck>)> {
        let sealed: Sealed = serde_json::from_str(text).context("expected a manifest")?;
        let format: Format = serde_json::from_str(sealed.manifest.get()).context("expected a manifest")?;
        if !(OLDEST_FORMAT..=FORMAT).contains(&format.format) {
            bail!(
                "expected format {OLDEST_FORMAT} to {FORMAT} of backups, found {}: use the program that made it",
                format.format
            );
        }
        let manifest = serde_json::from_str(sealed.manifest.get()).context("expected a manifest")?;
        let check = keyring.map(|keyring| {
            let Ok(seal) = hex::decode(&sealed.seal) else { return SealCheck::Broken };
            match Keyring::id_of(&seal) {
                Some(id) if !keyring.has_master(id) => SealCheck::OtherKey(hex::encode(id)),
                _ => match keyring.open_by_master(&place(snapshot), &seal) {
                    Ok(digest) if *digest == sm3::digest(sealed.manifest.get().as_bytes()) => {
                        SealCheck::Holds
                    }
                    _ => SealCheck::Broken,
                },
            }
        });
        Ok((manifest, check))
    }

    /// The newest migration that its tables have seen.
    pub fn newest_migration(&self) -> &str {
        self.schema.last().map_or("none", String::as_str)
    }
}

/// What has become of a manifest's seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealCheck {
    Holds,
    /// It was made under the master key of this id.
    OtherKey(String),
    /// The manifest was changed, or belongs to another snapshot.
    Broken,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// The name keeps a manifest from being passed off as another snapshot's.
fn place(snapshot: &str) -> Context<'_> {
    Context { table: "backup", row: snapshot, column: "manifest" }
}

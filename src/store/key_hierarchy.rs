//! The keys below the master key, as the database keeps them: wrapped, with the times of their lives.
//!
//! A keyring's data keys are those of the database that it was opened for. Whoever changes a key takes the one row of the
//! hierarchy first and lets its generation grow; each process looks every second whether it has, and also whenever it meets a
//! key that it lacks. What is sealed under a key was committed after the key, so whoever sees the one finds the other.

mod destruction;
mod founding;
mod reseal;
mod rewrap;
mod rotation;
mod usage;

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use jiff::Timestamp;

use super::connection::{Connection, Link, on};
use super::error::StoreError;
use super::schema::{data_keys, key_encryption_keys, key_hierarchy};
use super::time::{from_micros, optional_from_micros};
use crate::crypto::keyring::{HierarchyError, KeyId, Purpose, StoredKek, StoredKey};

pub use destruction::{Destruction, destroy, destroy_kek, forget_remnants};
pub use reseal::{Pass, Resealed, reseal};
pub use rewrap::rewrap;
pub use rotation::{Rotated, rotate, rotate_kek};
pub use usage::{Usage, usage};

const KEKS: &str = "key_encryption_keys";
const KEYS: &str = "data_keys";

/// The one row of its table.
const HEAD: &str = "keys";

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Made, and not used yet.
    Pending,
    /// Used for what is new.
    Active,
    /// Still opens what it sealed.
    Retired,
    /// Gone.
    Destroyed,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Destroyed => "destroyed",
        }
    }
}

/// A key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kek {
    pub stored: StoredKek,
    pub created_at: Timestamp,
    pub retired_at: Option<Timestamp>,
    pub destroyed_at: Option<Timestamp>,
}

impl Kek {
    pub fn state(&self) -> State {
        match (self.destroyed_at, self.retired_at) {
            (Some(_), _) => State::Destroyed,
            (None, Some(_)) => State::Retired,
            (None, None) => State::Active,
        }
    }
}

/// A data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKey {
    pub stored: StoredKey,
    pub created_at: Timestamp,
    pub retired_at: Option<Timestamp>,
    pub destroyed_at: Option<Timestamp>,
}

impl DataKey {
    pub fn state(&self, now: Timestamp) -> State {
        match self.destroyed_at {
            Some(_) => State::Destroyed,
            None if self.stored.activates_at > now => State::Pending,
            None if self.retired_at.is_some_and(|at| at <= now) => State::Retired,
            None => State::Active,
        }
    }

    pub fn id(&self) -> String {
        hex::encode(self.stored.id)
    }
}

/// All keys of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hierarchy {
    /// Grows with each change; 0 where nothing has been made yet.
    pub generation: i64,
    /// Oldest first.
    pub keks: Vec<Kek>,
    /// By purpose, oldest first.
    pub keys: Vec<DataKey>,
}

impl Hierarchy {
    /// The one that wraps.
    pub fn wrapping(&self) -> Option<&Kek> {
        self.keks.iter().rev().find(|kek| kek.state() == State::Active)
    }

    /// What a keyring needs of it.
    pub fn stored(&self) -> (Vec<StoredKek>, Vec<StoredKey>) {
        let keks = self.keks.iter().filter(|kek| kek.destroyed_at.is_none());
        let keys = self.keys.iter().map(|key| key.stored.clone());
        (keks.map(|kek| kek.stored.clone()).collect(), keys.collect())
    }

    fn ids(&self) -> BTreeSet<KeyId> {
        self.keys.iter().map(|key| key.stored.id).collect()
    }
}

impl From<HierarchyError> for StoreError {
    fn from(error: HierarchyError) -> Self {
        match error {
            HierarchyError::OtherMaster { .. } => Self::Unusable(error.to_string()),
            other => Self::damaged(KEYS, "", other),
        }
    }
}

type KekRow = (i64, String, String, i64, Option<i64>, Option<i64>);
type KeyRow = (String, String, i64, String, i64, i64, Option<i64>, Option<i64>);

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = BigInt)]
    now: i64,
}

/// How often any key has been changed. One look at one row.
///
/// # Errors
/// When the database fails.
pub fn generation(connection: &mut Connection) -> Result<i64, StoreError> {
    let query = key_hierarchy::table.find(HEAD).select(key_hierarchy::generation);
    let found: Option<i64> = on!(connection, |link| query.first(link).optional())?;
    Ok(found.unwrap_or_default())
}

/// All keys.
///
/// # Errors
/// When the database fails, or a row is not what the gateway writes.
pub fn read(connection: &mut Connection) -> Result<Hierarchy, StoreError> {
    let generation = generation(connection)?;
    let query = key_encryption_keys::table.order(key_encryption_keys::version);
    let keks: Vec<KekRow> = on!(connection, |link| query.load(link))?;
    let query = data_keys::table.order((data_keys::purpose, data_keys::activates_at, data_keys::id));
    let keys: Vec<KeyRow> = on!(connection, |link| query.load(link))?;
    Ok(Hierarchy {
        generation,
        keks: keks.into_iter().map(kek_of).collect::<Result<_, _>>()?,
        keys: keys.into_iter().map(key_of).collect::<Result<_, _>>()?,
    })
}

fn kek_of(row: KekRow) -> Result<Kek, StoreError> {
    let (version, master, wrapped, created_at, retired_at, destroyed_at) = row;
    let place = version.to_string();
    Ok(Kek {
        created_at: from_micros(KEKS, &place, created_at)?,
        retired_at: optional_from_micros(KEKS, &place, retired_at)?,
        destroyed_at: optional_from_micros(KEKS, &place, destroyed_at)?,
        stored: StoredKek { version, master, wrapped },
    })
}

fn key_of(row: KeyRow) -> Result<DataKey, StoreError> {
    let (purpose, id, kek, wrapped, created_at, activates_at, retired_at, destroyed_at) = row;
    let place = format!("{purpose}/{id}");
    let damaged = |what: &str| StoreError::damaged(KEYS, &place, what);
    let stored = StoredKey {
        id: parse_id(&id).ok_or_else(|| damaged("expected an id of 8 hex digits"))?,
        purpose: Purpose::from_name(&purpose).ok_or_else(|| damaged("a purpose that nobody knows"))?,
        kek,
        wrapped: destroyed_at.is_none().then_some(wrapped),
        activates_at: from_micros(KEYS, &place, activates_at)?,
    };
    Ok(DataKey {
        stored,
        created_at: from_micros(KEYS, &place, created_at)?,
        retired_at: optional_from_micros(KEYS, &place, retired_at)?,
        destroyed_at: optional_from_micros(KEYS, &place, destroyed_at)?,
    })
}

/// A key-encryption key of a copied database, as texts: version, id of its master key, wrapped, and when it was destroyed.
/// None where it was, or where it is none.
pub fn kek_of_texts(texts: [&str; 4]) -> Option<StoredKek> {
    let [version, master, wrapped, destroyed_at] = texts;
    let version = version.parse().ok().filter(|_| destroyed_at.is_empty())?;
    Some(StoredKek { version, master: master.to_owned(), wrapped: wrapped.to_owned() })
}

/// A data key of a copied database, as texts: purpose, id, version of its key-encryption key, wrapped, when it comes into use
/// and when it was destroyed.
pub fn key_of_texts(texts: [&str; 6]) -> Option<StoredKey> {
    let [purpose, id, kek, wrapped, activates_at, destroyed_at] = texts;
    Some(StoredKey {
        purpose: Purpose::from_name(purpose)?,
        id: parse_id(id)?,
        kek: kek.parse().ok()?,
        wrapped: destroyed_at.is_empty().then(|| wrapped.to_owned()),
        activates_at: Timestamp::from_microsecond(activates_at.parse().ok()?).ok()?,
    })
}

/// The id of a data key as people write it: 8 hex digits.
pub fn parse_id(text: &str) -> Option<KeyId> {
    hex::decode(text).ok()?.try_into().ok()
}

/// Takes the row of the hierarchy, so that nobody else changes a key before this transaction ends, and reads all keys as they
/// are now. The generation grows.
fn take(connection: &mut Connection) -> Result<Hierarchy, StoreError> {
    let row = key_hierarchy::table.find(HEAD);
    let grown = diesel::update(row).set(key_hierarchy::generation.eq(key_hierarchy::generation + 1));
    if on!(connection, |link| grown.execute(link))? == 0 {
        return Err(StoreError::Unusable(
            "the database has no keys yet: `baohan migrate` makes them".to_owned(),
        ));
    }
    read(connection)
}

impl Connection {
    /// The database's own time.
    pub(super) fn database_time(&mut self) -> Result<Timestamp, StoreError> {
        let query = format!("SELECT {} AS now", self.fragments().now);
        let Now { now } = on!(self, |link| diesel::sql_query(query).get_result(link))?;
        from_micros("key_hierarchy", HEAD, now)
    }

    /// Takes over the data keys of this database, where its tables are there and keys in them.
    pub(super) fn load_keys(&mut self) -> Result<(), StoreError> {
        if !self.has_key_tables()? {
            return Ok(());
        }
        let hierarchy = read(self)?;
        let now = self.database_time()?;
        self.install(&hierarchy, now)
    }

    fn install(&mut self, hierarchy: &Hierarchy, now: Timestamp) -> Result<(), StoreError> {
        if hierarchy.generation == 0 {
            return Ok(());
        }
        let (keks, keys) = hierarchy.stored();
        Ok(self.keyring().install(&keks, &keys, now)?)
    }

    fn has_key_tables(&mut self) -> Result<bool, StoreError> {
        let query = match &self.link {
            Link::Sqlite(_) => {
                "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name = 'key_hierarchy'"
            }
            #[cfg(feature = "postgres")]
            Link::Postgres(_) => {
                "SELECT table_name::text AS line FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_name = 'key_hierarchy'"
            }
        };
        let found: Vec<Line> = on!(self, |link| diesel::sql_query(query).load(link))?;
        Ok(found.iter().any(|it| it.line == "key_hierarchy"))
    }
}

impl super::Store {
    /// Takes over what has become of the keys since, and puts into use what is due by now; true where something changed.
    ///
    /// # Errors
    /// When the database fails, or the keys are not to be had with this master key; then the keyring stays as it is.
    pub async fn follow_keys(&self, known: i64, now: Timestamp) -> Result<Option<i64>, StoreError> {
        let keyring = std::sync::Arc::clone(&self.opener.keyring);
        keyring.tick(now);
        if self.read(generation).await? == known && keyring.has_data_keys() {
            return Ok(None);
        }
        let hierarchy = self.read(read).await?;
        let (keks, keys) = hierarchy.stored();
        keyring.install(&keks, &keys, now)?;
        Ok(Some(hierarchy.generation))
    }
}

//! Keys of the core system's interface: what is kept of them can't open it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::api_keys::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::crypto::sm3;
use crate::secret::Secret;

const TABLE: &str = "api_keys";

/// What a key begins with, so that people and scanners recognise one that lies about.
const PREFIX: &str = "bhk_";

/// How long the note of a key's last use may be behind: a busy client does not cause a write with each request.
const LAST_USE_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// A key as the core system sends it: `bhk_` and 256 random bits in Base64 for URLs. Debug prints nothing of it.
#[derive(Clone, Debug, zeroize::ZeroizeOnDrop)]
pub struct ApiKey(Secret);

impl ApiKey {
    pub fn generate() -> Self {
        Self(Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))))
    }

    /// Any text; one that is no key is found nowhere.
    pub fn presented(text: &str) -> Self {
        Self(Secret::new(text))
    }

    /// For the one time that it is shown to whoever asked for it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept of it (SM3, hex). A key is as random as its hash is long: nothing slower is called for.
    pub fn hash(&self) -> String {
        hex::encode(sm3::digest(self.0.expose().as_bytes()))
    }
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: String,
    /// Whose key it is; several keys of one client are the same caller.
    pub client: String,
    /// Names of scopes, as the API reads them.
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
}

impl KeyRecord {
    pub fn is_valid(&self, at: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| at < end)
    }

    /// Whether its last use should be noted once more.
    pub fn use_is_news(&self, at: Timestamp) -> bool {
        self.last_used_at.is_none_or(|noted| at.duration_since(noted) >= LAST_USE_WITHIN)
    }
}

/// A key that is to open the interface from now on.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub client: String,
    pub scopes: Vec<String>,
    pub expires_at: Option<Timestamp>,
}

/// Keeps a key's hash; tells the id by which it is listed and revoked.
///
/// # Errors
/// When the database fails.
pub fn insert(
    connection: &mut Connection,
    key: &ApiKey,
    new: &NewKey,
    at: Timestamp,
) -> Result<String, StoreError> {
    let id = uuid::Uuid::now_v7().to_string();
    let row = (
        dsl::id.eq(&id),
        dsl::client.eq(&new.client),
        dsl::hash.eq(key.hash()),
        dsl::scopes.eq(new.scopes.join(" ")),
        dsl::created_at.eq(to_micros(at)),
        dsl::expires_at.eq(new.expires_at.map(to_micros)),
    );
    on!(connection, |link| diesel::insert_into(api_keys::table).values(row).execute(link))?;
    Ok(id)
}

/// The record of a key, valid or not.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, key: &ApiKey) -> Result<Option<KeyRecord>, StoreError> {
    let query = api_keys::table.filter(dsl::hash.eq(key.hash())).select(columns());
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(record_of).transpose()
}

/// All keys, the oldest first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn list(connection: &mut Connection) -> Result<Vec<KeyRecord>, StoreError> {
    let query = api_keys::table.order(dsl::id).select(columns());
    let rows: Vec<Row> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(record_of).collect()
}

/// From now on the key opens nothing; `false` where no valid one has this id.
///
/// # Errors
/// When the database fails.
pub fn revoke(connection: &mut Connection, id: &str, at: Timestamp) -> Result<bool, StoreError> {
    let valid = api_keys::table.find(id).filter(dsl::revoked_at.is_null());
    let revoked = dsl::revoked_at.eq(Some(to_micros(at)));
    Ok(on!(connection, |link| diesel::update(valid).set(revoked).execute(link))? == 1)
}

/// # Errors
/// When the database fails.
pub fn note_use(connection: &mut Connection, id: &str, at: Timestamp) -> Result<(), StoreError> {
    let used = dsl::last_used_at.eq(Some(to_micros(at)));
    on!(connection, |link| diesel::update(api_keys::table.find(id)).set(used).execute(link))?;
    Ok(())
}

type Row = (String, String, String, i64, Option<i64>, Option<i64>, Option<i64>);

type Columns =
    (dsl::id, dsl::client, dsl::scopes, dsl::created_at, dsl::expires_at, dsl::revoked_at, dsl::last_used_at);

fn columns() -> Columns {
    (dsl::id, dsl::client, dsl::scopes, dsl::created_at, dsl::expires_at, dsl::revoked_at, dsl::last_used_at)
}

fn record_of((id, client, scopes, created, expires, revoked, used): Row) -> Result<KeyRecord, StoreError> {
    Ok(KeyRecord {
        created_at: from_micros(TABLE, &id, created)?,
        expires_at: optional_from_micros(TABLE, &id, expires)?,
        revoked_at: optional_from_micros(TABLE, &id, revoked)?,
        last_used_at: optional_from_micros(TABLE, &id, used)?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        id,
        client,
    })
}

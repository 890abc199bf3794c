//! The people who may sign in to the console.
//!
//! What an account permits is marked: a row that was changed by hand, or moved, can't be read any more.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::users::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::crypto::sm3;
use crate::secret::Secret;

const TABLE: &str = "users";

/// A person, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub name: String,
    /// Names of roles, as the console reads them.
    pub roles: Vec<String>,
    /// argon2id in the PHC form; None where somebody signs in through the institution's identity provider only.
    pub password_hash: Option<String>,
    /// Until when a password holds that somebody else made; None once the person has chosen one.
    pub initial_until: Option<Timestamp>,
    pub identity: Option<Identity>,
    /// What one-time codes are made of (Base32).
    pub second_factor: Option<Secret>,
    pub created_at: Timestamp,
    /// None while the person may sign in.
    pub disabled_at: Option<Timestamp>,
    /// Counts the changes of the row.
    version: i64,
}

/// Who somebody is to an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
}

/// What stands between an account and those who try passwords and codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Since the last sign-in.
    pub failures: i64,
    pub until: Option<Timestamp>,
    /// The time step of the last one-time code that was accepted.
    pub last_step: Option<i64>,
}

/// A row of the list of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub name: String,
    /// None where the row was changed by hand: it opens nothing.
    pub user: Option<User>,
    pub lock: Lock,
}

impl User {
    /// Somebody new, who can't sign in yet by anything.
    pub fn new(name: &str, roles: Vec<String>, at: Timestamp) -> Self {
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            name: name.to_owned(),
            roles,
            password_hash: None,
            initial_until: None,
            identity: None,
            second_factor: None,
            created_at: at,
            disabled_at: None,
            version: 0,
        }
    }

    /// SM3 over everything that decides what the account permits and what opens it. Lengths keep values apart.
    fn digest(&self) -> [u8; 32] {
        let number = |at: Option<Timestamp>| at.map(|at| to_micros(at).to_string());
        let identity = self.identity.as_ref();
        let parts = [
            Some(self.id.clone()),
            Some(self.name.clone()),
            Some(self.roles.join(" ")),
            self.password_hash.clone(),
            number(self.initial_until),
            identity.map(|identity| identity.issuer.clone()),
            identity.map(|identity| identity.subject.clone()),
            self.second_factor.as_ref().map(|secret| secret.expose().to_owned()),
            number(Some(self.created_at)),
            number(self.disabled_at),
        ];
        let mut hasher = sm3::Hasher::new();
        for part in parts.map(|part| part.map(zeroize::Zeroizing::new)) {
            let length = part.as_ref().map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
            hasher.update(&length.to_be_bytes());
            hasher.update(part.as_ref().map_or(b"", |part| part.as_bytes()));
        }
        hasher.finish()
    }
}

macro_rules! marked {
    ($connection:expr, $user:expr) => {{
        let (connection, user): (&Connection, &User) = ($connection, $user);
        let factor = user.second_factor.as_ref();
        let factor = factor
            .map(|secret| connection.seal(TABLE, &user.id, "second_factor", secret.expose().as_bytes()));
        let identity = user.identity.as_ref();
        (
            dsl::name.eq(user.name.clone()),
            dsl::roles.eq(user.roles.join(" ")),
            dsl::password_hash.eq(user.password_hash.clone()),
            dsl::initial_until.eq(user.initial_until.map(to_micros)),
            dsl::issuer.eq(identity.map(|identity| identity.issuer.clone())),
            dsl::subject.eq(identity.map(|identity| identity.subject.clone())),
            dsl::second_factor.eq(factor),
            dsl::created_at.eq(to_micros(user.created_at)),
            dsl::disabled_at.eq(user.disabled_at.map(to_micros)),
            dsl::mark.eq(connection.seal(TABLE, &user.id, "mark", &user.digest())),
        )
    }};
}

/// # Errors
/// When the database fails, or the name or identity is taken ([`StoreError::Duplicate`]).
pub fn insert(connection: &mut Connection, user: &User) -> Result<(), StoreError> {
    let row = (
        dsl::id.eq(user.id.clone()),
        marked!(connection, user),
        dsl::version.eq(user.version),
        dsl::failures.eq(0),
    );
    on!(connection, |link| diesel::insert_into(users::table).values(row).execute(link))?;
    Ok(())
}

/// Writes what was changed of a user that was read.
///
/// # Errors
/// When the database fails, or somebody else changed the row meanwhile ([`StoreError::Conflict`]).
pub fn save(connection: &mut Connection, user: &User) -> Result<(), StoreError> {
    let row = users::table.find(&user.id).filter(dsl::version.eq(user.version));
    let values = (marked!(connection, user), dsl::version.eq(user.version.saturating_add(1)));
    let changed = on!(connection, |link| diesel::update(row).set(values).execute(link))?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// # Errors
/// When the database fails, or the row was changed by hand ([`StoreError::Damaged`]).
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<User>, StoreError> {
    let query = users::table.find(id);
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(|row| row.read(connection)).transpose()
}

/// # Errors
/// As [`find`].
pub fn find_by_name(connection: &mut Connection, name: &str) -> Result<Option<User>, StoreError> {
    let query = users::table.filter(dsl::name.eq(name));
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(|row| row.read(connection)).transpose()
}

/// # Errors
/// As [`find`].
pub fn find_by_identity(
    connection: &mut Connection,
    identity: &Identity,
) -> Result<Option<User>, StoreError> {
    let query =
        users::table.filter(dsl::issuer.eq(&identity.issuer)).filter(dsl::subject.eq(&identity.subject));
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(|row| row.read(connection)).transpose()
}

/// All, by name.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &mut Connection) -> Result<Vec<Listed>, StoreError> {
    let query = users::table.order(dsl::name);
    let rows: Vec<(Row, LockRow)> =
        on!(connection, |link| query.select((Row::as_select(), LockRow::as_select())).load(link))?;
    let listed = |(row, lock): (Row, LockRow)| {
        let (id, name) = (row.id.clone(), row.name.clone());
        let user = match row.read(connection) {
            Ok(user) => Some(user),
            Err(StoreError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Listed { lock: lock.read(&id)?, id, name, user })
    };
    rows.into_iter().map(listed).collect()
}

/// Makes whoever changes users wait for whoever does so already, so that what holds for all of them together still holds
/// afterwards.
///
/// # Errors
/// When the database fails.
pub fn hold(connection: &mut Connection) -> Result<(), StoreError> {
    let same = dsl::failures.eq(dsl::failures);
    on!(connection, |link| diesel::update(users::table).set(same).execute(link))?;
    Ok(())
}

/// # Errors
/// When the database fails or there is no such user.
pub fn lock(connection: &mut Connection, id: &str) -> Result<Lock, StoreError> {
    let query = users::table.find(id);
    let row: LockRow = on!(connection, |link| query.select(LockRow::as_select()).first(link))?;
    row.read(id)
}

/// One more failure; yields how many there were since the last sign-in.
///
/// # Errors
/// When the database fails.
pub fn note_failure(connection: &mut Connection, id: &str) -> Result<i64, StoreError> {
    let more = dsl::failures.eq(dsl::failures + 1);
    on!(connection, |link| diesel::update(users::table.find(id)).set(more).execute(link))?;
    Ok(lock(connection, id)?.failures)
}

/// # Errors
/// When the database fails.
pub fn lock_until(connection: &mut Connection, id: &str, until: Timestamp) -> Result<(), StoreError> {
    let locked = dsl::locked_until.eq(Some(to_micros(until)));
    on!(connection, |link| diesel::update(users::table.find(id)).set(locked).execute(link))?;
    Ok(())
}

/// Forgets failures and lifts the lock.
///
/// # Errors
/// When the database fails.
pub fn unlock(connection: &mut Connection, id: &str) -> Result<(), StoreError> {
    let none = (dsl::failures.eq(0), dsl::locked_until.eq(None::<i64>));
    on!(connection, |link| diesel::update(users::table.find(id)).set(none).execute(link))?;
    Ok(())
}

/// Uses up the one-time code of a time step and all before it; `false` where that was done before.
///
/// # Errors
/// When the database fails.
pub fn use_step(connection: &mut Connection, id: &str, step: i64) -> Result<bool, StoreError> {
    let unused = users::table.find(id).filter(dsl::last_step.is_null().or(dsl::last_step.lt(step)));
    let used = dsl::last_step.eq(Some(step));
    Ok(on!(connection, |link| diesel::update(unused).set(used).execute(link))? == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct Row {
    id: String,
    name: String,
    roles: String,
    password_hash: Option<String>,
    initial_until: Option<i64>,
    issuer: Option<String>,
    subject: Option<String>,
    second_factor: Option<Vec<u8>>,
    created_at: i64,
    disabled_at: Option<i64>,
    mark: Vec<u8>,
    version: i64,
}

impl Row {
    fn read(self, connection: &Connection) -> Result<User, StoreError> {
        let id = self.id;
        let second_factor = match self.second_factor {
            None => None,
            Some(sealed) => {
                let text = connection.unseal(TABLE, &id, "second_factor", &sealed)?;
                let text = std::str::from_utf8(&text);
                Some(Secret::new(text.map_err(|error| StoreError::damaged(TABLE, &id, error))?))
            }
        };
        let user = User {
            initial_until: optional_from_micros(TABLE, &id, self.initial_until)?,
            identity: self.issuer.zip(self.subject).map(|(issuer, subject)| Identity { issuer, subject }),
            second_factor,
            created_at: from_micros(TABLE, &id, self.created_at)?,
            disabled_at: optional_from_micros(TABLE, &id, self.disabled_at)?,
            roles: self.roles.split_whitespace().map(str::to_owned).collect(),
            id,
            name: self.name,
            password_hash: self.password_hash,
            version: self.version,
        };
        if *connection.unseal(TABLE, &user.id, "mark", &self.mark)? != user.digest() {
            return Err(StoreError::damaged(TABLE, &user.id, "the row was changed by hand"));
        }
        Ok(user)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct LockRow {
    failures: i64,
    locked_until: Option<i64>,
    last_step: Option<i64>,
}

impl LockRow {
    fn read(self, id: &str) -> Result<Lock, StoreError> {
        let until = optional_from_micros(TABLE, id, self.locked_until)?;
        Ok(Lock { failures: self.failures, until, last_step: self.last_step })
    }
}

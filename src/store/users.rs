//! The people who may sign in to the console.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::users::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};

const TABLE: &str = "users";

/// A person, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub name: String,
    /// argon2id in the PHC form; None where somebody signs in through the institution's identity provider only.
    pub password_hash: Option<String>,
    /// Names of roles, as the console reads them.
    pub roles: Vec<String>,
    pub created_at: Timestamp,
    /// None while the person may sign in.
    pub disabled_at: Option<Timestamp>,
}

/// # Errors
/// When the database fails, or the name is taken.
pub fn insert(connection: &mut Connection, user: &User) -> Result<(), StoreError> {
    let row = (
        dsl::id.eq(&user.id),
        dsl::name.eq(&user.name),
        dsl::password_hash.eq(&user.password_hash),
        dsl::roles.eq(user.roles.join(" ")),
        dsl::created_at.eq(to_micros(user.created_at)),
        dsl::disabled_at.eq(user.disabled_at.map(to_micros)),
    );
    on!(connection, |link| diesel::insert_into(users::table).values(&row).execute(link))?;
    Ok(())
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<User>, StoreError> {
    let query = users::table.find(id);
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(user_of).transpose()
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find_by_name(connection: &mut Connection, name: &str) -> Result<Option<User>, StoreError> {
    let query = users::table.filter(dsl::name.eq(name));
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(user_of).transpose()
}

type Row = (String, String, Option<String>, String, i64, Option<i64>);

fn user_of((id, name, password_hash, roles, created, disabled): Row) -> Result<User, StoreError> {
    Ok(User {
        created_at: from_micros(TABLE, &id, created)?,
        disabled_at: optional_from_micros(TABLE, &id, disabled)?,
        roles: roles.split_whitespace().map(str::to_owned).collect(),
        id,
        name,
        password_hash,
    })
}

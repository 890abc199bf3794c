//! Codes that open an account once where the device with the one-time codes is lost. Only digests are kept: a code is 80
//! random bits, which nobody finds by trying.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::recovery_codes::{self, dsl};
use super::time::to_micros;
use crate::crypto::sm3;

/// Keeps these codes of a person in place of earlier ones.
///
/// # Errors
/// When the database fails.
pub fn replace<'a>(
    connection: &mut Connection,
    user: &str,
    codes: impl IntoIterator<Item = &'a str>,
) -> Result<(), StoreError> {
    let all = recovery_codes::table.filter(dsl::user_id.eq(user));
    on!(connection, |link| diesel::delete(all).execute(link))?;
    for code in codes {
        let row = (dsl::user_id.eq(user), dsl::hash.eq(hash(user, code)));
        on!(connection, |link| diesel::insert_into(recovery_codes::table).values(row).execute(link))?;
    }
    Ok(())
}

/// Uses up a code; `false` where it is none, or was used before.
///
/// # Errors
/// When the database fails.
pub fn spend(connection: &mut Connection, user: &str, code: &str, at: Timestamp) -> Result<bool, StoreError> {
    let unused = recovery_codes::table.find((user, hash(user, code))).filter(dsl::used_at.is_null());
    let used = dsl::used_at.eq(Some(to_micros(at)));
    Ok(on!(connection, |link| diesel::update(unused).set(used).execute(link))? == 1)
}

/// How many are left.
///
/// # Errors
/// When the database fails.
pub fn left(connection: &mut Connection, user: &str) -> Result<i64, StoreError> {
    let unused = recovery_codes::table.filter(dsl::user_id.eq(user)).filter(dsl::used_at.is_null());
    Ok(on!(connection, |link| unused.count().get_result(link))?)
}

fn hash(user: &str, code: &str) -> String {
    hex::encode(sm3::digest(format!("recovery code of {user}: {code}").as_bytes()))
}

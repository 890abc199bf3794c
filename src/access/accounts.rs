//! Accounts as whoever administers users, or the command line, keeps them.

use jiff::Timestamp;
use serde_json::json;

use super::second_factor::random_text;
use super::separation::{self, Conflict};
use super::sessions::roles_of;
use super::sign_in::plain_name;
use super::{Access, By, Role};
use crate::secret::Secret;
use crate::store::sessions as stored;
use crate::store::users::{self, Listed, User};
use crate::store::{Connection, StoreError, recovery_codes};

/// In characters.
const LONGEST_NAME: usize = 64;

/// How many groups of 20 random bits an initial password has.
const INITIAL_GROUPS: usize = 5;

/// Why an account stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    #[error("expected a name of 1 to {LONGEST_NAME} letters, digits, `-`, `_`, `.` and `@`, found `{0}`")]
    Name(String),
    #[error("there is a user `{0}` already")]
    Taken(String),
    #[error("there is no user `{0}`")]
    Unknown(String),
    #[error(transparent)]
    Roles(#[from] Conflict),
    #[error("nobody changes their own account this way")]
    Own,
    #[error("this is the last administrator who can sign in")]
    LastAdministrator,
    #[error("the identity provider says what roles this user has")]
    FromProvider,
    #[error("a user of the identity provider has no password here")]
    NoPassword,
    #[error("too many passwords are being tried at once")]
    Crowded,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A password that somebody else made for a person.
#[derive(Clone, Debug)]
pub struct InitialPassword {
    /// The user's id.
    pub user: String,
    pub password: Secret,
    /// When it stops to hold.
    pub until: Timestamp,
}

/// What the roles of a person become.
fn names(roles: &[Role]) -> Vec<String> {
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles.dedup();
    roles.into_iter().map(|role| role.name().to_owned()).collect()
}

/// The name as it is kept.
fn examine_name(name: &str) -> Result<String, AccountError> {
    let plain = plain_name(name);
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@');
    let length = plain.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && plain.chars().all(fits) {
        Ok(plain)
    } else {
        Err(AccountError::Name(name.to_owned()))
    }
}

/// Whether somebody but this user can sign in as administrator.
fn another_administrator(connection: &mut Connection, but: &str) -> Result<bool, StoreError> {
    let administrates = |user: &User| {
        user.disabled_at.is_none()
            && (user.password_hash.is_some() || user.identity.is_some())
            && roles_of(user).contains(&Role::Administrator)
    };
    let all = users::list(connection)?;
    Ok(all.iter().filter_map(|listed| listed.user.as_ref()).any(|user| user.id != but && administrates(user)))
}

/// The user of an id whom somebody else changes. Others who change users wait until this is committed.
fn subject(connection: &mut Connection, id: &str, by: &By) -> Result<Result<User, AccountError>, StoreError> {
    users::hold(connection)?;
    if by.id() == Some(id) {
        return Ok(Err(AccountError::Own));
    }
    Ok(users::find(connection, id)?.ok_or_else(|| AccountError::Unknown(id.to_owned())))
}

impl Access {
    /// All users, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users(&self) -> Result<Vec<Listed>, StoreError> {
        self.store.read(users::list).await
    }

    /// The id of a name.
    ///
    /// # Errors
    /// When there is no such user, or the database fails.
    pub async fn id_of(&self, name: &str) -> Result<String, AccountError> {
        let plain = plain_name(name);
        let all = self.users().await?;
        let found = all.into_iter().find(|listed| listed.name == plain);
        found.map(|listed| listed.id).ok_or_else(|| AccountError::Unknown(name.to_owned()))
    }

    /// Adds somebody, with a password that has to be changed at the first sign-in.
    ///
    /// # Errors
    /// When name or roles can't be used, or the database fails.
    pub async fn add_user(
        &self,
        name: &str,
        roles: &[Role],
        by: By,
    ) -> Result<InitialPassword, AccountError> {
        let name = examine_name(name)?;
        separation::check(roles, self.options.maker_may_check)?;
        let now = self.clock.now();
        let (mut initial, digest) = self.initial_password(now).await?;
        let mut user = User::new(&name, names(roles), now);
        user.password_hash = Some(digest);
        user.initial_until = Some(initial.until);
        initial.user.clone_from(&user.id);
        let write = self.store.write(move |connection| {
            users::hold(connection)?;
            if users::find_by_name(connection, &user.name)?.is_some() {
                return Ok(Err(AccountError::Taken(user.name.clone())));
            }
            users::insert(connection, &user)?;
            let detail = json!({ "name": user.name, "roles": user.roles });
            by.note(connection, "user.add", &user.id, detail, now).map(Ok)
        });
        write.await??;
        Ok(initial)
    }

    /// # Errors
    /// When the roles can't be one person's, the account is one's own or of the last administrator, or the database fails.
    pub async fn set_roles(&self, id: &str, roles: &[Role], by: By) -> Result<(), AccountError> {
        separation::check(roles, self.options.maker_may_check)?;
        let (id, now) = (id.to_owned(), self.clock.now());
        let (stays, roles) = (roles.contains(&Role::Administrator), names(roles));
        let write = self.store.write(move |connection| {
            let mut user = match subject(connection, &id, &by)? {
                Ok(user) => user,
                Err(error) => return Ok(Err(error)),
            };
            if user.identity.is_some() {
                return Ok(Err(AccountError::FromProvider));
            }
            let is_one = roles_of(&user).contains(&Role::Administrator) && user.disabled_at.is_none();
            if is_one && !stays && !another_administrator(connection, &id)? {
                return Ok(Err(AccountError::LastAdministrator));
            }
            let detail = json!({ "name": user.name, "before": user.roles, "after": roles });
            user.roles.clone_from(&roles);
            users::save(connection, &user)?;
            by.note(connection, "user.roles", &id, detail, now).map(Ok)
        });
        write.await?
    }

    /// Keeps somebody out, at once; sessions end.
    ///
    /// # Errors
    /// When the account is one's own or of the last administrator, or the database fails.
    pub async fn disable_user(&self, id: &str, by: By) -> Result<(), AccountError> {
        let (id, now) = (id.to_owned(), self.clock.now());
        let write = self.store.write(move |connection| {
            let mut user = match subject(connection, &id, &by)? {
                Ok(user) => user,
                Err(error) => return Ok(Err(error)),
            };
            if roles_of(&user).contains(&Role::Administrator) && !another_administrator(connection, &id)? {
                return Ok(Err(AccountError::LastAdministrator));
            }
            user.disabled_at = Some(user.disabled_at.unwrap_or(now));
            users::save(connection, &user)?;
            let ended = stored::end_all(connection, &id, None, now)?;
            let detail = json!({ "name": user.name, "sessions_ended": ended });
            by.note(connection, "user.disable", &id, detail, now).map(Ok)
        });
        write.await?
    }

    /// Lets somebody in again who was kept out, or whose account is locked.
    ///
    /// # Errors
    /// When the account is one's own, or the database fails.
    pub async fn enable_user(&self, id: &str, by: By) -> Result<(), AccountError> {
        let (id, now) = (id.to_owned(), self.clock.now());
        let write = self.store.write(move |connection| {
            let mut user = match subject(connection, &id, &by)? {
                Ok(user) => user,
                Err(error) => return Ok(Err(error)),
            };
            user.disabled_at = None;
            users::save(connection, &user)?;
            users::unlock(connection, &id)?;
            by.note(connection, "user.enable", &id, json!({ "name": user.name }), now).map(Ok)
        });
        write.await?
    }

    /// Replaces a forgotten password by an initial one; sessions end.
    ///
    /// # Errors
    /// When the account is one's own or has no password, or the database fails.
    pub async fn reset_password(&self, id: &str, by: By) -> Result<InitialPassword, AccountError> {
        let (id, now) = (id.to_owned(), self.clock.now());
        let (mut initial, digest) = self.initial_password(now).await?;
        initial.user.clone_from(&id);
        let until = initial.until;
        let write = self.store.write(move |connection| {
            let mut user = match subject(connection, &id, &by)? {
                Ok(user) => user,
                Err(error) => return Ok(Err(error)),
            };
            if user.identity.is_some() {
                return Ok(Err(AccountError::NoPassword));
            }
            user.password_hash = Some(digest.clone());
            user.initial_until = Some(until);
            users::save(connection, &user)?;
            users::unlock(connection, &id)?;
            stored::end_all(connection, &id, None, now)?;
            by.note(connection, "password.reset", &id, json!({ "name": user.name }), now).map(Ok)
        });
        write.await??;
        Ok(initial)
    }

    /// Forgets a lost device and its recovery codes, so that the person sets up another one; sessions end.
    ///
    /// # Errors
    /// When the account is one's own, or the database fails.
    pub async fn reset_second_factor(&self, id: &str, by: By) -> Result<(), AccountError> {
        let (id, now) = (id.to_owned(), self.clock.now());
        let write = self.store.write(move |connection| {
            let mut user = match subject(connection, &id, &by)? {
                Ok(user) => user,
                Err(error) => return Ok(Err(error)),
            };
            user.second_factor = None;
            users::save(connection, &user)?;
            recovery_codes::replace(connection, &id, [])?;
            stored::end_all(connection, &id, None, now)?;
            by.note(connection, "second-factor.reset", &id, json!({ "name": user.name }), now).map(Ok)
        });
        write.await?
    }

    async fn initial_password(&self, now: Timestamp) -> Result<(InitialPassword, String), AccountError> {
        let password = random_text(INITIAL_GROUPS);
        let digest = self.passwords.digest(password.clone()).await.map_err(|_| AccountError::Crowded)?;
        let until = now.checked_add(self.options.password.initial).unwrap_or(Timestamp::MAX);
        Ok((InitialPassword { user: String::new(), password, until }, digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_small() {
        for (given, kept) in
            [("Zhang.San", "zhang.san"), (" 张三 ", "张三"), ("a_b-c@example.com", "a_b-c@example.com")]
        {
            assert_eq!(examine_name(given).unwrap(), kept);
        }
        for wrong in ["", "a b", "a:b", "a<b>", "a\u{202e}b", &"a".repeat(65)] {
            assert!(examine_name(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! What people do to their own account and sessions.

use serde_json::json;

use super::lockout::{Reason, is_locked};
use super::sessions::{self, Lifetime, Open};
use super::sign_in::Refused;
use super::{Access, By, Operator, Unfit, Visitor};
use crate::secret::Secret;
use crate::store::sessions as stored;
use crate::store::users;
use crate::store::{StoreError, recovery_codes};

/// What a person sees of the own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAccount {
    /// Whether there is a password of ours, or the identity provider's only.
    pub has_password: bool,
    pub has_second_factor: bool,
    pub recovery_codes_left: i64,
}

impl Access {
    /// # Errors
    /// When the database fails.
    pub async fn own_account(&self, operator: &Operator) -> Result<OwnAccount, StoreError> {
        let id = operator.id.clone();
        let read = self.store.read(move |connection| {
            let user = users::find(connection, &id)?;
            Ok(OwnAccount {
                has_password: user.as_ref().is_some_and(|user| user.password_hash.is_some()),
                has_second_factor: user.as_ref().is_some_and(|user| user.second_factor.is_some()),
                recovery_codes_left: recovery_codes::left(connection, &id)?,
            })
        });
        read.await
    }

    /// Replaces the own password and ends all other sessions of the person.
    ///
    /// # Errors
    /// When the present password is not right, the new one can't be used, or the database fails.
    pub async fn change_password(
        &self,
        operator: &Operator,
        session: &str,
        present: Secret,
        new: Secret,
        visitor: &Visitor,
    ) -> Result<(), Refused> {
        self.passwords.examine(&new, &operator.name)?;
        self.confirm(operator, present.clone(), visitor).await?;
        if present == new {
            return Err(Unfit::Same.into());
        }
        let digest = self.passwords.digest(new).await.map_err(|_| Refused::Crowded)?;
        let (id, session, visitor) = (operator.id.clone(), session.to_owned(), visitor.clone());
        let now = self.clock.now();
        let write = self.store.write(move |connection| {
            let Some(mut user) = users::find(connection, &id)? else { return Ok(Err(Refused::Over)) };
            user.password_hash = Some(digest.clone());
            user.initial_until = None;
            users::save(connection, &user)?;
            let ended = stored::end_all(connection, &id, Some(&session), now)?;
            let by = By::user(&user, &visitor);
            by.note(connection, "password.change", &id, json!({ "sessions_ended": ended }), now)?;
            Ok(Ok(()))
        });
        write.await?
    }

    /// Sessions that hold: the person's own, or everybody's for whoever may see users. The second text is a user's name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions(
        &self,
        of: Option<&Operator>,
        lifetime: Lifetime,
    ) -> Result<Vec<(Open, String)>, StoreError> {
        let (user, now) = (of.map(|operator| operator.id.clone()), self.clock.now());
        let read = self.store.read(move |connection| {
            let open = sessions::list(connection, user.as_deref(), lifetime, now)?;
            let names = users::list(connection)?;
            let name =
                |id: &str| names.iter().find(|listed| listed.id == id).map(|listed| listed.name.clone());
            Ok(open.into_iter().map(|open| (name(&open.user).unwrap_or_default(), open)).collect::<Vec<_>>())
        });
        Ok(read.await?.into_iter().map(|(name, open)| (open, name)).collect())
    }

    /// Ends one of the person's own sessions, or anybody's for whoever manages users (`any`); `false` where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(&self, id: &str, any: bool, by: By) -> Result<bool, StoreError> {
        let (id, now) = (id.to_owned(), self.clock.now());
        let write = self.store.write(move |connection| {
            let session = stored::find_by_id(connection, &id)?;
            let session = session.filter(|session| any || by.id() == Some(&session.user));
            let Some(session) = session else { return Ok(false) };
            let ended = stored::end(connection, &id, now)?;
            if ended {
                by.note(connection, "session.end", &session.user, json!({ "session": id }), now)?;
            }
            Ok(ended)
        });
        write.await
    }

    /// Has somebody who is signed in show the password once more. Failures count as at the door.
    pub(super) async fn confirm(
        &self,
        operator: &Operator,
        password: Secret,
        visitor: &Visitor,
    ) -> Result<(), Refused> {
        let (id, now) = (operator.id.clone(), self.clock.now());
        let read = self.store.read(move |connection| {
            let Some(user) = users::find(connection, &id)? else { return Ok(None) };
            let locked = is_locked(connection, &user, now)?;
            Ok(Some((user, locked)))
        });
        let (user, locked) = read.await?.ok_or(Refused::Over)?;
        let fits = self.passwords.verify(password, user.password_hash.clone()).await?;
        if fits && !locked {
            return Ok(());
        }
        let (options, visitor) = (self.options.clone(), visitor.clone());
        let reason = if locked { Reason::Locked } else { Reason::Password };
        let write = self
            .store
            .write(move |connection| options.lockout.failed(connection, Some(&user), &visitor, reason, now));
        write.await?;
        Err(Refused::Credentials)
    }
}

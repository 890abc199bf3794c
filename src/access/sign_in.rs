//! Signing in, step by step: name and password, a one-time code, then whatever is still missing. After each step there is a
//! new token, and until the last one a token opens nothing but the next step.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::lockout::{Reason, is_locked};
use super::options::SecondFactor;
use super::{Access, By, Role, Unfit, Visitor, sessions};
use crate::crypto::one_time_code::CodeSecret;
use crate::secret::Secret;
use crate::store::sessions::{self as stored, SessionToken, Stage};
use crate::store::users::{self, User};
use crate::store::{Connection, StoreError, recovery_codes};

/// Longer names and passwords are not looked at.
const LONGEST: usize = 1024;

/// Somebody has shown something: with the new token, the session is at this stage.
#[derive(Clone, Debug)]
pub struct Admitted {
    pub token: SessionToken,
    pub stage: Stage,
    pub roles: Vec<Role>,
}

/// Why somebody is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Name and password do not belong together, or the account is locked or disabled: nobody is told which.
    #[error("name and password open no account at present")]
    Credentials,
    #[error("the code is not right, or was used before")]
    Code,
    /// Too many attempts failed from this address.
    #[error("the address has to wait")]
    Wait(Duration),
    /// The step took too long, was taken before, or failed too often: it begins anew.
    #[error("signing in has to begin anew")]
    Over,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("too many people are signing in")]
    Crowded,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<super::passwords::Crowded> for Refused {
    fn from(_: super::passwords::Crowded) -> Self {
        Self::Crowded
    }
}

/// A name as it is looked for: people do not mind capital letters.
pub(super) fn plain_name(name: &str) -> String {
    name.trim().to_lowercase()
}

impl Access {
    /// The first step.
    ///
    /// # Errors
    /// Why nobody is let in.
    pub async fn with_password(
        &self,
        name: &str,
        password: Secret,
        visitor: &Visitor,
    ) -> Result<Admitted, Refused> {
        if name.len() > LONGEST || password.expose().len() > LONGEST {
            return Err(Refused::Credentials);
        }
        let (name, now) = (plain_name(name), self.clock.now());
        let (lockout, from) = (self.options.lockout.clone(), visitor.clone());
        let read = self
            .store
            .read(move |connection| Ok((lockout.wait(connection, &from, now)?, account(connection, &name)?)));
        let (wait, user) = read.await?;
        if !wait.is_zero() {
            return Err(Refused::Wait(wait));
        }
        let digest = user.as_ref().and_then(|user| user.password_hash.clone());
        let fits = self.passwords.verify(password.clone(), digest.clone()).await?;
        let renewed = match digest.as_deref() {
            Some(digest) if fits && self.passwords.is_outdated(digest) => {
                self.passwords.digest(password).await.ok()
            }
            _ => None,
        };
        let (this, visitor, token) = (self.clone(), visitor.clone(), SessionToken::generate());
        let write = self.store.write(move |connection| {
            let attempt = Attempt { digest: digest.as_deref(), fits, renewed: renewed.as_deref() };
            this.conclude(connection, user.as_ref(), &attempt, &visitor, &token, now)
        });
        write.await?.ok_or(Refused::Credentials)
    }

    /// Decides upon the account as it is now, not as it was when the password was tried.
    fn conclude(
        &self,
        connection: &mut Connection,
        tried: Option<&User>,
        attempt: &Attempt<'_>,
        visitor: &Visitor,
        token: &SessionToken,
        now: Timestamp,
    ) -> Result<Option<Admitted>, StoreError> {
        let user = match tried {
            Some(tried) => users::find(connection, &tried.id)?,
            None => None,
        };
        let Some(mut user) = user else {
            self.options.lockout.failed(connection, None, visitor, Reason::Unknown, now)?;
            return Ok(None);
        };
        let reason = if user.disabled_at.is_some() {
            Some(Reason::Disabled)
        } else if is_locked(connection, &user, now)? {
            Some(Reason::Locked)
        } else if !attempt.fits || user.password_hash.as_deref() != attempt.digest {
            Some(Reason::Password)
        } else if user.initial_until.is_some_and(|until| until <= now) {
            Some(Reason::Late)
        } else {
            None
        };
        if let Some(reason) = reason {
            self.options.lockout.failed(connection, Some(&user), visitor, reason, now)?;
            return Ok(None);
        }
        if let Some(renewed) = attempt.renewed {
            user.password_hash = Some(renewed.to_owned());
            users::save(connection, &user)?;
        }
        let stage = self.next(&user, None);
        self.enter(connection, &user, stage, visitor, token, now).map(Some)
    }

    /// The step after the password, for whoever has a device: one of its codes, or a recovery code.
    ///
    /// # Errors
    /// Why nobody is let in.
    pub async fn with_code(
        &self,
        token: &SessionToken,
        code: &str,
        visitor: &Visitor,
    ) -> Result<Admitted, Refused> {
        let (this, code, visitor) = (self.clone(), Secret::new(code.trim()), visitor.clone());
        let (old, new, now) = (token.clone(), SessionToken::generate(), self.clock.now());
        let write = self.store.write(move |connection| {
            let wait = this.options.lockout.wait(connection, &visitor, now)?;
            if !wait.is_zero() {
                return Ok(Err(Refused::Wait(wait)));
            }
            let Some((session, user)) = sessions::halfway(connection, &old, Stage::Code, now)? else {
                return Ok(Err(Refused::Over));
            };
            let locked = is_locked(connection, &user, now)?;
            if locked || !takes_code(connection, &user, &code, &visitor, now)? {
                let reason = if locked { Reason::Locked } else { Reason::Code };
                let locked = this.options.lockout.failed(connection, Some(&user), &visitor, reason, now)?;
                if locked {
                    stored::end(connection, &session.id, now)?;
                }
                return Ok(Err(if locked { Refused::Over } else { Refused::Code }));
            }
            stored::end(connection, &session.id, now)?;
            let stage = this.next(&user, Some(Stage::Code));
            this.enter(connection, &user, stage, &visitor, &new, now).map(Ok)
        });
        write.await?
    }

    /// The step in which somebody replaces a password that another person made.
    ///
    /// # Errors
    /// Why nobody is let in.
    pub async fn with_new_password(
        &self,
        token: &SessionToken,
        password: Secret,
        visitor: &Visitor,
    ) -> Result<Admitted, Refused> {
        let (asked, now) = (token.clone(), self.clock.now());
        let read =
            self.store.read(move |connection| sessions::halfway(connection, &asked, Stage::NewPassword, now));
        let (_, user) = read.await?.ok_or(Refused::Over)?;
        self.passwords.examine(&password, &user.name)?;
        if self.passwords.verify(password.clone(), user.password_hash.clone()).await? {
            return Err(Unfit::Same.into());
        }
        let digest = self.passwords.digest(password).await.map_err(|_| Refused::Crowded)?;
        let (this, visitor) = (self.clone(), visitor.clone());
        let (old, new) = (token.clone(), SessionToken::generate());
        let write = self.store.write(move |connection| {
            let half = sessions::halfway(connection, &old, Stage::NewPassword, now)?;
            let Some((_, mut user)) = half else { return Ok(Err(Refused::Over)) };
            user.password_hash = Some(digest.clone());
            user.initial_until = None;
            users::save(connection, &user)?;
            stored::end_all(connection, &user.id, None, now)?;
            let by = By::user(&user, &visitor);
            by.note(connection, "password.change", &user.id, json!({ "initial": true }), now)?;
            // Read again, since the row has a new version.
            let Some(user) = users::find(connection, &user.id)? else { return Ok(Err(Refused::Over)) };
            let stage = this.next(&user, Some(Stage::NewPassword));
            this.enter(connection, &user, stage, &visitor, &new, now).map(Ok)
        });
        write.await?
    }

    /// Ends a session, because the person wants to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out(&self, session: &str, by: By) -> Result<(), StoreError> {
        let (session, now) = (session.to_owned(), self.clock.now());
        let write = self.store.write(move |connection| {
            let ended = stored::end(connection, &session, now)?;
            match by.id() {
                Some(id) if ended => {
                    by.note(connection, "session.end", id, json!({ "session": session }), now)
                }
                _ => Ok(()),
            }
        });
        write.await
    }

    /// Whose token this is, and at which step; None where it is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn halfway(&self, token: &SessionToken, stage: Stage) -> Result<Option<String>, StoreError> {
        let (token, now) = (token.clone(), self.clock.now());
        let read = self.store.read(move |connection| sessions::halfway(connection, &token, stage, now));
        Ok(read.await?.map(|(_, user)| user.name))
    }

    /// What is to be shown after this stage. The stages come in a fixed order, each where it is needed.
    pub(super) fn next(&self, user: &User, after: Option<Stage>) -> Stage {
        let has_factor = user.second_factor.is_some();
        let required = self.options.second_factor == SecondFactor::Required;
        let is_needed = |stage: Stage| match stage {
            Stage::Code => has_factor,
            Stage::NewPassword => user.initial_until.is_some(),
            Stage::Enrolment => required && !has_factor,
            Stage::Whole => true,
        };
        let mut later = Stage::ALL.into_iter().filter(|stage| after.is_none_or(|after| *stage > after));
        later.find(|stage| is_needed(*stage)).unwrap_or(Stage::Whole)
    }

    /// Begins the session of the next stage. Whoever is all the way in starts with a clean sheet.
    pub(super) fn enter(
        &self,
        connection: &mut Connection,
        user: &User,
        stage: Stage,
        visitor: &Visitor,
        token: &SessionToken,
        now: Timestamp,
    ) -> Result<Admitted, StoreError> {
        sessions::begin_at(connection, token, stage, user, visitor, now)?;
        if stage == Stage::Whole {
            users::unlock(connection, &user.id)?;
            let detail = json!({ "session": token.id(), "provider": user.identity.is_some() });
            By::user(user, visitor).note(connection, "session.begin", &user.id, detail, now)?;
        }
        Ok(Admitted { token: token.clone(), stage, roles: sessions::roles_of(user) })
    }
}

/// A password that was tried while no transaction was open.
struct Attempt<'a> {
    digest: Option<&'a str>,
    fits: bool,
    /// The same password at what it costs today.
    renewed: Option<&'a str>,
}

/// The account of a name. One that was changed by hand is none, and is told of.
fn account(connection: &mut Connection, name: &str) -> Result<Option<User>, StoreError> {
    match users::find_by_name(connection, name) {
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::error!(%error, "an account can't be used: its row was changed by hand");
            Ok(None)
        }
        read => read,
    }
}

/// Whether a code is one of the person's device, or a recovery code; either is used up by that.
pub(super) fn takes_code(
    connection: &mut Connection,
    user: &User,
    code: &Secret,
    visitor: &Visitor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(secret) = &user.second_factor else { return Ok(false) };
    if let Some(step) = step_of(secret, code, now) {
        return users::use_step(connection, &user.id, step);
    }
    let plain: String = code.expose().chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = zeroize::Zeroizing::new(plain.to_ascii_lowercase());
    if !recovery_codes::spend(connection, &user.id, &plain, now)? {
        return Ok(false);
    }
    let detail = json!({ "left": recovery_codes::left(connection, &user.id)? });
    By::user(user, visitor).note(connection, "second-factor.recover", &user.id, detail, now)?;
    Ok(true)
}

/// The time step that a code belongs to. Spaces, as apps show them, do not count.
pub(super) fn step_of(secret: &Secret, code: &Secret, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.as_second()).ok()?;
    let plain = zeroize::Zeroizing::new(code.expose().replace(' ', ""));
    let step = CodeSecret::parse(secret).and_then(|secret| secret.step_of(&plain, seconds));
    step.ok().flatten().and_then(|step| i64::try_from(step).ok())
}

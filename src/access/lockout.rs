//! What failures cost: an account is locked for a while, an address has to wait.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::options::LockoutOptions;
use super::{By, Visitor};
use crate::store::audit::Actor;
use crate::store::sign_in_failures::{self, Allowance};
use crate::store::users::{self, User};
use crate::store::{Connection, StoreError};

/// Why an attempt failed, as the audit trail tells it. The person is told less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is no such account.
    Unknown,
    Password,
    Code,
    Locked,
    Disabled,
    /// The initial password came too late.
    Late,
    /// What the identity provider said does not let anybody in.
    Provider,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Password => "password",
            Self::Code => "code",
            Self::Locked => "locked",
            Self::Disabled => "disabled",
            Self::Late => "late",
            Self::Provider => "provider",
        }
    }
}

impl LockoutOptions {
    fn allowance(&self) -> Allowance {
        Allowance { burst: self.address_burst, interval: self.address_interval }
    }

    /// How long an address has to wait; zero where it need not.
    pub(super) fn wait(
        &self,
        connection: &mut Connection,
        visitor: &Visitor,
        at: Timestamp,
    ) -> Result<Duration, StoreError> {
        sign_in_failures::wait(connection, &visitor.household(), self.allowance(), at)
    }

    /// Notes a failed attempt; tells whether the account is locked now. Attempts on an account that is locked or disabled do
    /// not count against it.
    pub(super) fn failed(
        &self,
        connection: &mut Connection,
        user: Option<&User>,
        visitor: &Visitor,
        reason: Reason,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        sign_in_failures::note(connection, &visitor.household(), self.allowance(), at)?;
        let by = By { actor: Actor::Stranger, address: visitor.address };
        let id = user.map_or("unknown", |user| user.id.as_str());
        let mut detail = json!({ "why": reason.name() });
        if let (Some(user), Some(about)) = (user, detail.as_object_mut()) {
            about.insert("name".to_owned(), user.name.clone().into());
        }
        by.note(connection, "session.refuse", id, detail, at)?;
        let counts = matches!(reason, Reason::Password | Reason::Code);
        let Some(user) = user.filter(|_| counts) else { return Ok(reason == Reason::Locked) };
        let failures = users::note_failure(connection, &user.id)?;
        let Some(lock) = self.lock_for(failures) else { return Ok(false) };
        users::lock_until(connection, &user.id, at.checked_add(lock).unwrap_or(Timestamp::MAX))?;
        let detail = json!({ "name": user.name, "failures": failures, "seconds": lock.as_secs() });
        by.note(connection, "user.lock", &user.id, detail, at)?;
        Ok(true)
    }
}

/// Whether an account is locked.
pub(super) fn is_locked(connection: &mut Connection, user: &User, at: Timestamp) -> Result<bool, StoreError> {
    Ok(users::lock(connection, &user.id)?.until.is_some_and(|until| until > at))
}

//! Setting up a device that makes one-time codes, at sign-in or later, and the codes that help without it.

use rand::RngExt as _;
use serde_json::json;

use super::sign_in::{Admitted, Refused, step_of, takes_code};
use super::{Access, By, Operator, Visitor, sessions};
use crate::crypto::one_time_code::CodeSecret;
use crate::secret::Secret;
use crate::store::sessions::{self as stored, Session, SessionToken, Stage};
use crate::store::users::{self, User};
use crate::store::{Connection, StoreError, recovery_codes};

/// How many recovery codes a person has.
const RECOVERY_CODES: usize = 10;

/// No letters and digits that look alike.
const ALPHABET: [char; 32] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x',
    'y', 'z', '2', '3', '4', '5', '6', '7', '8', '9', '0',
];

/// What a device is told, so that it makes codes.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// In Base32, for people who type it.
    pub secret: Secret,
    /// The `otpauth` address, for a picture.
    pub address: Secret,
}

/// A text of so many groups of four letters and digits, of 20 random bits each.
pub(super) fn random_text(groups: usize) -> Secret {
    let mut rng = rand::rng();
    let mut group =
        || -> String { (0..4).filter_map(|_| ALPHABET.get(rng.random_range(0..ALPHABET.len()))).collect() };
    Secret::new((0..groups).map(|_| group()).collect::<Vec<_>>().join("-"))
}

fn recovery_codes() -> Vec<Secret> {
    (0..RECOVERY_CODES).map(|_| random_text(4)).collect()
}

/// Keeps a device's secret and new recovery codes, and uses up the code that was shown.
fn keep(
    connection: &mut Connection,
    user: &mut User,
    secret: Secret,
    step: i64,
    codes: &[Secret],
    visitor: &Visitor,
    now: jiff::Timestamp,
) -> Result<(), StoreError> {
    let action = if user.second_factor.is_some() { "second-factor.replace" } else { "second-factor.enrol" };
    user.second_factor = Some(secret);
    users::save(connection, user)?;
    users::use_step(connection, &user.id, step)?;
    keep_codes(connection, user, codes)?;
    By::user(user, visitor).note(connection, action, &user.id, json!({ "name": user.name }), now)
}

/// Without the hyphens that only make them legible.
fn keep_codes(connection: &mut Connection, user: &User, codes: &[Secret]) -> Result<(), StoreError> {
    let plain: Vec<String> = codes.iter().map(|code| code.expose().replace('-', "")).collect();
    recovery_codes::replace(connection, &user.id, plain.iter().map(String::as_str))
}

/// The proposal of a session: the one that it has, or a new one.
fn propose(connection: &mut Connection, session: &Session) -> Result<Secret, StoreError> {
    if let Some(secret) = &session.proposed_factor {
        return Ok(secret.clone());
    }
    let secret = CodeSecret::generate().text().clone();
    stored::propose_factor(connection, &session.id, Some(&secret))?;
    Ok(secret)
}

impl Access {
    fn proposal(&self, secret: Secret, name: &str) -> Result<Proposal, StoreError> {
        let address = CodeSecret::parse(&secret).and_then(|codes| codes.address(&self.house, name));
        let address = address.map_err(|error| StoreError::Statement(error.to_string()))?;
        Ok(Proposal { secret, address })
    }

    /// What whoever is at the enrolment step sets up a device with. It stays the same until a code of it was shown.
    ///
    /// # Errors
    /// When the step is over, or the database fails.
    pub async fn enrolment(&self, token: &SessionToken) -> Result<Proposal, Refused> {
        let (token, now) = (token.clone(), self.clock.now());
        let write = self.store.write(move |connection| {
            match sessions::halfway(connection, &token, Stage::Enrolment, now)? {
                Some((session, user)) => Ok(Some((propose(connection, &session)?, user.name))),
                None => Ok(None),
            }
        });
        let (secret, name) = write.await?.ok_or(Refused::Over)?;
        Ok(self.proposal(secret, &name)?)
    }

    /// The enrolment step: the first code of the device. Yields recovery codes, which are shown this once.
    ///
    /// # Errors
    /// When the code is not right, the step is over, or the database fails.
    pub async fn enrol(
        &self,
        token: &SessionToken,
        code: &str,
        visitor: &Visitor,
    ) -> Result<(Admitted, Vec<Secret>), Refused> {
        let (this, code, visitor) = (self.clone(), Secret::new(code.trim()), visitor.clone());
        let (old, new, now) = (token.clone(), SessionToken::generate(), self.clock.now());
        let codes = recovery_codes();
        let shown = codes.clone();
        let write = self.store.write(move |connection| {
            let half = sessions::halfway(connection, &old, Stage::Enrolment, now)?;
            let Some((session, mut user)) = half else { return Ok(Err(Refused::Over)) };
            let Some(secret) = session.proposed_factor else { return Ok(Err(Refused::Over)) };
            let Some(step) = step_of(&secret, &code, now) else { return Ok(Err(Refused::Code)) };
            stored::propose_factor(connection, &session.id, None)?;
            keep(connection, &mut user, secret, step, &codes, &visitor, now)?;
            stored::end(connection, &session.id, now)?;
            let stage = this.next(&user, Some(Stage::Enrolment));
            this.enter(connection, &user, stage, &visitor, &new, now).map(Ok)
        });
        write.await?.map(|admitted| (admitted, shown))
    }

    /// What somebody who is signed in sets up another device with.
    ///
    /// # Errors
    /// When the session is over, or the database fails.
    pub async fn propose_device(&self, operator: &Operator, session: &str) -> Result<Proposal, Refused> {
        let id = session.to_owned();
        let write = self.store.write(move |connection| {
            match stored::find_by_id(connection, &id)?.filter(|session| session.ended_at.is_none()) {
                Some(session) => propose(connection, &session).map(Some),
                None => Ok(None),
            }
        });
        let secret = write.await?.ok_or(Refused::Over)?;
        Ok(self.proposal(secret, &operator.name)?)
    }

    /// Replaces the device of somebody who is signed in: the password says that it is still the same person, the code that
    /// the new device works. Yields new recovery codes.
    ///
    /// # Errors
    /// When password or code are not right, or the database fails.
    pub async fn replace_device(
        &self,
        operator: &Operator,
        session: &str,
        password: Secret,
        code: &str,
        visitor: &Visitor,
    ) -> Result<Vec<Secret>, Refused> {
        self.confirm(operator, password, visitor).await?;
        let (code, now, codes) = (Secret::new(code.trim()), self.clock.now(), recovery_codes());
        let (user, id, visitor) = (operator.id.clone(), session.to_owned(), visitor.clone());
        let shown = codes.clone();
        let write = self.store.write(move |connection| {
            let session = stored::find_by_id(connection, &id)?.filter(|session| session.user == user);
            let secret = session.and_then(|session| session.proposed_factor);
            let (Some(secret), Some(mut user)) = (secret, users::find(connection, &user)?) else {
                return Ok(Err(Refused::Over));
            };
            let Some(step) = step_of(&secret, &code, now) else { return Ok(Err(Refused::Code)) };
            stored::propose_factor(connection, &id, None)?;
            keep(connection, &mut user, secret, step, &codes, &visitor, now)?;
            stored::end_all(connection, &user.id, Some(&id), now)?;
            Ok(Ok(()))
        });
        write.await?.map(|()| shown)
    }

    /// New recovery codes in place of those that are left, for a code of the device.
    ///
    /// # Errors
    /// When the code is not right, or the database fails.
    pub async fn renew_recovery_codes(
        &self,
        operator: &Operator,
        code: &str,
        visitor: &Visitor,
    ) -> Result<Vec<Secret>, Refused> {
        let (code, now, codes) = (Secret::new(code.trim()), self.clock.now(), recovery_codes());
        let (id, visitor, options) = (operator.id.clone(), visitor.clone(), self.options.clone());
        let shown = codes.clone();
        let write = self.store.write(move |connection| {
            let Some(user) = users::find(connection, &id)? else { return Ok(Err(Refused::Over)) };
            if super::lockout::is_locked(connection, &user, now)?
                || !takes_code(connection, &user, &code, &visitor, now)?
            {
                let reason = super::lockout::Reason::Code;
                options.lockout.failed(connection, Some(&user), &visitor, reason, now)?;
                return Ok(Err(Refused::Code));
            }
            keep_codes(connection, &user, &codes)?;
            let by = By::user(&user, &visitor);
            by.note(connection, "second-factor.recovery-codes", &user.id, json!({}), now)?;
            Ok(Ok(()))
        });
        write.await?.map(|()| shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_are_ten_different_ones_that_can_be_read_aloud() {
        let codes = recovery_codes();
        let mut texts: Vec<&str> = codes.iter().map(Secret::expose).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), RECOVERY_CODES);
        for text in texts {
            assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4; 4], "{text}");
            assert!(text.chars().all(|letter| letter == '-' || ALPHABET.contains(&letter)), "{text}");
            assert!(!text.contains(['l', 'o', 'i', '1']), "{text}");
        }
    }
}

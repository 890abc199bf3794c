//! Whose request it is: a token becomes a signed-in person, as long as the session and the person's account hold.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Operator, Role};
use crate::store::sessions::{self, Session, SessionToken};
use crate::store::users::{self, User};
use crate::store::{Connection, StoreError};

/// How long the note of a session's last use may be behind: a page that refreshes itself does not cause writes.
const LAST_USE_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// How long a session holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Without a request.
    pub idle: Duration,
    /// In all.
    pub longest: Duration,
}

/// A person at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub operator: Operator,
    /// The id under which the session is listed and ended.
    pub session: String,
    /// Whether its last use should be noted once more.
    pub use_is_news: bool,
}

/// Begins a session for somebody who has shown who it is.
///
/// # Errors
/// When the database fails.
pub fn begin(
    connection: &mut Connection,
    user: &User,
    address: Option<String>,
    agent: Option<String>,
    at: Timestamp,
) -> Result<SessionToken, StoreError> {
    let token = SessionToken::generate();
    let session = Session {
        id: uuid::Uuid::now_v7().to_string(),
        user: user.id.clone(),
        begun_at: at,
        seen_at: at,
        ended_at: None,
        address,
        agent,
    };
    sessions::begin(connection, &token, &session)?;
    Ok(token)
}

/// Who is signed in by a token; None where the session is over, idle for too long, or the person may not sign in any more.
///
/// # Errors
/// When the database fails.
pub fn who(
    connection: &mut Connection,
    token: &SessionToken,
    lifetime: Lifetime,
    at: Timestamp,
) -> Result<Option<SignedIn>, StoreError> {
    let Some(session) = sessions::find(connection, token)? else { return Ok(None) };
    let older = |moment: Timestamp, age: Duration| at.duration_since(moment).unsigned_abs() >= age;
    if session.ended_at.is_some()
        || older(session.begun_at, lifetime.longest)
        || older(session.seen_at, lifetime.idle + LAST_USE_WITHIN.unsigned_abs())
    {
        return Ok(None);
    }
    let user = users::find(connection, &session.user)?.filter(|user| user.disabled_at.is_none());
    Ok(user.map(|user| SignedIn {
        operator: operator(user),
        session: session.id,
        use_is_news: at.duration_since(session.seen_at) >= LAST_USE_WITHIN,
    }))
}

/// A role that a later version knew permits nothing here.
fn operator(user: User) -> Operator {
    let roles: Vec<Role> = user.roles.iter().filter_map(|name| name.parse().ok()).collect();
    Operator { id: user.id, name: user.name, roles }
}

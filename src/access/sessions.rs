//! Whose request it is: a token becomes a signed-in person, as long as the session and the person's account hold.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Operator, Role, Visitor};
use crate::store::sessions::{self, Session, SessionToken, Stage};
use crate::store::users::{self, User};
use crate::store::{Connection, StoreError};

/// How long the note of a session's last use may be behind: a page that refreshes itself does not cause writes.
const LAST_USE_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// How long somebody may take over the steps of signing in.
const HALFWAY: SignedDuration = SignedDuration::from_mins(10);

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

/// A session as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub id: String,
    pub user: String,
    pub begun_at: Timestamp,
    /// To the minute.
    pub seen_at: Timestamp,
    pub address: Option<String>,
    pub agent: Option<String>,
}

/// Begins a session for somebody who has shown who it is.
///
/// # Errors
/// When the database fails.
pub fn begin(
    connection: &mut Connection,
    user: &User,
    visitor: &Visitor,
    at: Timestamp,
) -> Result<SessionToken, StoreError> {
    let token = SessionToken::generate();
    begin_at(connection, &token, Stage::Whole, user, visitor, at)?;
    Ok(token)
}

/// Begins a session that has come to a stage.
pub(super) fn begin_at(
    connection: &mut Connection,
    token: &SessionToken,
    stage: Stage,
    user: &User,
    visitor: &Visitor,
    at: Timestamp,
) -> Result<(), StoreError> {
    let session = Session {
        id: token.id().to_owned(),
        user: user.id.clone(),
        stage,
        begun_at: at,
        seen_at: at,
        ended_at: None,
        address: visitor.address.map(|address| address.to_string()),
        agent: visitor.agent(),
        proposed_factor: None,
    };
    sessions::begin(connection, token, &session)
}

/// Who is signed in by a token; None where the session is over, idle for too long, not whole, or the person may not sign in
/// any more.
///
/// # Errors
/// When the database fails, or the account was changed by hand.
pub fn who(
    connection: &mut Connection,
    token: &SessionToken,
    lifetime: Lifetime,
    at: Timestamp,
) -> Result<Option<SignedIn>, StoreError> {
    let Some(session) = sessions::find(connection, token)? else { return Ok(None) };
    if session.stage != Stage::Whole
        || session.ended_at.is_some()
        || older(at, session.begun_at, lifetime.longest)
        || older(at, session.seen_at, lifetime.idle + LAST_USE_WITHIN.unsigned_abs())
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

/// Who has come to a stage of signing in with this token; None where that was too long ago, or another stage.
pub(super) fn halfway(
    connection: &mut Connection,
    token: &SessionToken,
    stage: Stage,
    at: Timestamp,
) -> Result<Option<(Session, User)>, StoreError> {
    let Some(session) = sessions::find(connection, token)? else { return Ok(None) };
    if session.stage != stage
        || session.ended_at.is_some()
        || older(at, session.begun_at, HALFWAY.unsigned_abs())
    {
        return Ok(None);
    }
    let user = users::find(connection, &session.user)?.filter(|user| user.disabled_at.is_none());
    Ok(user.map(|user| (session, user)))
}

/// Sessions that hold, the latest first; of one person, or of all.
///
/// # Errors
/// When the database fails.
pub fn list(
    connection: &mut Connection,
    user: Option<&str>,
    lifetime: Lifetime,
    at: Timestamp,
) -> Result<Vec<Open>, StoreError> {
    let ago = |age: Duration| at.checked_sub(age).unwrap_or(Timestamp::MIN);
    let idle = lifetime.idle + LAST_USE_WITHIN.unsigned_abs();
    let open = sessions::open(connection, user, ago(lifetime.longest), ago(idle))?;
    let shown = |session: Session| Open {
        id: session.id,
        user: session.user,
        begun_at: session.begun_at,
        seen_at: session.seen_at,
        address: session.address,
        agent: session.agent,
    };
    Ok(open.into_iter().map(shown).collect())
}

/// A moment that is still to come, because a clock was set back, is no older than one that has just passed.
fn older(at: Timestamp, moment: Timestamp, age: Duration) -> bool {
    Duration::try_from(at.duration_since(moment)).is_ok_and(|since| since >= age)
}

/// A role that a later version knew permits nothing here.
fn operator(user: User) -> Operator {
    let roles: Vec<Role> = roles_of(&user);
    Operator { id: user.id, name: user.name, roles }
}

pub(super) fn roles_of(user: &User) -> Vec<Role> {
    user.roles.iter().filter_map(|name| name.parse().ok()).collect()
}

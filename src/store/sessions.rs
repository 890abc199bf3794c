//! Who is signed in to the console. What the browser has can't be made from what is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::sessions::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::crypto::sm3;
use crate::secret::Secret;

const TABLE: &str = "sessions";

/// What a browser shows for its session: 256 random bits in Base64 for URLs. Debug prints nothing of it.
#[derive(Clone, Debug)]
pub struct SessionToken(Secret);

impl SessionToken {
    pub fn generate() -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())))
    }

    /// Any text; one that is no token is found nowhere.
    pub fn presented(text: &str) -> Self {
        Self(Secret::new(text))
    }

    /// For the cookie that carries it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept of it (SM3, hex).
    pub fn hash(&self) -> String {
        hex::encode(sm3::digest(self.0.expose().as_bytes()))
    }

    /// What forms of the session carry, so that no other site can send one: nobody without the token can make it.
    pub fn form_token(&self) -> String {
        let text = format!("form of {}", self.0.expose());
        URL_SAFE_NO_PAD.encode(sm3::digest(text.as_bytes()))
    }
}

/// A session, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub user: String,
    pub begun_at: Timestamp,
    /// To the minute.
    pub seen_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub address: Option<String>,
    pub agent: Option<String>,
}

/// # Errors
/// When the database fails.
pub fn begin(connection: &mut Connection, token: &SessionToken, session: &Session) -> Result<(), StoreError> {
    let row = (
        dsl::id.eq(&session.id),
        dsl::token_hash.eq(token.hash()),
        dsl::user_id.eq(&session.user),
        dsl::begun_at.eq(to_micros(session.begun_at)),
        dsl::seen_at.eq(to_micros(session.seen_at)),
        dsl::ended_at.eq(session.ended_at.map(to_micros)),
        dsl::address.eq(&session.address),
        dsl::agent.eq(&session.agent),
    );
    on!(connection, |link| diesel::insert_into(sessions::table).values(&row).execute(link))?;
    Ok(())
}

/// The session of a token, over or not.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, token: &SessionToken) -> Result<Option<Session>, StoreError> {
    let query = sessions::table.filter(dsl::token_hash.eq(token.hash())).select(columns());
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(session_of).transpose()
}

/// # Errors
/// When the database fails.
pub fn note_use(connection: &mut Connection, id: &str, at: Timestamp) -> Result<(), StoreError> {
    let seen = dsl::seen_at.eq(to_micros(at));
    on!(connection, |link| diesel::update(sessions::table.find(id)).set(seen).execute(link))?;
    Ok(())
}

/// From now on the session opens nothing; `false` where it was over.
///
/// # Errors
/// When the database fails.
pub fn end(connection: &mut Connection, id: &str, at: Timestamp) -> Result<bool, StoreError> {
    let open = sessions::table.find(id).filter(dsl::ended_at.is_null());
    let ended = dsl::ended_at.eq(Some(to_micros(at)));
    Ok(on!(connection, |link| diesel::update(open).set(ended).execute(link))? == 1)
}

type Row = (String, String, i64, i64, Option<i64>, Option<String>, Option<String>);

type Columns = (dsl::id, dsl::user_id, dsl::begun_at, dsl::seen_at, dsl::ended_at, dsl::address, dsl::agent);

fn columns() -> Columns {
    (dsl::id, dsl::user_id, dsl::begun_at, dsl::seen_at, dsl::ended_at, dsl::address, dsl::agent)
}

fn session_of((id, user, begun, seen, ended, address, agent): Row) -> Result<Session, StoreError> {
    Ok(Session {
        begun_at: from_micros(TABLE, &id, begun)?,
        seen_at: from_micros(TABLE, &id, seen)?,
        ended_at: optional_from_micros(TABLE, &id, ended)?,
        id,
        user,
        address,
        agent,
    })
}

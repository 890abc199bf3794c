//! Who is signed in to the console. What the browser has can't be made from what is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::sessions::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::crypto::sm3;
use crate::secret::Secret;

const TABLE: &str = "sessions";

/// What the proofs of sessions are made for, as the keyring takes it.
const PURPOSE: &str = "session";

/// What a browser shows for its session: the session's id and 256 random bits in Base64 for URLs. Debug prints nothing of
/// it.
#[derive(Clone, Debug, zeroize::ZeroizeOnDrop)]
pub struct SessionToken(Secret);

impl SessionToken {
    /// The token of a new session.
    pub fn generate() -> Self {
        let (id, random) = (uuid::Uuid::now_v7(), URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        Self(Secret::new(format!("{id}.{random}")))
    }

    /// Any text; one that is no token is found nowhere.
    pub fn presented(text: &str) -> Self {
        Self(Secret::new(text))
    }

    /// For the cookie that carries it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The id under which the session is listed and ended.
    pub fn id(&self) -> &str {
        self.expose().split_once('.').map_or("", |(id, _)| id)
    }

    /// What forms of the session carry, so that no other site can send one: nobody without the token can make it.
    pub fn form_token(&self) -> String {
        let text = format!("form of {}", self.expose());
        URL_SAFE_NO_PAD.encode(sm3::digest(text.as_bytes()))
    }

    /// What is kept of it.
    fn proof(&self, connection: &Connection, user: &str, stage: &str, begun_at: i64) -> String {
        let parts = [self.expose(), user, stage, &begun_at.to_string()];
        hex::encode(connection.mark(PURPOSE, &parts))
    }
}

/// What is still to be shown before a session opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A one-time code, or a recovery code.
    Code,
    /// A password of the person's own.
    NewPassword,
    /// The first code of a device that is to make them.
    Enrolment,
    /// Nothing: the person is signed in.
    Whole,
}

impl Stage {
    pub const ALL: [Self; 4] = [Self::Code, Self::NewPassword, Self::Enrolment, Self::Whole];

    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::NewPassword => "new-password",
            Self::Enrolment => "enrolment",
            Self::Whole => "whole",
        }
    }
}

/// A session, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub user: String,
    pub stage: Stage,
    pub begun_at: Timestamp,
    /// To the minute.
    pub seen_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub address: Option<String>,
    pub agent: Option<String>,
    /// What one-time codes will be made of (Base32) once the person has shown the first one.
    pub proposed_factor: Option<Secret>,
}

/// # Errors
/// When the database fails.
pub fn begin(connection: &mut Connection, token: &SessionToken, session: &Session) -> Result<(), StoreError> {
    let (stage, begun_at) = (session.stage.name(), to_micros(session.begun_at));
    let row = (
        dsl::id.eq(token.id()),
        dsl::proof.eq(token.proof(connection, &session.user, stage, begun_at)),
        dsl::user_id.eq(&session.user),
        dsl::stage.eq(stage),
        dsl::begun_at.eq(begun_at),
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
    let query = sessions::table.find(token.id());
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    let Some(row) = row else { return Ok(None) };
    let expected = token.proof(connection, &row.user_id, &row.stage, row.begun_at);
    if !bool::from(expected.as_bytes().ct_eq(row.proof.as_bytes())) {
        return Ok(None);
    }
    row.read(connection).map(Some)
}

/// The session of an id, over or not.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn find_by_id(connection: &mut Connection, id: &str) -> Result<Option<Session>, StoreError> {
    let query = sessions::table.find(id);
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(|row| row.read(connection)).transpose()
}

/// Whole sessions that were not ended and are younger than both times, the latest first; of one person, or of all.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn open(
    connection: &mut Connection,
    user: Option<&str>,
    begun_after: Timestamp,
    seen_after: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let anybodys = user.is_none().into_sql::<Bool>();
    let query = sessions::table
        .filter(dsl::ended_at.is_null())
        .filter(dsl::stage.eq(Stage::Whole.name()))
        .filter(dsl::begun_at.gt(to_micros(begun_after)))
        .filter(dsl::seen_at.gt(to_micros(seen_after)))
        .filter(anybodys.or(dsl::user_id.eq(user.unwrap_or_default())))
        .order((dsl::begun_at.desc(), dsl::id.desc()));
    let rows: Vec<Row> = on!(connection, |link| query.select(Row::as_select()).load(link))?;
    rows.into_iter().map(|row| row.read(connection)).collect()
}

/// # Errors
/// When the database fails.
pub fn note_use(connection: &mut Connection, id: &str, at: Timestamp) -> Result<(), StoreError> {
    let seen = dsl::seen_at.eq(to_micros(at));
    on!(connection, |link| diesel::update(sessions::table.find(id)).set(seen).execute(link))?;
    Ok(())
}

/// Keeps with a session what one-time codes will be made of, or forgets it.
///
/// # Errors
/// When the database fails.
pub fn propose_factor(
    connection: &mut Connection,
    id: &str,
    secret: Option<&Secret>,
) -> Result<(), StoreError> {
    let sealed =
        secret.map(|secret| connection.seal(TABLE, id, "proposed_factor", secret.expose().as_bytes()));
    let proposed = dsl::proposed_factor.eq(sealed);
    on!(connection, |link| diesel::update(sessions::table.find(id)).set(proposed).execute(link))?;
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

/// Ends all sessions of a person but one; tells how many.
///
/// # Errors
/// When the database fails.
pub fn end_all(
    connection: &mut Connection,
    user: &str,
    except: Option<&str>,
    at: Timestamp,
) -> Result<usize, StoreError> {
    let open = sessions::table
        .filter(dsl::user_id.eq(user))
        .filter(dsl::ended_at.is_null())
        .filter(dsl::id.ne(except.unwrap_or_default()));
    let ended = dsl::ended_at.eq(Some(to_micros(at)));
    Ok(on!(connection, |link| diesel::update(open).set(ended).execute(link))?)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct Row {
    id: String,
    proof: String,
    user_id: String,
    stage: String,
    begun_at: i64,
    seen_at: i64,
    ended_at: Option<i64>,
    address: Option<String>,
    agent: Option<String>,
    proposed_factor: Option<Vec<u8>>,
}

impl Row {
    fn read(self, connection: &Connection) -> Result<Session, StoreError> {
        let id = self.id;
        let stage = Stage::ALL.into_iter().find(|stage| stage.name() == self.stage);
        let stage = stage.ok_or_else(|| StoreError::damaged(TABLE, &id, "no stage of a session"))?;
        let proposed_factor = match self.proposed_factor {
            None => None,
            Some(sealed) => {
                let text = connection.unseal(TABLE, &id, "proposed_factor", &sealed)?;
                let text = std::str::from_utf8(&text);
                Some(Secret::new(text.map_err(|error| StoreError::damaged(TABLE, &id, error))?))
            }
        };
        Ok(Session {
            begun_at: from_micros(TABLE, &id, self.begun_at)?,
            seen_at: from_micros(TABLE, &id, self.seen_at)?,
            ended_at: optional_from_micros(TABLE, &id, self.ended_at)?,
            id,
            user: self.user_id,
            stage,
            address: self.address,
            agent: self.agent,
            proposed_factor,
        })
    }
}

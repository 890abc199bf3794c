//! Evidence of claims: which links were followed on somebody's word, and what came of it. The files are in the archive.

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::evidence::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::domain::identity::{DocumentDigest, GuaranteeId};
use crate::secret::Secret;

const TABLE: &str = "evidence";

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A job is to fetch it.
    Asked,
    Fetched,
    /// It may not be fetched, or not be kept.
    Refused,
    /// It could not be fetched.
    Failed,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Asked, Self::Fetched, Self::Refused, Self::Failed];

    /// The word in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Fetched => "fetched",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Which link of which claim on which guarantee; both numbers count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub guarantee: GuaranteeId,
    pub claim: i64,
    pub item: i64,
}

/// A link that somebody had followed.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub id: String,
    pub of: Item,
    pub url: Secret,
    pub state: State,
    pub file: Option<File>,
    /// Why it was refused or failed, in a word.
    pub reason: Option<String>,
    pub asked_by: String,
    pub asked_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub document: DocumentDigest,
    /// In bytes.
    pub size: u64,
    pub media_type: String,
}

/// What came of following a link.
#[derive(Clone, Debug)]
pub enum Outcome {
    Fetched(File),
    Refused(String),
    Failed(String),
}

impl Outcome {
    pub fn state(&self) -> State {
        match self {
            Self::Fetched(_) => State::Fetched,
            Self::Refused(_) => State::Refused,
            Self::Failed(_) => State::Failed,
        }
    }
}

#[derive(Queryable)]
struct Row {
    id: String,
    guarantee_id: String,
    claim: i64,
    item: i64,
    url: Vec<u8>,
    state: String,
    document: Option<String>,
    size: Option<i64>,
    media_type: Option<String>,
    reason: Option<String>,
    asked_by: String,
    asked_at: i64,
    ended_at: Option<i64>,
}

/// Notes that somebody wants a file; yields the id under which it is to be fetched, None where it is being fetched or is
/// there. What was refused or failed may be asked for again.
///
/// # Errors
/// When the database fails; [`Duplicate`](StoreError::Duplicate) where somebody else asks at the same time.
pub fn ask(
    connection: &mut Connection,
    of: &Item,
    url: &str,
    by: &str,
    at: Timestamp,
) -> Result<Option<String>, StoreError> {
    let same =
        dsl::guarantee_id.eq(of.guarantee.as_str()).and(dsl::claim.eq(of.claim)).and(dsl::item.eq(of.item));
    let known = evidence::table.filter(same).select((dsl::id, dsl::state));
    let known: Option<(String, String)> = on!(connection, |link| known.first(link).optional())?;
    let id = match known {
        Some((_, state)) if [State::Asked.name(), State::Fetched.name()].contains(&state.as_str()) => {
            return Ok(None);
        }
        Some((id, _)) => {
            let again = (
                dsl::state.eq(State::Asked.name()),
                dsl::reason.eq(None::<String>),
                dsl::asked_by.eq(by),
                dsl::asked_at.eq(to_micros(at)),
                dsl::ended_at.eq(None::<i64>),
            );
            let row = evidence::table.find(&id);
            on!(connection, |link| diesel::update(row).set(again).execute(link))?;
            id
        }
        None => {
            let id = uuid::Uuid::now_v7().to_string();
            let row = (
                dsl::id.eq(&id),
                dsl::guarantee_id.eq(of.guarantee.as_str()),
                dsl::claim.eq(of.claim),
                dsl::item.eq(of.item),
                dsl::url.eq(connection.seal(TABLE, &id, "url", url.as_bytes())),
                dsl::state.eq(State::Asked.name()),
                dsl::asked_by.eq(by),
                dsl::asked_at.eq(to_micros(at)),
            );
            on!(connection, |link| diesel::insert_into(evidence::table).values(&row).execute(link))?;
            id
        }
    };
    Ok(Some(id))
}

/// Notes what came of it; false where nobody waits for it any more.
///
/// # Errors
/// When the database fails.
pub fn settle(
    connection: &mut Connection,
    id: &str,
    outcome: &Outcome,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let (file, reason) = match outcome {
        Outcome::Fetched(file) => (Some(file), None),
        Outcome::Refused(reason) | Outcome::Failed(reason) => (None, Some(reason.as_str())),
    };
    let settled = (
        dsl::state.eq(outcome.state().name()),
        dsl::document.eq(file.map(|file| file.document.as_str())),
        dsl::size.eq(file.map(|file| i64::try_from(file.size).unwrap_or(i64::MAX))),
        dsl::media_type.eq(file.map(|file| file.media_type.as_str())),
        dsl::reason.eq(reason),
        dsl::ended_at.eq(Some(to_micros(at))),
    );
    let waiting = evidence::table.find(id).filter(dsl::state.eq(State::Asked.name()));
    let changed = on!(connection, |link| diesel::update(waiting).set(settled).execute(link))?;
    Ok(changed == 1)
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<Evidence>, StoreError> {
    let query = evidence::table.find(id);
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    row.map(|row| read(connection, row)).transpose()
}

/// All that was asked for of one guarantee's claims, by claim and link.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn of_guarantee(connection: &mut Connection, id: &GuaranteeId) -> Result<Vec<Evidence>, StoreError> {
    let query = evidence::table.filter(dsl::guarantee_id.eq(id.as_str())).order((dsl::claim, dsl::item));
    let rows: Vec<Row> = on!(connection, |link| query.load(link))?;
    rows.into_iter().map(|row| read(connection, row)).collect()
}

fn read(connection: &Connection, row: Row) -> Result<Evidence, StoreError> {
    let damaged = |what: &str| StoreError::damaged(TABLE, &row.id, what.to_owned());
    let url = connection.unseal(TABLE, &row.id, "url", &row.url)?;
    let url = std::str::from_utf8(&url).map_err(|_| damaged("the address is no text"))?;
    let state = State::ALL.into_iter().find(|state| state.name() == row.state);
    let file = match (row.document, row.size, row.media_type) {
        (Some(document), Some(size), Some(media_type)) => Some(File {
            document: DocumentDigest::new(document),
            size: u64::try_from(size).map_err(|_| damaged("a size below nothing"))?,
            media_type,
        }),
        _ => None,
    };
    Ok(Evidence {
        of: Item { guarantee: GuaranteeId::new(row.guarantee_id), claim: row.claim, item: row.item },
        url: Secret::new(url),
        state: state.ok_or_else(|| damaged("an unknown state"))?,
        file,
        reason: row.reason,
        asked_by: row.asked_by,
        asked_at: from_micros(TABLE, &row.id, row.asked_at)?,
        ended_at: optional_from_micros(TABLE, &row.id, row.ended_at)?,
        id: row.id,
    })
}

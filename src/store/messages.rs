//! Every message in both directions with its answer, byte for byte, for ever.

use diesel::dsl::{count, sql};
use diesel::expression_methods::AggregateExpressionMethods as _;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::guarantees;
use super::schema::messages::{self, dsl};
use super::time::{from_micros, to_micros};
use crate::crypto::sm3;
use crate::domain::Refusal;
use crate::domain::identity::{GuaranteeId, PlatformId};

const TABLE: &str = "messages";

/// Who spoke first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The platform pushed.
    In,
    /// We sent.
    Out,
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// A message that is to be kept. Body and answer are sealed; everything else is stored in the clear.
#[derive(Clone)]
pub struct NewMessage {
    pub platform: PlatformId,
    pub direction: Direction,
    pub interface: String,
    /// None where the message could not be opened far enough to tell.
    pub guarantee: Option<GuaranteeId>,
    pub request_id: String,
    pub at: Timestamp,
    pub body: Vec<u8>,
    /// None where none came.
    pub answer: Option<Vec<u8>>,
    /// How it ended, in one word.
    pub outcome: String,
    /// Why; holds no secret.
    pub detail: Option<String>,
    /// The departures from the dialect that were tolerated, by name.
    pub tolerances: Vec<String>,
    pub peer: Option<String>,
}

/// What is kept of a body that is in the archive already: its size and its digest.
pub fn summary(body: &[u8]) -> Vec<u8> {
    format!("{{\"bytes\":{},\"sm3\":\"{}\"}}", body.len(), hex::encode(sm3::digest(body))).into_bytes()
}

/// A message without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub id: String,
    pub platform: PlatformId,
    pub direction: Direction,
    pub interface: String,
    pub guarantee: Option<GuaranteeId>,
    pub request_id: String,
    pub at: Timestamp,
    pub outcome: String,
    pub detail: Option<String>,
    pub tolerances: Vec<String>,
    pub peer: Option<String>,
    /// Of the body, in bytes.
    pub size: u64,
}

/// A message with its bytes, which Debug does not show.
#[derive(Clone)]
pub struct Message {
    pub header: Header,
    pub body: Zeroizing<Vec<u8>>,
    pub answer: Option<Zeroizing<Vec<u8>>>,
}

#[derive(Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
struct Row<'a> {
    id: &'a str,
    platform: &'a str,
    direction: &'static str,
    interface: &'a str,
    guarantee_id: Option<&'a str>,
    request_id: &'a str,
    at: i64,
    body: Vec<u8>,
    answer: Option<Vec<u8>>,
    outcome: &'a str,
    detail: Option<&'a str>,
    tolerances: String,
    peer: Option<&'a str>,
    size: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
struct HeaderRow {
    id: String,
    platform: String,
    direction: String,
    interface: String,
    guarantee_id: Option<String>,
    request_id: String,
    at: i64,
    outcome: String,
    detail: Option<String>,
    tolerances: String,
    peer: Option<String>,
    size: i64,
}

/// Keeps a message and returns its id.
///
/// # Errors
/// When the database fails.
pub fn record(connection: &mut Connection, message: &NewMessage) -> Result<String, StoreError> {
    let id = uuid::Uuid::now_v7().to_string();
    let row = Row {
        id: &id,
        platform: message.platform.as_str(),
        direction: message.direction.name(),
        interface: &message.interface,
        guarantee_id: message.guarantee.as_ref().map(GuaranteeId::as_str),
        request_id: &message.request_id,
        at: to_micros(message.at),
        body: connection.seal(TABLE, &id, "body", &message.body),
        answer: message.answer.as_ref().map(|answer| connection.seal(TABLE, &id, "answer", answer)),
        outcome: &message.outcome,
        detail: message.detail.as_deref(),
        tolerances: message.tolerances.join(","),
        peer: message.peer.as_deref(),
        size: i64::try_from(message.body.len()).unwrap_or(i64::MAX),
    };
    on!(connection, |link| diesel::insert_into(messages::table).values(&row).execute(link))?;
    Ok(id)
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<Message>, StoreError> {
    let query = messages::table.filter(dsl::id.eq(id));
    let row: Option<(HeaderRow, Vec<u8>, Option<Vec<u8>>)> = on!(connection, |link| query
        .select((HeaderRow::as_select(), dsl::body, dsl::answer))
        .first(link)
        .optional())?;
    let Some((header, body, answer)) = row else { return Ok(None) };
    Ok(Some(Message {
        header: header_of(header)?,
        body: connection.unseal(TABLE, id, "body", &body)?,
        answer: answer.map(|answer| connection.unseal(TABLE, id, "answer", &answer)).transpose()?,
    }))
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn header(connection: &mut Connection, id: &str) -> Result<Option<Header>, StoreError> {
    let query = messages::table.filter(dsl::id.eq(id));
    let row: Option<HeaderRow> =
        on!(connection, |link| query.select(HeaderRow::as_select()).first(link).optional())?;
    row.map(header_of).transpose()
}

/// The messages of one request, oldest first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn of_request(
    connection: &mut Connection,
    request_id: &str,
    limit: u32,
) -> Result<Vec<Header>, StoreError> {
    let query = messages::table.filter(dsl::request_id.eq(request_id)).order((dsl::at, dsl::id));
    let query = query.limit(i64::from(limit));
    let rows: Vec<HeaderRow> = on!(connection, |link| query.select(HeaderRow::as_select()).load(link))?;
    rows.into_iter().map(header_of).collect()
}

/// The conditions of the indices over pushes, in the words of the migration: a database uses a partial index only where the
/// query says its condition in the same words.
const PUSHED: &str = "direction = 'in'";
const TURNED_AWAY: &str = "direction = 'in' AND outcome IN ('bad-digest', 'refused')";

/// When a platform pushed last, whatever was answered; None where it never did.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn last_push(
    connection: &mut Connection,
    platform: &PlatformId,
) -> Result<Option<Timestamp>, StoreError> {
    let query = messages::table.filter(dsl::platform.eq(platform.as_str())).filter(sql::<Bool>(PUSHED));
    let query = query.order(dsl::at.desc()).select(dsl::at);
    let at: Option<i64> = on!(connection, |link| query.first(link).optional())?;
    at.map(|at| from_micros(TABLE, platform.as_str(), at)).transpose()
}

/// How many pushes of a platform since then had a digest that is not the platform's.
///
/// # Errors
/// When the database fails.
pub fn bad_digests(
    connection: &mut Connection,
    platform: &PlatformId,
    since: Timestamp,
) -> Result<u64, StoreError> {
    let query = messages::table.filter(dsl::platform.eq(platform.as_str()).and(dsl::at.ge(to_micros(since))));
    let query = query.filter(sql::<Bool>(TURNED_AWAY)).filter(dsl::outcome.eq("bad-digest"));
    let count: i64 = on!(connection, |link| query.count().get_result(link))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// How many guarantees of a platform have got a key since then that does not open them, and none yet that does.
///
/// # Errors
/// When the database fails.
pub fn wrong_keys(
    connection: &mut Connection,
    platform: &PlatformId,
    since: Timestamp,
) -> Result<u64, StoreError> {
    let joined =
        messages::table.inner_join(guarantees::table.on(dsl::guarantee_id.eq(guarantees::id.nullable())));
    let refused = dsl::platform.eq(platform.as_str()).and(dsl::at.ge(to_micros(since)));
    let query = joined.filter(refused).filter(sql::<Bool>(TURNED_AWAY));
    let query = query.filter(dsl::detail.eq(Refusal::WrongKey.to_string()));
    let query = query.filter(guarantees::opened_at.is_null());
    let query = query.select(count(guarantees::id).aggregate_distinct());
    let count: i64 = on!(connection, |link| query.first(link))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The messages of a guarantee, oldest first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn for_guarantee(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
) -> Result<Vec<Header>, StoreError> {
    let query = messages::table.filter(dsl::guarantee_id.eq(guarantee.as_str()));
    let query = query.order((dsl::at, dsl::id));
    let rows: Vec<HeaderRow> = on!(connection, |link| query.select(HeaderRow::as_select()).load(link))?;
    rows.into_iter().map(header_of).collect()
}

fn header_of(row: HeaderRow) -> Result<Header, StoreError> {
    Ok(Header {
        at: from_micros(TABLE, &row.id, row.at)?,
        direction: if row.direction == "in" { Direction::In } else { Direction::Out },
        tolerances: row.tolerances.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
        size: u64::try_from(row.size).unwrap_or(0),
        id: row.id,
        platform: PlatformId::new(row.platform),
        interface: row.interface,
        guarantee: row.guarantee_id.map(GuaranteeId::new),
        request_id: row.request_id,
        outcome: row.outcome,
        detail: row.detail,
        peer: row.peer,
    })
}

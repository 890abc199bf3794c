//! What one operator proposed and another has to approve. Whatever a proposal would do is sealed, since it may hold a key
//! or what somebody is called; a keyed digest binds it to who proposed it, about what and until when.
//!
//! That nobody decides about their own proposal is a constraint of the table too.

mod list;

use std::fmt;

use diesel::prelude::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::proposal_guarantees as named;
use super::schema::proposals::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::domain::identity::{GuaranteeId, PlatformId};

pub use list::{Filter, count_open, guarantees_of, held, list, open_for, overdue};

const TABLE: &str = "proposals";

/// Rows that one statement inserts: SQLite takes 32,766 values.
const CHUNK: usize = 1000;

/// The id of a proposal: a UUID version 7, made by the gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProposalId(String);

impl ProposalId {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn generate() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProposalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a proposal is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Guarantee(GuaranteeId),
    Platform(PlatformId),
    /// A message that was received or sent, by its id.
    Message(String),
    /// Several guarantees or jobs, or the gateway as a whole.
    House,
}

impl Subject {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Guarantee(_) => "guarantee",
            Self::Platform(_) => "platform",
            Self::Message(_) => "message",
            Self::House => "house",
        }
    }

    /// Which one; empty for the house.
    pub fn id(&self) -> &str {
        match self {
            Self::Guarantee(id) => id.as_str(),
            Self::Platform(id) => id.as_str(),
            Self::Message(id) => id,
            Self::House => "",
        }
    }

    fn stored(row: &str, kind: &str, id: String) -> Result<Self, StoreError> {
        match kind {
            "guarantee" => Ok(Self::Guarantee(GuaranteeId::new(id))),
            "platform" => Ok(Self::Platform(PlatformId::new(id))),
            "message" => Ok(Self::Message(id)),
            "house" => Ok(Self::House),
            other => Err(StoreError::damaged(TABLE, row, format!("unknown subject `{other}`"))),
        }
    }
}

/// Where a proposal stands. All but the first are ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    Open,
    /// Approved and carried out.
    Approved,
    /// Approved, and found to be impossible by then; nothing of it was done.
    Failed,
    Refused,
    /// Taken back by whoever made it.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
}

impl State {
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Approved, Self::Failed, Self::Refused, Self::Withdrawn, Self::Expired];

    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}

/// An operator, as a proposal remembers one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id under which the person is stored.
    pub id: String,
    /// What the person was called then.
    pub name: String,
}

/// A proposal that is to be stored.
#[derive(Clone, Debug)]
pub struct NewProposal<'a> {
    pub kind: &'a str,
    pub subject: Subject,
    /// The version of the guarantee that its maker saw.
    pub version: Option<i64>,
    /// Every guarantee that it would change.
    pub guarantees: &'a [GuaranteeId],
    /// Text; sealed when stored.
    pub payload: Zeroizing<String>,
    pub reason: &'a str,
    pub maker: Person,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A proposal without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub id: ProposalId,
    pub kind: String,
    pub subject: Subject,
    pub version: Option<i64>,
    pub reason: String,
    /// Keyed fingerprint (hex) of what is proposed, by whom, about what, until when.
    pub digest: String,
    pub maker: Person,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
    pub state: State,
    /// Who ended it, and when; nobody where it expired.
    pub decided_by: Option<Person>,
    pub decided_at: Option<Timestamp>,
    pub conclusion: Conclusion,
    /// Until when its maker may see what is masked otherwise.
    pub holds_until: Option<Timestamp>,
}

/// What was said and what came of it when a proposal ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// What the decider said.
    pub remark: Option<String>,
    /// One for each thing that was to be done.
    #[serde(default)]
    pub outcome: Vec<Outcome>,
}

/// What came of one of the things that were to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// An application's number, or the id of a job.
    pub about: String,
    /// Why it was not done; None where it was.
    pub refused: Option<String>,
}

/// How a proposal ends.
#[derive(Clone, Debug)]
pub struct Ending<'a> {
    pub state: State,
    /// None where it expired.
    pub by: Option<&'a Person>,
    pub conclusion: Conclusion,
    pub holds_until: Option<Timestamp>,
}

/// # Errors
/// When the database fails.
pub fn insert(connection: &mut Connection, new: &NewProposal<'_>) -> Result<Proposal, StoreError> {
    let id = ProposalId::generate();
    let (row, subject) = (id.as_str(), (new.subject.kind(), new.subject.id()));
    // As the database holds times, so that the digest can be made again.
    let (made_at, expires_at) = (to_micros(new.made_at), to_micros(new.expires_at));
    let facts = Facts {
        id: row,
        kind: new.kind,
        subject,
        version: new.version,
        reason: new.reason,
        maker: (&new.maker.id, &new.maker.name),
        times: (made_at, expires_at),
    };
    let digest = facts.digest(connection, &new.payload);
    let values = (
        (dsl::id.eq(row), dsl::kind.eq(new.kind)),
        (dsl::subject_kind.eq(subject.0), dsl::subject.eq(subject.1), dsl::version.eq(new.version)),
        dsl::payload.eq(connection.seal(TABLE, row, "payload", new.payload.as_bytes())),
        dsl::reason.eq(connection.seal(TABLE, row, "reason", new.reason.as_bytes())),
        dsl::digest.eq(&digest),
        (dsl::made_by.eq(&new.maker.id), dsl::maker_name.eq(&new.maker.name)),
        (dsl::made_at.eq(made_at), dsl::expires_at.eq(expires_at)),
        dsl::state.eq(State::Open.name()),
    );
    on!(connection, |link| diesel::insert_into(proposals::table).values(values).execute(link))?;
    for guarantees in new.guarantees.chunks(CHUNK) {
        let pair = |id: &GuaranteeId| (named::proposal_id.eq(row), named::guarantee_id.eq(id.to_string()));
        let rows: Vec<_> = guarantees.iter().map(pair).collect();
        on!(connection, |link| diesel::insert_into(named::table).values(rows).execute(link))?;
    }
    find(connection, &id)?.ok_or_else(|| StoreError::damaged(TABLE, row, "just stored and not there"))
}

/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, id: &ProposalId) -> Result<Option<Proposal>, StoreError> {
    let query = proposals::table.find(id.as_str());
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(|row| proposal_of(connection, row)).transpose()
}

/// What a proposal would do, as it was stored; None where the row does not hold what was proposed then: somebody has
/// changed it behind the gateway's back, or the master key has been replaced since.
///
/// # Errors
/// When the database fails.
pub fn payload(
    connection: &mut Connection,
    proposal: &Proposal,
) -> Result<Option<Zeroizing<String>>, StoreError> {
    let row = proposal.id.as_str();
    let query = proposals::table.find(row).select(dsl::payload);
    let sealed: Vec<u8> = on!(connection, |link| query.first(link))?;
    // What was swapped opens nowhere but in its own row.
    let Ok(bytes) = connection.unseal(TABLE, row, "payload", &sealed) else { return Ok(None) };
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let text = Zeroizing::new(text.to_owned());
    let facts = Facts {
        id: row,
        kind: &proposal.kind,
        subject: (proposal.subject.kind(), proposal.subject.id()),
        version: proposal.version,
        reason: &proposal.reason,
        maker: (&proposal.maker.id, &proposal.maker.name),
        times: (to_micros(proposal.made_at), to_micros(proposal.expires_at)),
    };
    Ok((facts.digest(connection, &text) == proposal.digest).then_some(text))
}

/// Ends a proposal that is open, once.
///
/// # Errors
/// [`StoreError::Conflict`] where it has ended already; then nothing of the transaction may be committed.
pub fn end(
    connection: &mut Connection,
    id: &ProposalId,
    ending: &Ending<'_>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = id.as_str();
    let conclusion = serde_json::to_vec(&ending.conclusion);
    let conclusion = conclusion.map_err(|error| StoreError::damaged(TABLE, row, error))?;
    let values = (
        dsl::state.eq(ending.state.name()),
        dsl::decided_by.eq(ending.by.map(|by| by.id.as_str())),
        dsl::decider_name.eq(ending.by.map(|by| by.name.as_str())),
        dsl::decided_at.eq(Some(to_micros(at))),
        dsl::conclusion.eq(Some(connection.seal(TABLE, row, "conclusion", &conclusion))),
        dsl::holds_until.eq(ending.holds_until.map(to_micros)),
    );
    let open = proposals::table.filter(dsl::id.eq(row).and(dsl::state.eq(State::Open.name())));
    match on!(connection, |link| diesel::update(open).set(values).execute(link))? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// A fingerprint of a key, by which people tell two of them apart; nobody can try keys out on it.
pub fn key_fingerprint(connection: &Connection, key: &[u8]) -> String {
    let mark = connection.mark("opening key", &[&Zeroizing::new(hex::encode(key))]);
    hex::encode(mark).chars().take(16).collect()
}

/// What the digest covers beside the payload.
struct Facts<'a> {
    id: &'a str,
    kind: &'a str,
    subject: (&'a str, &'a str),
    version: Option<i64>,
    reason: &'a str,
    maker: (&'a str, &'a str),
    times: (i64, i64),
}

impl Facts<'_> {
    fn digest(&self, connection: &Connection, payload: &str) -> String {
        let version = self.version.map(|version| version.to_string()).unwrap_or_default();
        let (made_at, expires_at) = (self.times.0.to_string(), self.times.1.to_string());
        let parts = [
            self.id,
            self.kind,
            self.subject.0,
            self.subject.1,
            &version,
            self.reason,
            self.maker.0,
            self.maker.1,
            &made_at,
            &expires_at,
            payload,
        ];
        hex::encode(connection.mark("proposal", &parts))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = proposals)]
struct Row {
    id: String,
    kind: String,
    subject_kind: String,
    subject: String,
    version: Option<i64>,
    reason: Vec<u8>,
    digest: String,
    made_by: String,
    maker_name: String,
    made_at: i64,
    expires_at: i64,
    state: String,
    decided_by: Option<String>,
    decider_name: Option<String>,
    decided_at: Option<i64>,
    conclusion: Option<Vec<u8>>,
    holds_until: Option<i64>,
}

fn proposal_of(connection: &Connection, row: Row) -> Result<Proposal, StoreError> {
    let id = row.id.as_str();
    let known = State::ALL.into_iter().find(|state| state.name() == row.state);
    let unknown = || StoreError::damaged(TABLE, id, format!("unknown state `{}`", row.state));
    let reason = connection.unseal(TABLE, id, "reason", &row.reason)?;
    let conclusion = match &row.conclusion {
        Some(sealed) => serde_json::from_slice(&connection.unseal(TABLE, id, "conclusion", sealed)?)
            .map_err(|error| StoreError::damaged(TABLE, id, error))?,
        None => Conclusion::default(),
    };
    let by = row.decided_by.map(|by| Person { id: by, name: row.decider_name.unwrap_or_default() });
    Ok(Proposal {
        state: known.ok_or_else(unknown)?,
        subject: Subject::stored(id, &row.subject_kind, row.subject)?,
        reason: String::from_utf8_lossy(&reason).into_owned(),
        made_at: from_micros(TABLE, id, row.made_at)?,
        expires_at: from_micros(TABLE, id, row.expires_at)?,
        decided_at: optional_from_micros(TABLE, id, row.decided_at)?,
        holds_until: optional_from_micros(TABLE, id, row.holds_until)?,
        conclusion,
        decided_by: by,
        id: ProposalId(row.id),
        kind: row.kind,
        version: row.version,
        digest: row.digest,
        maker: Person { id: row.made_by, name: row.maker_name },
    })
}

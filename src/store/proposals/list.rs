//! Proposals as people look for them.

use diesel::dsl::count_star;
use diesel::prelude::*;
use jiff::Timestamp;

use super::{Proposal, ProposalId, Row, State, Subject, named, proposal_of};
use crate::domain::identity::GuaranteeId;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::proposals::{self, dsl};
use crate::store::time::to_micros;

/// Which proposals to list, the latest first.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any, if empty.
    pub states: Vec<State>,
    /// Made by this person.
    pub maker: Option<String>,
    /// Made by anybody but this person.
    pub not_by: Option<String>,
    pub kind: Option<String>,
    /// That would change this guarantee.
    pub guarantee: Option<GuaranteeId>,
    /// The last one of the page before.
    pub behind: Option<ProposalId>,
    pub limit: u32,
}

/// # Errors
/// When the database fails or a row can't be read.
pub fn list(connection: &mut Connection, filter: &Filter) -> Result<Vec<Proposal>, StoreError> {
    let rows: Vec<Row> = on!(connection, |link| {
        let mut query = proposals::table.select(Row::as_select()).into_boxed();
        if !filter.states.is_empty() {
            query = query.filter(dsl::state.eq_any(filter.states.iter().map(|state| state.name())));
        }
        if let Some(maker) = &filter.maker {
            query = query.filter(dsl::made_by.eq(maker));
        }
        if let Some(maker) = &filter.not_by {
            query = query.filter(dsl::made_by.ne(maker));
        }
        if let Some(kind) = &filter.kind {
            query = query.filter(dsl::kind.eq(kind));
        }
        if let Some(guarantee) = &filter.guarantee {
            let about = named::table.filter(named::guarantee_id.eq(guarantee.as_str()));
            query = query.filter(dsl::id.eq_any(about.select(named::proposal_id)));
        }
        if let Some(behind) = &filter.behind {
            query = query.filter(dsl::id.lt(behind.as_str()));
        }
        query.order(dsl::id.desc()).limit(i64::from(filter.limit)).load(link)
    })?;
    rows.into_iter().map(|row| proposal_of(connection, row)).collect()
}

/// What is pending for a guarantee, the oldest first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn open_for(
    connection: &mut Connection,
    guarantee: &GuaranteeId,
    at: Timestamp,
) -> Result<Vec<Proposal>, StoreError> {
    let about = named::table.filter(named::guarantee_id.eq(guarantee.as_str())).select(named::proposal_id);
    let open = dsl::state.eq(State::Open.name()).and(dsl::expires_at.gt(to_micros(at)));
    let query = proposals::table.filter(dsl::id.eq_any(about)).filter(open).order(dsl::id);
    let rows: Vec<Row> = on!(connection, |link| query.select(Row::as_select()).load(link))?;
    rows.into_iter().map(|row| proposal_of(connection, row)).collect()
}

/// How many proposals wait for somebody's word; those of one person aside, where one is named, who can't give it.
///
/// # Errors
/// When the database fails.
pub fn count_open(
    connection: &mut Connection,
    not_by: Option<&str>,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let open = dsl::state.eq(State::Open.name()).and(dsl::expires_at.gt(to_micros(at)));
    let count: i64 = on!(connection, |link| {
        let mut query = proposals::table.filter(open).select(count_star()).into_boxed();
        if let Some(maker) = not_by {
            query = query.filter(dsl::made_by.ne(maker));
        }
        query.first(link)
    })?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// What is open past its time, the oldest first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn overdue(connection: &mut Connection, at: Timestamp, limit: u32) -> Result<Vec<Proposal>, StoreError> {
    let open = dsl::state.eq(State::Open.name()).and(dsl::expires_at.le(to_micros(at)));
    let query = proposals::table.filter(open).order(dsl::id).limit(i64::from(limit));
    let rows: Vec<Row> = on!(connection, |link| query.select(Row::as_select()).load(link))?;
    rows.into_iter().map(|row| proposal_of(connection, row)).collect()
}

/// The guarantees that a proposal would change.
///
/// # Errors
/// When the database fails.
pub fn guarantees_of(
    connection: &mut Connection,
    proposal: &ProposalId,
) -> Result<Vec<GuaranteeId>, StoreError> {
    let query = named::table.filter(named::proposal_id.eq(proposal.as_str()));
    let query = query.order(named::guarantee_id).select(named::guarantee_id);
    let ids: Vec<String> = on!(connection, |link| query.load(link))?;
    Ok(ids.into_iter().map(GuaranteeId::new).collect())
}

/// A person's approved proposal that lets them see something now, the one that holds longest.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn held(
    connection: &mut Connection,
    maker: &str,
    subject: &Subject,
    at: Timestamp,
) -> Result<Option<Proposal>, StoreError> {
    // The condition of the index, in the same words.
    let holds = diesel::dsl::sql::<diesel::sql_types::Bool>("holds_until IS NOT NULL");
    let query = proposals::table
        .filter(holds)
        .filter(dsl::made_by.eq(maker).and(dsl::state.eq(State::Approved.name())))
        .filter(dsl::subject_kind.eq(subject.kind()).and(dsl::subject.eq(subject.id())))
        .filter(dsl::holds_until.gt(to_micros(at)))
        .order(dsl::holds_until.desc());
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(|row| proposal_of(connection, row)).transpose()
}

//! What is stored of one guarantee, read in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::casework::{Platform, sections};
use crate::domain::Guarantee;
use crate::domain::identity::GuaranteeId;
use crate::domain::section::RevealedSection;
use crate::store::audit::{self, Record as Act};
use crate::store::callbacks;
use crate::store::documents::{self, Document};
use crate::store::events;
use crate::store::guarantees;
use crate::store::jobs::{self, Attempt, JobId, JobState, Record};
use crate::store::messages::{self, Header};
use crate::store::proposals::{self, Proposal};
use crate::store::{Connection, StoreError};

/// More callbacks and more acts than one guarantee has.
const MANY: u32 = 500;

/// What the audit trail calls a guarantee.
pub(super) const GUARANTEE: &str = "guarantee";

pub(super) struct History {
    pub guarantee: Guarantee,
    /// What may be read of the tender section by now.
    pub section: Option<RevealedSection>,
    pub events: Vec<events::Entry>,
    pub messages: Vec<Header>,
    pub jobs: Vec<Record>,
    attempts: BTreeMap<JobId, Vec<Attempt>>,
    pub callbacks: Vec<callbacks::Record>,
    pub documents: Vec<Document>,
    /// What people did to it.
    pub acts: Vec<Act>,
    /// What waits for somebody's approval.
    pub proposals: Vec<Proposal>,
}

impl History {
    /// None where there is no such guarantee. Without a platform, one that the settings name no more, its section stays shut.
    ///
    /// # Errors
    /// When the database fails or a row can't be read.
    pub fn read(
        connection: &mut Connection,
        id: &GuaranteeId,
        platform: impl Fn(&Guarantee) -> Option<Arc<Platform>>,
        at: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some(stored) = guarantees::find(connection, id)? else { return Ok(None) };
        let guarantee = stored.guarantee;
        let section = match platform(&guarantee) {
            Some(platform) => sections::revealed(connection, &platform, &guarantee)?,
            None => None,
        };
        let jobs = jobs::of_guarantee(connection, id)?;
        let ids: Vec<JobId> = jobs.iter().map(|job| job.id.clone()).collect();
        let told = callbacks::Filter {
            guarantee: Some(id.clone()),
            order: callbacks::Order::OldestFirst,
            limit: MANY,
            ..callbacks::Filter::default()
        };
        let about = audit::Filter {
            subject_kind: Some(GUARANTEE.to_owned()),
            subject: Some(id.to_string()),
            limit: MANY,
            ..audit::Filter::default()
        };
        Ok(Some(Self {
            section,
            events: events::timeline(connection, id)?,
            messages: messages::for_guarantee(connection, id)?,
            attempts: jobs::attempts_of(connection, &ids)?,
            jobs,
            callbacks: callbacks::list(connection, &told)?,
            documents: documents::for_guarantee(connection, id)?,
            acts: audit::list(connection, &about)?,
            proposals: proposals::open_for(connection, id, at)?,
            guarantee,
        }))
    }

    pub fn attempts(&self, job: &Record) -> &[Attempt] {
        self.attempts.get(&job.id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether something will happen by itself.
    pub fn is_moving(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job.state, JobState::Ready | JobState::Running))
    }

    pub fn dead(&self) -> impl Iterator<Item = &Record> {
        self.jobs.iter().filter(|job| job.state == JobState::Dead)
    }
}

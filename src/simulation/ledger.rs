//! The database as a model: tables that a transaction changes together, and a command carried out on them.
//!
//! [`Ledger::carry_out`] is to this what [`casework::carry_out`](crate::casework::carry_out) is to the database; what
//! decides and what plans is the same code.

use std::sync::Arc;

use jiff::Timestamp;

use super::job_table::JobTable;
use super::mutation::Mutation;
use super::table::Table;
use crate::casework::task;
use crate::dialect::Profile;
use crate::domain::decision::{Newcomer, decide};
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, DocumentDigest, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::domain::{Command, Event, Guarantee, Refusal};
use crate::store::jobs::{JobId, Lane, NewJob};
use crate::store::{Constraint, StoreError};

/// A guarantee with the version that an update has to name.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub guarantee: Arc<Guarantee>,
    pub version: i64,
}

/// Platform, interface, business key.
pub(super) type BusinessKey = (PlatformId, String, String);

/// What a business key was first used for, and how that was answered.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub content: String,
    pub answer: Arc<[u8]>,
}

/// An upload under way, or finished.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub document: DocumentDigest,
    pub generation: i64,
    pub file_key: u64,
    pub slices: u64,
    pub acknowledged: u64,
    pub completed: bool,
}

/// Which letter of which guarantee.
pub(super) type Parcel = (GuaranteeId, &'static str);

/// All tables.
pub(super) struct Ledger {
    pub guarantees: Table<GuaranteeId, Stored>,
    applications: Table<(PlatformId, ApplicationNumber), GuaranteeId>,
    numbers: Table<(PlatformId, GuaranteeNumber), GuaranteeId>,
    pub events: Table<(GuaranteeId, i64), Event>,
    pub jobs: JobTable,
    pub bindings: Table<BusinessKey, Binding>,
    pub keys: Table<GuaranteeId, Arc<[u8]>>,
    pub deliveries: Table<Parcel, Delivery>,
    pub documents: Table<(GuaranteeId, DocumentDigest), LetterKind>,
    /// Its own clock, in microseconds since 1970.
    pub now: i64,
    pub mutation: Mutation,
    ids: u64,
    /// With [`Mutation::EnqueuesLater`]: what a second transaction enqueues, if it comes to that.
    pub held_back: Vec<NewJob>,
}

impl Ledger {
    pub fn new(mutation: Mutation) -> Self {
        let mut jobs = JobTable::new();
        jobs.mutation = mutation;
        Self {
            guarantees: Table::new(),
            applications: Table::new(),
            numbers: Table::new(),
            events: Table::new(),
            jobs,
            bindings: Table::new(),
            keys: Table::new(),
            deliveries: Table::new(),
            documents: Table::new(),
            now: 0,
            mutation,
            ids: 0,
            held_back: Vec::new(),
        }
    }

    pub fn commit(&mut self) {
        self.guarantees.commit();
        self.applications.commit();
        self.numbers.commit();
        self.events.commit();
        self.jobs.commit();
        self.bindings.commit();
        self.keys.commit();
        self.deliveries.commit();
        self.documents.commit();
    }

    pub fn roll_back(&mut self) {
        self.guarantees.roll_back();
        self.applications.roll_back();
        self.numbers.roll_back();
        self.events.roll_back();
        self.jobs.roll_back();
        self.bindings.roll_back();
        self.keys.roll_back();
        self.deliveries.roll_back();
        self.documents.roll_back();
        self.held_back.clear();
    }

    /// An id that sorts after those before it, as a UUID of version 7 does.
    fn next_id(&mut self, prefix: &str) -> String {
        self.ids = self.ids.saturating_add(1);
        format!("{prefix}{:06}", self.ids)
    }

    pub fn find(&self, id: &GuaranteeId) -> Option<&Stored> {
        self.guarantees.get(id)
    }

    pub fn find_by_application(
        &self,
        platform: &PlatformId,
        application: &ApplicationNumber,
    ) -> Option<&Stored> {
        self.find(self.applications.get(&(platform.clone(), application.clone()))?)
    }

    pub fn find_by_number(&self, platform: &PlatformId, number: &GuaranteeNumber) -> Option<&Stored> {
        self.find(self.numbers.get(&(platform.clone(), number.clone()))?)
    }

    pub fn enqueue(&mut self, job: &NewJob) -> JobId {
        let id = JobId::new(self.next_id("j"));
        let now = self.now;
        self.jobs.enqueue(id, job, now)
    }

    pub fn enqueue_alone(&mut self, job: &NewJob) -> Option<JobId> {
        let id = JobId::new(self.next_id("j"));
        let now = self.now;
        self.jobs.enqueue_alone(id, job, now)
    }

    /// Carries a command out on the guarantee as it was read.
    pub fn carry_out(
        &mut self,
        profile: &Profile,
        known: Option<Stored>,
        command: Command,
        at: Timestamp,
    ) -> Result<Result<Stored, Refusal>, StoreError> {
        let hands_over = matches!(&command, Command::RecordLetter { letter: LetterKind::Merged, .. });
        let newcomer = Newcomer { id: GuaranteeId::new(self.next_id("g")), platform: profile.id().clone() };
        let (version, known) = match known {
            Some(stored) => (Some(stored.version), Some(Guarantee::clone(&stored.guarantee))),
            None => (None, None),
        };
        let decision = match decide(known, newcomer, command, at) {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let stored = Stored {
            guarantee: Arc::new(decision.guarantee),
            version: version.unwrap_or(0).saturating_add(1),
        };
        self.write_guarantee(&stored, version)?;
        let guarantee = &stored.guarantee;
        let written = self.events_of(&guarantee.id).count();
        for (number, event) in (1_i64..).zip(decision.events) {
            let number = i64::try_from(written).unwrap_or(i64::MAX).saturating_add(number);
            self.events.put((guarantee.id.clone(), number), event);
        }
        let pressing = task::pressing(&decision.work);
        for job in task::plan(profile, guarantee, decision.work, at)? {
            match self.mutation {
                Mutation::EnqueuesLater => self.held_back.push(job),
                _ => drop(self.enqueue(&job)),
            }
        }
        let forgotten = match self.mutation {
            Mutation::NothingHastened => true,
            Mutation::LetterWaits => hands_over,
            _ => false,
        };
        if let Some(deadline) = pressing.filter(|_| !forgotten) {
            let (lane, now) = (Lane::of_guarantee(&guarantee.id), self.now);
            self.jobs.hasten(&lane, deadline.as_microsecond(), now);
        }
        Ok(Ok(stored))
    }

    pub fn carry_out_all(
        &mut self,
        profile: &Profile,
        id: &GuaranteeId,
        commands: &[Command],
        at: Timestamp,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let mut known = self.find(id).cloned();
        for command in commands {
            match self.carry_out(profile, known, command.clone(), at)? {
                Ok(stored) => known = Some(stored),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(()))
    }

    fn write_guarantee(&mut self, stored: &Stored, read_at: Option<i64>) -> Result<(), StoreError> {
        let guarantee = &stored.guarantee;
        let (id, platform) = (&guarantee.id, &guarantee.platform);
        match read_at {
            None => {
                let key = (platform.clone(), guarantee.application.number.clone());
                if self.applications.has(&key) {
                    return Err(StoreError::Duplicate(Constraint::Application));
                }
                self.applications.put(key, id.clone());
            }
            Some(version) => {
                let present = self.find(id).map(|present| present.version);
                if present != Some(version) && self.mutation != Mutation::NoVersionCheck {
                    return Err(StoreError::Conflict);
                }
            }
        }
        if let Some(number) = guarantee.number() {
            let key = (platform.clone(), number.clone());
            match self.numbers.get(&key) {
                Some(other) if other != id => {
                    return Err(StoreError::Duplicate(Constraint::GuaranteeNumber));
                }
                Some(_) => {}
                None => self.numbers.put(key, id.clone()),
            }
        }
        self.guarantees.put(id.clone(), stored.clone());
        Ok(())
    }

    pub fn events_of(&self, id: &GuaranteeId) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |((of, _), _)| of == id).map(|(_, event)| event)
    }

    /// Begins the upload of a letter.
    pub fn start_delivery(&mut self, parcel: Parcel, delivery: Delivery) -> Result<(), StoreError> {
        if self.deliveries.has(&parcel) {
            return Err(StoreError::Duplicate(Constraint::Delivery));
        }
        self.deliveries.put(parcel, delivery);
        Ok(())
    }

    /// Only the next slice of the generation under way can be noted.
    pub fn acknowledge(&mut self, parcel: &Parcel, generation: i64, index: u64) -> Result<(), StoreError> {
        self.change_delivery(parcel, generation, |delivery| {
            let next = delivery.acknowledged == index && !delivery.completed;
            delivery.acknowledged = index.saturating_add(1);
            next
        })
    }

    pub fn complete(&mut self, parcel: &Parcel, generation: i64) -> Result<(), StoreError> {
        self.change_delivery(parcel, generation, |delivery| {
            delivery.completed = true;
            delivery.acknowledged == delivery.slices
        })
    }

    pub fn restart(&mut self, parcel: &Parcel, generation: i64, file_key: u64) -> Result<(), StoreError> {
        self.change_delivery(parcel, generation, |delivery| {
            delivery.generation = generation.saturating_add(1);
            delivery.file_key = file_key;
            delivery.acknowledged = 0;
            delivery.completed = false;
            true
        })
    }

    fn change_delivery(
        &mut self,
        parcel: &Parcel,
        generation: i64,
        change: impl FnOnce(&mut Delivery) -> bool,
    ) -> Result<(), StoreError> {
        let mut delivery = self.deliveries.get(parcel).cloned().ok_or(StoreError::Conflict)?;
        if delivery.generation != generation || !change(&mut delivery) {
            return Err(StoreError::Conflict);
        }
        self.deliveries.put(parcel.clone(), delivery);
        Ok(())
    }
}

//! The world of one run: everything there is, what is going to happen to it, and the one loop that lets it happen.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::agenda::{Agenda, DAY, HOUR, MILLISECOND, MINUTE, Micros, SECOND};
use super::applicant::{Case, Plot, Push};
use super::arrivals::Arrivals;
use super::cast::{Cast, Deciding, Role};
use super::filing::View;
use super::ledger::Ledger;
use super::mutation::Mutation;
use super::network::{Call, Returned};
use super::oracle::Oracle;
use super::replica::Replica;
use super::tally::Tally;
use super::trace::Trace;
use super::weather::{Boundary, Fault, Weather};
use crate::domain::identity::DocumentDigest;
use crate::jobs::{JobOptions, RoundOptions};
use crate::store::StoreError;

/// When the world begins: a Monday morning in China, in microseconds since 1970.
const BEGINNING: i64 = 1_772_413_200_000_000;

/// Something that is planned.
pub(super) enum Happening {
    Plot {
        case: usize,
        plot: Plot,
    },
    /// The platform sends a push; `times` is how often it had by then, so that an answered one is not sent again.
    Send {
        push: usize,
        times: u32,
    },
    Arrive {
        push: usize,
        replica: usize,
        life: u64,
    },
    File {
        push: usize,
        replica: usize,
        life: u64,
        view: Box<View>,
        races: u32,
    },
    Answered {
        push: usize,
        answer: Option<Arc<[u8]>>,
    },
    Poll {
        replica: usize,
        life: u64,
        at: Micros,
    },
    Step {
        replica: usize,
        life: u64,
        attempt: u64,
    },
    Renew {
        replica: usize,
        life: u64,
        attempt: u64,
    },
    CallArrives(Box<Call>),
    CallReturns {
        replica: usize,
        life: u64,
        attempt: u64,
        call: u64,
        returned: Returned,
    },
    Desk,
    Operator {
        last: bool,
    },
    Disturb,
    Restart {
        replica: usize,
    },
}

/// How the database lets transactions meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// One writer: what a transaction has read stays so until it commits (SQLite).
    Serial,
    /// Others commit between a transaction's reading and its writing (PostgreSQL, read committed).
    Interleaved,
}

/// How a transaction ended for whoever wanted it.
pub(super) enum Written<T> {
    Done(T),
    Failed(StoreError),
    /// The replica died; nobody is left to hear of it.
    Crashed,
}

pub(super) struct World<'c> {
    pub cast: &'c Cast,
    pub rng: StdRng,
    pub now: Micros,
    pub agenda: Agenda<Happening>,
    pub ledger: Ledger,
    /// Letters by their digest; no transaction reaches it.
    pub archive: BTreeMap<DocumentDigest, Arc<[u8]>>,
    pub replicas: Vec<Replica>,
    /// Which of the cast take part, and until when each can't be reached.
    pub platforms: Vec<(usize, Micros)>,
    pub cases: Vec<Case>,
    pub pushes: Vec<Push>,
    pub arrivals: Arrivals,
    pub weather: Weather,
    pub deciding: Deciding,
    pub engine: Engine,
    pub jobs: JobOptions,
    pub rounds: RoundOptions,
    pub oracle: Oracle,
    pub trace: Trace,
    pub tally: Tally,
    pub mutation: Mutation,
    /// How far the database's clock is from the world's.
    pub database_shift: Micros,
    pub numbers: u64,
    pub end: Micros,
}

impl<'c> World<'c> {
    pub fn new(cast: &'c Cast, seed: u64, mutation: Mutation, traced: bool) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let weather = Weather::draw(&mut rng);
        let deciding = match rng.random_range(0..6) {
            0 => Deciding::People,
            1 => Deciding::RulesWithCashier,
            _ => Deciding::Rules,
        };
        let engine = if rng.random_bool(0.5) { Engine::Serial } else { Engine::Interleaved };
        let mut jobs = JobOptions::default();
        jobs.worker.house_slots = rng.random_range(1..=4);
        jobs.worker.house_slots_per_platform = rng.random_range(1..=jobs.worker.house_slots);
        jobs.worker.calls_per_platform = rng.random_range(1..=5);
        if rng.random_bool(0.3) {
            // Work is given up within minutes, so that there is something to revive.
            jobs.ordinary.delays.truncate(3);
            jobs.ordinary.repeat_last = 1;
        }
        let rounds = RoundOptions { expiry: std::time::Duration::from_hours(24), ..RoundOptions::default() };
        let count = rng.random_range(1..=3);
        let replicas = (0..count).map(|index| Replica::new(index, &mut rng)).collect();
        let mut world = Self {
            cast,
            rng,
            now: 0,
            agenda: Agenda::new(),
            ledger: Ledger::new(mutation),
            archive: BTreeMap::new(),
            replicas,
            platforms: Vec::new(),
            cases: Vec::new(),
            pushes: Vec::new(),
            arrivals: Arrivals::default(),
            weather,
            deciding,
            engine,
            jobs,
            rounds,
            oracle: Oracle::default(),
            trace: Trace::new(traced),
            tally: Tally { runs: 1, ..Tally::default() },
            mutation,
            database_shift: 0,
            numbers: 0,
            end: 0,
        };
        world.trace.add(0, || format!("seed {seed}: {deciding:?}, {engine:?}, {count} replicas"));
        world.set_the_stage();
        world
    }

    fn set_the_stage(&mut self) {
        for replica in 0..self.replicas.len() {
            if self.trouble(Fault::ReplicaClockSkewed) {
                let skew = self.rng.random_range(-MINUTE..=MINUTE);
                if let Some(it) = self.replicas.get_mut(replica) {
                    it.skew = skew;
                }
            }
        }
        let several = if self.rng.random_bool(0.3) { 2 } else { 1 };
        for _ in 0..several {
            let role = self.rng.random_range(0..self.cast.roles.len());
            if !self.platforms.iter().any(|(known, _)| *known == role) {
                self.platforms.push((role, 0));
            }
        }
        self.sow_rounds();
        self.invite();
        for at in [self.weather.until.saturating_add(2 * HOUR), self.weather.until.saturating_add(DAY)] {
            self.agenda.plan(at, Happening::Operator { last: true });
        }
        self.agenda.plan(HOUR, Happening::Operator { last: false });
        self.agenda.plan(10 * MINUTE, Happening::Desk);
        self.agenda.plan(0, Happening::Disturb);
        self.plan_polls();
    }

    /// Lets everything happen, until the end or the first broken promise.
    pub fn run(&mut self) {
        while self.oracle.violation().is_none() {
            let Some((at, happening)) = self.agenda.next() else { break };
            if at > self.end {
                break;
            }
            self.now = self.now.max(at);
            match self.thawed(&happening) {
                Some(later) => self.agenda.plan(later, happening),
                None => self.happen(happening),
            }
        }
        if self.oracle.violation().is_none() {
            self.check_the_end();
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Plot { case, plot } => self.plot(case, plot),
            Happening::Send { push, times } => self.send_push(push, times),
            Happening::Arrive { push, replica, life } if self.lives(replica, life) => {
                self.read_push(push, replica, 0);
            }
            Happening::File { push, replica, life, view, races } if self.lives(replica, life) => {
                self.file_push(push, replica, *view, races);
            }
            Happening::Answered { push, answer } => self.push_answered(push, answer),
            Happening::Poll { replica, life, at } if self.lives(replica, life) => self.poll(replica, at),
            Happening::Step { replica, life, attempt } if self.lives(replica, life) => {
                self.step(replica, attempt);
            }
            Happening::Renew { replica, life, attempt } if self.lives(replica, life) => {
                self.renew(replica, attempt);
            }
            Happening::CallArrives(call) => self.call_arrives(*call),
            Happening::CallReturns { replica, life, attempt, call, returned }
                if self.lives(replica, life) =>
            {
                self.call_returns(replica, attempt, call, returned);
            }
            Happening::Desk => self.desk_hour(),
            Happening::Operator { last } => self.operate(last),
            Happening::Disturb => self.disturb(),
            Happening::Restart { replica } => self.restart(replica),
            // A replica that has died since does nothing more.
            Happening::Arrive { .. }
            | Happening::File { .. }
            | Happening::Poll { .. }
            | Happening::Step { .. }
            | Happening::Renew { .. }
            | Happening::CallReturns { .. } => {}
        }
    }

    /// Until when it has to wait, where the replica that it happens to stands still.
    fn thawed(&self, happening: &Happening) -> Option<Micros> {
        let replica = match happening {
            Happening::Arrive { replica, .. }
            | Happening::File { replica, .. }
            | Happening::Poll { replica, .. }
            | Happening::Step { replica, .. }
            | Happening::Renew { replica, .. }
            | Happening::CallReturns { replica, .. } => self.replicas.get(*replica)?,
            _ => return None,
        };
        (replica.frozen_until > self.now).then_some(replica.frozen_until)
    }

    pub fn role(&self, index: usize) -> Option<&'c Role> {
        self.cast.roles.get(index)
    }

    pub fn role_of(&self, platform: &str) -> Option<&'c Role> {
        self.cast.roles.iter().find(|role| role.profile.id().as_str() == platform)
    }

    /// Draws whether something goes wrong now, and counts it where it does.
    pub fn trouble(&mut self, fault: Fault) -> bool {
        let rate = self.weather.of(fault);
        let met = rate > 0 && self.now <= self.weather.until && self.rng.random_range(0..1000) < rate;
        if met {
            self.tally.met(fault);
            self.trace.add(self.now, || format!("! {}", fault.name()));
        }
        met
    }

    /// Draws whether the replica dies here.
    pub fn crash(&mut self, replica: usize, boundary: Boundary) -> bool {
        let rate = self.weather.crash();
        let dies = rate > 0 && self.now <= self.weather.until && self.rng.random_range(0..1000) < rate;
        self.tally.passed(boundary, dies);
        if dies {
            self.trace.add(self.now, || format!("! replica {replica} dies {}", boundary.name()));
            self.kill(replica);
        }
        dies
    }

    pub fn some_time(&mut self, from: Micros, to: Micros) -> Micros {
        self.rng.random_range(from..=to)
    }

    pub fn database_now(&self) -> i64 {
        BEGINNING.saturating_add(self.now).saturating_add(self.database_shift)
    }

    /// The present as a replica's own clock has it.
    pub fn clock_of(&self, replica: usize) -> Timestamp {
        let skew = self.replicas.get(replica).map_or(0, |replica| replica.skew);
        instant(self.now.saturating_add(skew))
    }

    pub fn next_number(&mut self) -> u64 {
        self.numbers = self.numbers.saturating_add(1);
        self.numbers
    }

    /// A transaction of a replica, with everything that can become of it.
    pub fn write<T>(
        &mut self,
        replica: usize,
        work: impl Fn(&mut Ledger) -> Result<T, StoreError>,
    ) -> Written<T> {
        if self.trouble(Fault::StoreUnavailable) {
            return Written::Failed(StoreError::Unavailable("model".to_owned()));
        }
        if self.trouble(Fault::StoreContended) {
            return Written::Failed(StoreError::Contended("model".to_owned()));
        }
        self.ledger.now = self.database_now();
        let value = match work(&mut self.ledger) {
            Ok(value) => value,
            Err(error) => {
                self.ledger.roll_back();
                return Written::Failed(error);
            }
        };
        if self.crash(replica, Boundary::BeforeCommit) {
            self.ledger.roll_back();
            return Written::Crashed;
        }
        self.commit();
        if !self.ledger.held_back.is_empty() {
            let later = std::mem::take(&mut self.ledger.held_back);
            if self.crash(replica, Boundary::BeforeCommit) {
                return Written::Crashed;
            }
            for job in later {
                self.ledger.enqueue(&job);
            }
            self.commit();
        }
        if self.trouble(Fault::CommitUnknown) {
            return Written::Failed(StoreError::Unavailable("model: nobody knows".to_owned()));
        }
        if self.crash(replica, Boundary::AfterCommit) {
            return Written::Crashed;
        }
        Written::Done(value)
    }

    pub fn commit(&mut self) {
        let jobs = self.ledger.jobs.added().count();
        self.tally.jobs = self.tally.jobs.saturating_add(u64::try_from(jobs).unwrap_or(0));
        self.oracle.before_commit(&self.ledger);
        self.ledger.commit();
        self.plan_polls();
    }

    /// Reading fails where the database is away.
    pub fn readable(&mut self) -> Result<(), StoreError> {
        match self.trouble(Fault::StoreUnavailable) {
            true => Err(StoreError::Unavailable("model".to_owned())),
            false => Ok(()),
        }
    }

    /// Draws what strikes a replica or the database as a whole, every now and then.
    fn disturb(&mut self) {
        if self.now > self.weather.until {
            return;
        }
        let next = self.weather.until / 40 + MILLISECOND;
        self.agenda.plan(self.now.saturating_add(next), Happening::Disturb);
        let replica = self.rng.random_range(0..self.replicas.len());
        if self.trouble(Fault::ReplicaFrozen) {
            let length = self.some_time(SECOND, 3 * MINUTE);
            if let Some(it) = self.replicas.get_mut(replica) {
                it.frozen_until = self.now.saturating_add(length);
            }
        }
        if self.trouble(Fault::ReplicaStopped) {
            self.stop(replica);
        }
        if self.trouble(Fault::DatabaseClockJumps) {
            let jump = self.some_time(-30 * MINUTE, 30 * MINUTE);
            self.database_shift = (self.database_shift.saturating_add(jump)).clamp(-HOUR, HOUR);
            self.plan_polls();
        }
        if self.trouble(Fault::PlatformDown) {
            let length = self.some_time(MINUTE, 6 * HOUR);
            let which = self.rng.random_range(0..self.platforms.len());
            let until = self.now.saturating_add(length).min(self.weather.until);
            if let Some((_, down_until)) = self.platforms.get_mut(which) {
                *down_until = until;
            }
        }
    }
}

/// A moment of the world as everybody writes it.
pub(super) fn instant(now: Micros) -> Timestamp {
    Timestamp::from_microsecond(BEGINNING.saturating_add(now)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A moment of the world from one that somebody wrote.
pub(super) fn moment(at: Timestamp) -> Micros {
    at.as_microsecond().saturating_sub(BEGINNING)
}

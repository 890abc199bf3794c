//! A gateway process: it takes pushes, claims jobs, dies at any boundary, and starts again with nothing but the store.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::agenda::{MILLISECOND, MINUTE, Micros, SECOND};
use super::attempt::Attempt;
use super::oracle;
use super::weather::{Boundary, Fault};
use super::world::{Happening, World, Written};
use crate::casework::{Round, Task};
use crate::domain::identity::PlatformId;
use crate::jobs::Breaker;
use crate::jobs::breaker::Allowance;
use crate::store::jobs::suspicion::Suspects;
use crate::store::jobs::{Cause, Claim, Compartment, JobState, Sort};

/// What the real worker waits between two looks at the store, and what it waits here where the store is away.
const POLL: Micros = 250 * MILLISECOND;
const POLL_IN_VAIN: Micros = 3 * SECOND;

pub(super) struct Replica {
    /// Counts the starts; what was planned for an earlier life does not happen.
    pub life: u64,
    pub up: bool,
    /// Unlike any other worker's, also than this one's after a restart.
    pub owner: String,
    /// How far its clock is from the world's.
    pub skew: Micros,
    pub frozen_until: Micros,
    pub poll_at: Option<Micros>,
    pub attempts: BTreeMap<u64, Attempt>,
    /// What it knows of each platform by its own calls.
    pub breakers: BTreeMap<PlatformId, Breaker>,
}

impl Replica {
    pub fn new(index: usize, rng: &mut StdRng) -> Self {
        Self {
            life: 1,
            up: true,
            owner: format!("w{index}-{:08x}", rng.random::<u32>()),
            skew: 0,
            frozen_until: 0,
            poll_at: None,
            attempts: BTreeMap::new(),
            breakers: BTreeMap::new(),
        }
    }
}

impl World<'_> {
    pub fn lives(&self, replica: usize, life: u64) -> bool {
        self.replicas.get(replica).is_some_and(|it| it.up && it.life == life)
    }

    /// Whatever it had in memory is gone.
    pub fn kill(&mut self, replica: usize) {
        let pause = self.some_time(SECOND, 10 * MINUTE);
        let Some(it) = self.replicas.get_mut(replica) else { return };
        it.up = false;
        it.life = it.life.saturating_add(1);
        it.attempts.clear();
        it.breakers.clear();
        it.poll_at = None;
        it.frozen_until = 0;
        self.agenda.plan(self.now.saturating_add(pause), Happening::Restart { replica });
    }

    pub fn restart(&mut self, replica: usize) {
        let draw: u32 = self.rng.random();
        let Some(it) = self.replicas.get_mut(replica) else { return };
        it.up = true;
        it.owner = format!("w{replica}-{draw:08x}");
        self.trace.add(self.now, || format!("replica {replica} starts"));
        self.sow_rounds();
        self.plan_polls();
    }

    /// In order: running jobs are handed back.
    pub fn stop(&mut self, replica: usize) {
        let Some(it) = self.replicas.get(replica).filter(|it| it.up) else { return };
        let owner = it.owner.clone();
        if let Written::Done(released) = self.write(replica, |ledger| {
            let now = ledger.now;
            Ok(ledger.jobs.release(&owner, now))
        }) {
            self.trace.add(self.now, || format!("replica {replica} stops and hands back {released} jobs"));
        }
        if self.replicas.get(replica).is_some_and(|it| it.up) {
            self.kill(replica);
        }
    }

    /// As `jobs::rounds::sow`, which any gateway does when it starts.
    pub fn sow_rounds(&mut self) {
        self.ledger.now = self.database_now();
        let (at, roles) = (super::world::instant(self.now), self.platforms.clone());
        for (role, _) in roles {
            let Some(role) = self.role(role) else { continue };
            let round = Round::Expiry { passed: None };
            if let Ok(job) = round.job(role.profile.id(), self.rounds.expiry, at) {
                self.ledger.enqueue_alone(&job);
            }
        }
        self.commit();
    }

    /// Plans when each replica looks for jobs next: not before there can be one.
    pub fn plan_polls(&mut self) {
        let due = oracle::heads(&self.ledger.jobs).map(|job| job.due_at).min();
        let Some(due) = due else { return };
        let wait = due.saturating_sub(self.database_now()).max(0);
        let soonest = self.now.saturating_add(wait);
        for index in 0..self.replicas.len() {
            let at = soonest.saturating_add(self.rng.random_range(0..POLL));
            self.poll_by(index, at);
        }
    }

    fn poll_by(&mut self, replica: usize, at: Micros) {
        let Some(it) = self.replicas.get_mut(replica).filter(|it| it.up) else { return };
        if it.poll_at.is_some_and(|planned| planned <= at) {
            return;
        }
        it.poll_at = Some(at);
        let life = it.life;
        self.agenda.plan(at, Happening::Poll { replica, life, at });
    }

    pub fn poll(&mut self, replica: usize, planned: Micros) {
        let Some(it) = self.replicas.get_mut(replica).filter(|it| it.poll_at == Some(planned)) else {
            return;
        };
        it.poll_at = None;
        let owner = self.replicas.get(replica).map(|it| it.owner.clone()).unwrap_or_default();
        let (compartments, suspects) = (self.compartments(replica), self.suspects(replica));
        let (lease, calls) = (self.jobs.worker.lease, Task::CALLS);
        let claim = Claim { owner, lease, excluded: Vec::new(), only: None, calls, compartments, suspects };
        let possible = oracle::claimable(&self.ledger.jobs, &claim, self.database_now());
        let written = self.write(replica, |ledger| {
            let now = ledger.now;
            Ok(ledger.jobs.claim(&claim, now))
        });
        let claimed = match written {
            Written::Done(claimed) => claimed,
            Written::Failed(_) => return self.poll_by(replica, self.now.saturating_add(POLL_IN_VAIN)),
            Written::Crashed => return,
        };
        let suspected = self.ledger.jobs.unfinished().filter(|job| job.cause == Some(Cause::Poisoned));
        let set_aside = suspected.map(|job| job.id.clone()).collect();
        self.oracle.claimed(&claim, &possible, &claimed, &set_aside);
        if !claimed.is_empty() && self.crash(replica, Boundary::AfterClaiming) {
            return;
        }
        for job in claimed {
            self.tally.takeovers = self.tally.takeovers.saturating_add(u64::from(job.taken_over));
            self.trace.add(self.now, || {
                format!(
                    "replica {replica} claims {} ({}) of {}, attempt {}",
                    job.id, job.kind, job.lane, job.attempt
                )
            });
            self.begin(replica, job);
        }
        self.plan_polls();
    }

    /// The room that is left, as a worker reckons it from its load and its breakers.
    fn compartments(&mut self, replica: usize) -> Vec<Compartment> {
        let (options, now) = (self.jobs.worker.clone(), self.clock_of(replica));
        let Some(it) = self.replicas.get_mut(replica) else { return Vec::new() };
        let (mut house, mut calls) = (BTreeMap::new(), BTreeMap::new());
        for Attempt { job, .. } in it.attempts.values() {
            let load = if Task::CALLS.include(&job.kind, &job.lane) { &mut calls } else { &mut house };
            *load.entry(job.platform.clone()).or_insert(0_u32) += 1;
        }
        let left = |each: u32, load: &BTreeMap<PlatformId, u32>| -> BTreeMap<PlatformId, u32> {
            load.iter().map(|(platform, count)| (platform.clone(), each.saturating_sub(*count))).collect()
        };
        let (total, each) = (options.house_slots, options.house_slots_per_platform);
        let total = total.saturating_sub(house.values().sum());
        let house = Compartment { of: Sort::House, total, each, left: left(each, &house) };
        let each = options.calls_per_platform;
        let mut left = left(each, &calls);
        for (platform, breaker) in &mut it.breakers {
            let room = match breaker.allowance(now) {
                Allowance::All => continue,
                Allowance::One => 1,
                Allowance::None => 0,
            };
            let left = left.entry(platform.clone()).or_insert(each);
            *left = (*left).min(room);
        }
        vec![house, Compartment { of: Sort::Calls, total: u32::MAX, each, left }]
    }

    /// One suspected job runs in a process.
    fn suspects(&self, replica: usize) -> Suspects {
        let given_up_after = self.jobs.worker.silent_deaths;
        let mut suspects = Suspects { admitted: true, given_up_after };
        let mut running = self.replicas.get(replica).into_iter().flat_map(|it| it.attempts.values());
        suspects.admitted = !running.any(|attempt| suspects.include(attempt.job.silent_ends));
        suspects
    }

    /// An operator looks at what is dead and revives it, and hastens what waits.
    pub fn operate(&mut self, last: bool) {
        self.ledger.now = self.database_now();
        let now = self.ledger.now;
        let dead =
            |job: &&super::job_table::Job| job.state == JobState::Dead && job.cause != Some(Cause::Obsolete);
        let dead: BTreeSet<_> = self.ledger.jobs.ended().filter(dead).map(|job| job.id.clone()).collect();
        for id in dead {
            if last || self.rng.random_bool(0.5) {
                self.tally.revived = self.tally.revived.saturating_add(1);
                self.trace.add(self.now, || format!("the operator revives {id}"));
                self.ledger.jobs.revive(&id, now);
                self.oracle.revived(&id);
            }
        }
        if self.trouble(Fault::OperatorHastens) {
            let waiting: Vec<_> = self.ledger.jobs.unfinished().map(|job| job.id.clone()).collect();
            let chosen = self.rng.random_range(0..waiting.len().max(1));
            if let Some(id) = waiting.get(chosen) {
                self.ledger.jobs.revive(id, now);
            }
        }
        self.commit();
        if !last {
            let next = self.some_time(10 * MINUTE, 12 * 60 * MINUTE);
            self.agenda.plan(self.now.saturating_add(next), Happening::Operator { last: false });
        }
    }
}

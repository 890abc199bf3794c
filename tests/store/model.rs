//! The model of the table of jobs that the simulation works on, held against both databases: the same operations in the
//! same random order, the same rows after each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use baohan_gateway::casework::Task;
use baohan_gateway::clock::Clock;
use baohan_gateway::domain::identity::{GuaranteeId, PlatformId};
use baohan_gateway::simulation::JobTable;
use baohan_gateway::store::StoreError;
use baohan_gateway::store::jobs::suspicion::Suspects;
use baohan_gateway::store::jobs::{self, Cause, Claim, Compartment, Fence, JobId, Lane, NewJob, Sort};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::database::{Database, instant, job, lane_of, on_both_databases};

const SEEDS: u64 = 6;
const STEPS: usize = 80;
const LANES: [&str; 4] = ["g1", "g2", "g3", "g4"];
const PLATFORMS: [&str; 2] = ["one", "two"];
const OWNERS: [&str; 3] = ["w1", "w2", "w3"];

/// Long enough that nothing that waits for it becomes due in a test.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// The moment at which the model stands; the databases' own clocks go on, and nothing here depends on by how much.
const NOW: i64 = 1_700_000_000_000_000;

/// What of a row has to be the same.
type Row = (String, i64, &'static str, i64, i64, Option<String>, Option<String>);

/// One database, one model, and what has been claimed.
struct Pair {
    database: Database,
    model: JobTable,
    dice: StdRng,
    /// Leases, those that were lost among them.
    fences: Vec<Fence>,
    ids: Vec<JobId>,
    deadlines: i64,
    /// Database, seed, and what was done so far.
    told: Vec<String>,
}

/// Whether a write found its lease.
fn held<T>(written: Result<T, StoreError>) -> bool {
    match written {
        Ok(_) => true,
        Err(StoreError::LeaseLost(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

impl Pair {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.dice.random_range(0..from.len())]
    }

    /// Deadlines are all different, so that it is always clear whose turn it is.
    fn deadline(&mut self) -> Timestamp {
        self.deadlines += 1;
        let hours = self.dice.random_range(0..1000) * 1000 + self.deadlines;
        instant("2030-01-01T00:00:00Z") + SignedDuration::from_secs(hours)
    }

    fn new_job(&mut self) -> NewJob {
        let (platform, lane) = (self.pick(&PLATFORMS), self.pick(&LANES));
        let wait = if self.dice.random_bool(0.2) { LONG } else { Duration::ZERO };
        let kind = self.pick(&[Task::NOTIFY, "consult"]);
        NewJob { deadline: self.deadline(), wait, ..job(platform, lane, kind) }
    }

    fn fence(&mut self) -> Option<Fence> {
        (!self.fences.is_empty()).then(|| self.fences[self.dice.random_range(0..self.fences.len())].clone())
    }

    /// Does one thing to both, sees that both say the same of it, and tells what it was.
    async fn step(&mut self) -> String {
        match self.dice.random_range(0..20) {
            0..=4 => {
                let new = self.new_job();
                let id = self.database.enqueue(new.clone()).await;
                self.model.enqueue(id.clone(), &new, NOW);
                self.ids.push(id);
                format!("enqueue in {}", new.lane)
            }
            5 => {
                let new = self.new_job();
                let theirs = {
                    let new = new.clone();
                    self.database.write(move |c| jobs::enqueue_alone(c, &new)).await
                };
                let id = theirs.clone().unwrap_or_else(|| JobId::new("none"));
                assert_eq!(self.model.enqueue_alone(id, &new, NOW), theirs, "{:?}", self.told);
                self.ids.extend(theirs);
                format!("enqueue alone in {}", new.lane)
            }
            6..=9 => self.claim().await,
            10 | 11 => self.end("finish").await,
            12 => self.end("bury").await,
            13 | 14 => self.end("retry").await,
            15 => match self.dice.random_range(0..3) {
                0 => self.end("renew").await,
                1 => self.end("hand back").await,
                _ => self.end("step aside").await,
            },
            16 if self.dice.random_bool(0.4) => {
                let (platform, causes) = (PlatformId::new(self.pick(&PLATFORMS)), [Cause::Unreachable]);
                let theirs = {
                    let platform = platform.clone();
                    let hasten =
                        move |c: &mut _| jobs::hasten_calls(c, Task::CALLS, &platform, &[Cause::Unreachable]);
                    self.database.write(hasten).await
                };
                assert_eq!(
                    self.model.hasten_calls(Task::CALLS, &platform, &causes, NOW),
                    theirs,
                    "{:?}",
                    self.told
                );
                format!("hasten {theirs} calls of {platform}")
            }
            16 => {
                let (lane, deadline) = (lane_of(self.pick(&LANES)), self.deadline());
                let theirs = {
                    let lane = lane.clone();
                    self.database.write(move |c| jobs::hasten(c, &lane, deadline)).await
                };
                assert_eq!(
                    self.model.hasten(&lane, deadline.as_microsecond(), NOW),
                    theirs,
                    "{:?}",
                    self.told
                );
                format!("hasten {lane}")
            }
            17 | 18 if !self.ids.is_empty() => {
                let id = self.ids[self.dice.random_range(0..self.ids.len())].clone();
                let theirs = {
                    let id = id.clone();
                    self.database.write(move |c| jobs::revive(c, &id)).await
                };
                assert_eq!(self.model.revive(&id, NOW), theirs, "{:?}", self.told);
                format!("revive {id}: {theirs:?}")
            }
            19 if self.dice.random_bool(0.5) => {
                let owner = self.pick(&OWNERS);
                let theirs = self.database.write(move |c| jobs::release(c, owner)).await;
                assert_eq!(self.model.release(owner, NOW), theirs, "{:?}", self.told);
                format!("release all of {owner}")
            }
            _ => {
                self.database.expire_leases();
                self.model.expire_leases();
                "expire all leases".to_owned()
            }
        }
    }

    async fn claim(&mut self) -> String {
        let (owner, limit) = (self.pick(&OWNERS), self.dice.random_range(1..4));
        let one = |pair: &mut Self| PlatformId::new(pair.pick(&PLATFORMS));
        let excluded = if self.dice.random_bool(0.2) { vec![one(self)] } else { Vec::new() };
        let only = self.dice.random_bool(0.2).then(|| one(self));
        let compartments = match self.dice.random_bool(0.5) {
            true => vec![Compartment::any(limit)],
            false => {
                let room = |of, total: u32, each: u32| Compartment { of, total, each, left: BTreeMap::new() };
                let mut calls = room(Sort::Calls, u32::MAX, limit);
                calls.left.insert(one(self), self.dice.random_range(0..2));
                vec![room(Sort::House, limit, 1), calls]
            }
        };
        let suspects = Suspects { admitted: self.dice.random_bool(0.7), given_up_after: 6 };
        let (owner, calls) = (owner.to_owned(), Task::CALLS);
        let claim = Claim { owner, lease: LONG, excluded, only, calls, compartments, suspects };
        let theirs = {
            let claim = claim.clone();
            self.database.write(move |c| jobs::claim(c, &claim)).await
        };
        let ours = self.model.claim(&claim, NOW);
        // For the model time stands still: no pause of a suspected job may end meanwhile.
        let now = Clock::system().now().as_microsecond();
        self.database.execute(&format!(
            "UPDATE jobs SET due_at = due_at + 86400000000 WHERE state = 'ready' AND cause = 'poisoned' AND due_at > {now}"
        ));
        let told = |claimed: &[jobs::ClaimedJob]| -> Vec<_> {
            let row = |it: &jobs::ClaimedJob| {
                let counts = (it.attempt, it.tries, it.silent_ends, it.taken_over);
                (it.id.clone(), counts, it.deadline, it.fence.clone(), it.payload.to_vec())
            };
            claimed.iter().map(row).collect()
        };
        assert_eq!(told(&ours), told(&theirs), "{:?}", self.told);
        self.fences.extend(theirs.iter().map(|it| it.fence.clone()));
        format!("claim {} of {limit}", theirs.len())
    }

    async fn end(&mut self, how: &'static str) -> String {
        let Some(fence) = self.fence() else { return format!("nothing to {how}") };
        let after = if self.dice.random_bool(0.3) { LONG } else { Duration::ZERO };
        let (cause, detail) = (Cause::Unreachable, "away");
        let theirs = {
            let fence = fence.clone();
            let written = self.database.store.write(move |c| match how {
                "finish" => jobs::finish(c, &fence).map(|()| true),
                "bury" => jobs::bury(c, &fence, cause, detail).map(|()| true),
                "retry" => jobs::retry(c, &fence, after, cause, detail).map(|()| true),
                "step aside" => jobs::step_aside(c, &fence, after, cause, detail).map(|()| true),
                "hand back" => jobs::hand_back(c, &fence).map(|()| true),
                _ => jobs::renew(c, &fence, LONG),
            });
            written.await
        };
        let ours = match how {
            "finish" => self.model.finish(&fence).map(|()| true),
            "bury" => self.model.bury(&fence, cause, detail).map(|()| true),
            "retry" => self.model.retry(&fence, after, cause, detail, NOW).map(|()| true),
            "step aside" => self.model.step_aside(&fence, after, cause, detail, NOW).map(|()| true),
            "hand back" => self.model.hand_back(&fence, NOW).map(|()| true),
            _ => Ok(self.model.renew(&fence, LONG, NOW)),
        };
        assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok(), "{:?}", self.told);
        assert_eq!(held(ours), held(theirs), "{:?}", self.told);
        format!("{how} {} by {}", fence.job, fence.owner)
    }

    /// All rows, and whose turn it is. Of times, it counts whether they have come.
    async fn expect_the_same(&mut self) {
        self.model.commit();
        let mut theirs: BTreeMap<JobId, (Row, bool)> = BTreeMap::new();
        let now = Clock::system().now();
        for lane in LANES {
            let lane = Lane::of_guarantee(&GuaranteeId::new(lane));
            for row in self.database.read(move |c| jobs::in_lane(c, &lane)).await {
                let due = row.due_at <= now;
                let deadline = row.deadline.as_microsecond();
                let told = (
                    row.lane.to_string(),
                    row.position,
                    row.state.name(),
                    deadline,
                    row.attempts,
                    row.cause,
                    row.detail,
                );
                theirs.insert(row.id, (told, due));
            }
        }
        let ours: BTreeMap<JobId, (Row, bool)> = self
            .model
            .unfinished()
            .chain(self.model.ended())
            .map(|row| {
                let cause = row.cause.map(|cause| cause.name().to_owned());
                let told = (
                    row.lane.to_string(),
                    row.position,
                    row.state.name(),
                    row.deadline,
                    row.attempts,
                    cause,
                    row.detail.clone(),
                );
                (row.id.clone(), (told, row.due_at <= NOW))
            })
            .collect();
        assert_eq!(ours, theirs, "{:?}", self.told);
    }
}

on_both_databases! {
    async fn the_model_of_jobs_does_what_the_database_does(db: Database) {
        let url = db.url.clone();
        let mut pair = Pair {
            database: db,
            model: JobTable::new(),
            dice: StdRng::seed_from_u64(0),
            fences: Vec::new(),
            ids: Vec::new(),
            deadlines: 0,
            told: Vec::new(),
        };
        let mut met = BTreeSet::new();
        for seed in 0..SEEDS {
            pair.dice = StdRng::seed_from_u64(seed);
            pair.database.execute("DELETE FROM attempts");
            pair.database.execute("DELETE FROM jobs");
            (pair.model, pair.fences, pair.ids) = (JobTable::new(), Vec::new(), Vec::new());
            pair.told = vec![format!("{url}, seed {seed}")];
            for _ in 0..STEPS {
                let what = pair.step().await;
                pair.told.push(what.clone());
                met.extend(what.split(' ').next().map(str::to_owned));
                pair.expect_the_same().await;
            }
        }
        assert!(met.len() >= 9, "{met:?}");
    }
}

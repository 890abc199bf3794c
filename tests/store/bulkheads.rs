//! Room for work: what one platform does or suffers takes nothing from the others, and the most urgent goes first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baohan_gateway::casework::Task;
use baohan_gateway::clock::Clock;
use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::jobs::breaker::State;
use baohan_gateway::jobs::schedule::Delay;
use baohan_gateway::jobs::{
    BreakerOptions, Cause, ClaimedJob, Handler, Observer, Schedule, Verdict, Worker, WorkerOptions,
};
use baohan_gateway::store::jobs::suspicion::Suspects;
use baohan_gateway::store::jobs::{self, Claim, Compartment, JobId, JobState, NewJob, Sort};
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use crate::database::{Database, instant, job, on_both_databases};

/// Looks for what became due often enough that nobody waits for it.
fn options() -> WorkerOptions {
    WorkerOptions { poll: Duration::from_millis(10), drain: Duration::ZERO, ..WorkerOptions::default() }
}

/// Does as the test says; what fails waits an hour for its next attempt.
struct Script<F>(F, Schedule);

impl<F> Handler for Script<F>
where
    F: Fn(ClaimedJob) -> BoxFuture<'static, Verdict> + Send + Sync + 'static,
{
    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Verdict> {
        (self.0)(job.clone())
    }

    fn schedule(&self, _job: &ClaimedJob) -> &Schedule {
        &self.1
    }
}

/// How breakers moved.
#[derive(Default)]
struct Moves(Mutex<Vec<(String, State)>>);

impl Observer for Moves {
    fn breaker_moved(&self, platform: &PlatformId, state: State) {
        self.0.lock().unwrap().push((platform.to_string(), state));
    }
}

impl Moves {
    fn all(&self) -> Vec<(String, State)> {
        self.0.lock().unwrap().clone()
    }
}

fn worker<F, R>(db: &Database, options: WorkerOptions, moves: &Arc<Moves>, clock: &Clock, run: F) -> Worker
where
    F: Fn(ClaimedJob) -> R + Send + Sync + 'static,
    R: Future<Output = Verdict> + Send + 'static,
{
    let run = move |job| -> BoxFuture<'static, Verdict> { Box::pin(run(job)) };
    let hour = Schedule { delays: vec![Delay(Duration::from_secs(3600))], repeat_last: 9, jitter_percent: 0 };
    let observer = Arc::<Moves>::clone(moves);
    Worker::new(db.store.clone(), Arc::new(Script(run, hour)), observer, options, clock.clone())
}

/// Waits for something to come true.
async fn until(condition: impl AsyncFn() -> bool) {
    while !condition().await {
        tokio::task::yield_now().await;
    }
}

async fn until_done(db: &Database, ids: &[JobId]) {
    for id in ids {
        until(async || db.job(id).await.state == JobState::Done).await;
    }
}

fn counted(db: &Database, condition: &str) -> usize {
    let counted = db.lines(&format!("SELECT CAST(count(*) AS TEXT) AS line FROM {condition}"));
    counted[0].parse().unwrap()
}

async fn enqueued(db: &Database, platform: &str, kind: &str, count: usize) -> Vec<JobId> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(db.enqueue(job(platform, &format!("{platform}-{kind}-{number}"), kind)).await);
    }
    ids
}

on_both_databases! {
    async fn two_platforms_that_never_answer_take_nothing_from_a_third_and_none_from_the_house(db: Database) {
        let few = WorkerOptions { house_slots: 2, house_slots_per_platform: 2, calls_per_platform: 3, ..options() };
        let worker = worker(&db, few, &Arc::default(), &Clock::system(), |job| async move {
            if job.platform.as_str().starts_with("dead") && job.kind == "upload" {
                std::future::pending::<()>().await;
            }
            Verdict::done()
        });
        for dead in ["dead-1", "dead-2"] {
            enqueued(&db, dead, "upload", 20).await;
        }
        let handle = worker.start();
        until(async || counted(&db, "jobs WHERE state = 'running'") == 6).await;
        let quick = enqueued(&db, "quick", "upload", 10).await;
        let house = enqueued(&db, "dead-1", "make-letter", 10).await;
        until_done(&db, &quick).await;
        until_done(&db, &house).await;
        for dead in ["dead-1", "dead-2"] {
            assert_eq!(counted(&db, &format!("jobs WHERE state = 'running' AND platform = '{dead}'")), 3);
        }
        handle.stop().await;
    }

    async fn the_opening_of_one_platform_leaves_a_slot_for_another(db: Database) {
        let few = WorkerOptions { house_slots: 3, house_slots_per_platform: 2, ..options() };
        let gate = Arc::new(Semaphore::new(0));
        let worker = worker(&db, few, &Arc::default(), &Clock::system(), {
            let gate = Arc::clone(&gate);
            move |job| {
                let gate = Arc::clone(&gate);
                async move {
                    if job.platform.as_str() == "big" {
                        drop(gate.acquire().await.unwrap());
                    }
                    Verdict::done()
                }
            }
        });
        // All of these are more urgent than the other platform's.
        let mut big = Vec::new();
        for number in 0..20 {
            let deadline = instant("2029-01-01T00:00:00Z");
            big.push(db.enqueue(NewJob { deadline, ..job("big", &format!("b{number}"), "make-letter") }).await);
        }
        let small = enqueued(&db, "small", "make-letter", 3).await;
        let handle = worker.start();
        until_done(&db, &small).await;
        until(async || counted(&db, "jobs WHERE state = 'running'") == 2).await;
        gate.add_permits(100);
        until_done(&db, &big).await;
        handle.stop().await;
    }

    async fn whoever_claims_the_most_urgent_goes_first(db: Database) {
        const WORKERS: usize = 3;
        const JOBS: i64 = 12;
        let gate = Arc::new(Semaphore::new(0));
        let begun = Arc::new(Mutex::new(Vec::new()));
        let first = instant("2029-01-01T00:00:00Z");
        let after = move |minutes| first.saturating_add(SignedDuration::from_mins(minutes)).unwrap();
        // Not in the order in which they are due.
        for number in 0..JOBS {
            let deadline = after((number * 7) % JOBS);
            let platform = ["a", "b"][usize::from(number % 2 == 0)];
            db.enqueue(NewJob { deadline, ..job(platform, &format!("g{number}"), "make-letter") }).await;
        }
        let one = WorkerOptions { house_slots: 1, house_slots_per_platform: 1, ..options() };
        let handles: Vec<_> = (0..WORKERS).map(|_| {
            let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
            worker(&db, one.clone(), &Arc::default(), &Clock::system(), move |job| {
                let gate = Arc::clone(&gate);
                begun.lock().unwrap().push(job.deadline);
                async move {
                    gate.acquire().await.unwrap().forget();
                    Verdict::done()
                }
            }).start()
        }).collect();
        // Each time all workers have one, they have the most urgent of what is left.
        for round in 1..=usize::try_from(JOBS).unwrap() / WORKERS {
            until(async || begun.lock().unwrap().len() == round * WORKERS).await;
            let mut seen = begun.lock().unwrap().clone();
            seen.sort_unstable();
            let expected: Vec<_> = (0..JOBS).map(after).take(round * WORKERS).collect();
            assert_eq!(seen, expected, "round {round}");
            gate.add_permits(WORKERS);
        }
        for handle in handles {
            handle.stop().await;
        }
    }

    async fn a_claim_fills_each_compartment_with_its_most_urgent_and_none_beyond_its_room(db: Database) {
        for (platform, kind) in [("a", "notify"), ("b", "notify"), ("a", "make-letter"), ("b", "consult")] {
            enqueued(&db, platform, kind, 6).await;
        }
        let room = |of, total, each, left: &[(&str, u32)]| Compartment {
            of, total, each, left: left.iter().map(|(id, left)| (PlatformId::new(*id), *left)).collect(),
        };
        let claimed = async |compartments: Vec<Compartment>| {
            let claim = Claim {
                owner: "w".to_owned(), lease: Duration::from_secs(60), excluded: Vec::new(), only: None,
                calls: Task::CALLS, compartments, suspects: Suspects::default(),
            };
            let mut counts = BTreeMap::new();
            for job in db.write(move |c| jobs::claim(c, &claim)).await {
                *counts.entry(format!("{} {}", job.platform, job.kind)).or_insert(0) += 1;
            }
            counts.into_iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>()
        };
        assert_eq!(claimed(vec![]).await, [""; 0]);
        let none = vec![room(Sort::House, 0, 9, &[]), room(Sort::Calls, 9, 0, &[])];
        assert_eq!(claimed(none).await, [""; 0]);
        let some = vec![room(Sort::House, 3, 2, &[]), room(Sort::Calls, u32::MAX, 2, &[("a", 0)])];
        assert_eq!(claimed(some).await, ["a make-letter 2", "b consult 1", "b notify 2"]);
        let more = vec![room(Sort::House, 9, 9, &[("a", 0)]), room(Sort::Calls, u32::MAX, 5, &[("b", 1)])];
        assert_eq!(claimed(more).await, ["a notify 5", "b consult 5", "b notify 1"]);
    }

    async fn a_round_that_asks_the_platform_is_a_call_and_one_that_does_not_is_none(db: Database) {
        let round = |name: &str| NewJob {
            lane: jobs::Lane::of_round(&PlatformId::new("a"), name), ..job("a", "", Task::ROUND)
        };
        let asks = db.enqueue(round("abnormal-sections")).await;
        let expiry = db.enqueue(round("expiry")).await;
        for (sort, id) in [(Sort::Calls, asks), (Sort::House, expiry)] {
            let compartment = Compartment { of: sort, ..Compartment::any(9) };
            let claim = Claim {
                owner: "w".to_owned(), lease: Duration::from_secs(60), excluded: Vec::new(), only: None,
                calls: Task::CALLS, compartments: vec![compartment], suspects: Suspects::default(),
            };
            let claimed: Vec<_> = db.write(move |c| jobs::claim(c, &claim)).await.into_iter().map(|it| it.id).collect();
            assert_eq!(claimed, [id], "{sort:?}");
        }
    }

    async fn a_breaker_uses_up_no_attempts_while_it_is_open_and_lets_all_go_when_the_platform_answers(db: Database) {
        let options = WorkerOptions { calls_per_platform: 1, ..options() };
        let breaker = BreakerOptions {
            calls: 3, open_for: Duration::from_secs(3600), open_for_at_most: Duration::from_secs(7200),
            window: Duration::from_secs(3600), ..BreakerOptions::default()
        };
        let (alive, clock, moves) = (Arc::new(AtomicBool::new(false)), Clock::system(), Arc::<Moves>::default());
        let called = Arc::new(AtomicUsize::new(0));
        let worker = worker(&db, options, &moves, &clock, {
            let (alive, called) = (Arc::clone(&alive), Arc::clone(&called));
            move |job| {
                let is_call = job.platform.as_str() == "dead" && job.kind == "notify";
                called.fetch_add(usize::from(is_call), Ordering::SeqCst);
                let lost = is_call && !alive.load(Ordering::SeqCst);
                std::future::ready(if lost { Verdict::retry(Cause::Unreachable, "no route") } else { Verdict::done() })
            }
        });
        let calls = enqueued(&db, "dead", "notify", 8).await;
        // One that the platform said no to waits for its own time.
        let refused = db.enqueue(job("dead", "refused", "notify")).await;
        db.execute(&format!(
            "UPDATE jobs SET cause = 'rejected', due_at = 4000000000000000 WHERE id = '{refused}'"
        ));
        let handle = worker.with_breakers(breaker).start();
        let moved = |count: usize| { let moves = Arc::clone(&moves); async move || moves.all().len() == count };
        until(moved(1)).await;
        // Others go on, and so does the house's own work for the platform that is left in peace.
        until_done(&db, &enqueued(&db, "quick", "notify", 5).await).await;
        until_done(&db, &enqueued(&db, "dead", "make-letter", 5).await).await;
        assert_eq!(called.load(Ordering::SeqCst), 3);
        assert_eq!(counted(&db, "attempts, jobs WHERE id = job_id AND platform = 'dead' AND kind = 'notify'"), 3);
        clock.advance(Duration::from_secs(3601));
        until(moved(3)).await;
        until_done(&db, &enqueued(&db, "quick", "consult", 5).await).await;
        assert_eq!(called.load(Ordering::SeqCst), 4, "one call went through, in vain");
        alive.store(true, Ordering::SeqCst);
        clock.advance(Duration::from_secs(7201));
        until_done(&db, &calls).await;
        assert_eq!(called.load(Ordering::SeqCst), 4 + 8);
        let states: Vec<State> = moves.all().into_iter().map(|(platform, state)| {
            assert_eq!(platform, "dead");
            state
        }).collect();
        assert_eq!(states, [State::Open, State::HalfOpen, State::Open, State::HalfOpen, State::Closed]);
        assert_eq!(db.job(&refused).await.state, JobState::Ready);
        handle.stop().await;
    }

    async fn a_platform_that_says_no_is_alive(db: Database) {
        let options = WorkerOptions { calls_per_platform: 1, ..options() };
        let moves = Arc::<Moves>::default();
        let worker = worker(&db, options, &moves, &Clock::system(), |_| {
            std::future::ready(Verdict::retry(Cause::Rejected, "code 0"))
        });
        let ids = enqueued(&db, "strict", "notify", 30).await;
        let handle = worker.start();
        for id in &ids {
            until(async || db.job(id).await.cause.is_some()).await;
        }
        assert_eq!(moves.all(), []);
        handle.stop().await;
    }
}

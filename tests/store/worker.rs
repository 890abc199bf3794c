//! The worker: what it makes of a handler's verdicts, and how it stops.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::domain::{Event, Guarantee, Refusal};
use baohan_gateway::jobs::schedule::Delay;
use baohan_gateway::jobs::{
    Cause, ClaimedJob, Handler, JobId, Observer, Outcome, Schedule, Step, Verdict, Worker, WorkerOptions,
};
use baohan_gateway::store::jobs::{self, JobState};
use baohan_gateway::store::{StoreError, events};
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, watch};

use crate::database::{Database, guarantee, job, long_ago, on_both_databases};

/// Does what the test says.
struct Script<F> {
    run: F,
    schedule: Schedule,
}

/// Fails each job, after its lane has become urgent; has a schedule for urgent jobs and one for others.
struct Overtaken {
    db: baohan_gateway::store::Store,
    urgent: Schedule,
    ordinary: Schedule,
}

impl Handler for Overtaken {
    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let lane = job.lane.clone();
            self.db.write(move |c| jobs::hasten(c, &lane, long_ago())).await.unwrap();
            Verdict::retry(Cause::Unreachable, "planned")
        })
    }

    fn schedule(&self, job: &ClaimedJob) -> &Schedule {
        if job.deadline == long_ago() { &self.urgent } else { &self.ordinary }
    }
}

impl<F> Handler for Script<F>
where
    F: Fn(ClaimedJob) -> BoxFuture<'static, Verdict> + Send + Sync + 'static,
{
    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Verdict> {
        (self.run)(job.clone())
    }

    fn schedule(&self, _job: &ClaimedJob) -> &Schedule {
        &self.schedule
    }
}

/// Counts what telemetry would count.
#[derive(Default)]
struct Counter {
    fenced: AtomicUsize,
    finished: Mutex<Vec<&'static str>>,
}

impl Observer for Counter {
    fn fence_rejected(&self, _job: &ClaimedJob) {
        self.fenced.fetch_add(1, Ordering::SeqCst);
    }

    fn finished(&self, _job: &ClaimedJob, outcome: &Outcome, _took: Duration) {
        self.finished.lock().unwrap().push(outcome.name());
    }
}

struct House {
    worker: Worker,
    counter: Arc<Counter>,
}

fn options() -> WorkerOptions {
    // Nothing in these tests may depend on the poll.
    WorkerOptions { poll: Duration::from_secs(3600), ..WorkerOptions::default() }
}

/// Two retries, at once.
fn house<F, R>(db: &Database, options: WorkerOptions, run: F) -> House
where
    F: Fn(ClaimedJob) -> R + Send + Sync + 'static,
    R: Future<Output = Verdict> + Send + 'static,
{
    let now = vec![Delay(Duration::ZERO)];
    let schedule = Schedule { delays: now, repeat_last: 1, jitter_percent: 0 };
    let run = move |job| -> BoxFuture<'static, Verdict> { Box::pin(run(job)) };
    let counter = Arc::new(Counter::default());
    let worker = Worker::new(
        db.store.clone(),
        Arc::new(Script { run, schedule }),
        Arc::<Counter>::clone(&counter),
        options,
        Clock::system(),
    );
    House { worker, counter }
}

async fn step(house: &House) -> Outcome {
    match house.worker.step().await.unwrap() {
        Step::Ran { outcome, .. } => outcome,
        Step::Nothing => panic!("expected a job that is due"),
    }
}

/// An effect that can be seen afterwards.
fn pay(guarantee: &Guarantee) -> Verdict {
    let guarantee = guarantee.clone();
    Verdict::writing(move |c| events::append(c, &guarantee, &[Event::PremiumPaid], long_ago()).map(drop))
}

async fn effects(db: &Database, guarantee: &Guarantee) -> usize {
    let id = guarantee.id.clone();
    db.read(move |c| events::timeline(c, &id)).await.len()
}

/// Waits until a job stands as told, without polling by the clock.
async fn until(db: &Database, id: &JobId, state: JobState) {
    while db.job(id).await.state != state {
        tokio::task::yield_now().await;
    }
}

on_both_databases! {
    async fn a_finished_job_and_its_effect_are_written_together(db: Database) {
        let one = guarantee("hainan", "A1");
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let house = house(&db, options(), { let one = one.clone(); move |_| std::future::ready(pay(&one)) });
        assert_eq!(step(&house).await, Outcome::Done);
        assert_eq!(house.worker.step().await.unwrap(), Step::Nothing);
        assert_eq!(db.job(&id).await.state, JobState::Done);
        assert_eq!(effects(&db, &one).await, 1);
    }

    async fn an_effect_that_fails_leaves_nothing_and_is_tried_again(db: Database) {
        let one = guarantee("hainan", "A1");
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let house = house(&db, options(), {
            let one = one.clone();
            move |job| {
                let (one, first) = (one.clone(), job.attempt == 1);
                std::future::ready(Verdict::Done(Box::new(move |c| {
                    events::append(c, &one, &[Event::PremiumPaid], long_ago())?;
                    if first { Err(StoreError::Statement("planned".to_owned())) } else { Ok(()) }
                })))
            }
        });
        assert!(matches!(step(&house).await, Outcome::Retry { cause: Cause::Failed, .. }));
        assert_eq!(effects(&db, &one).await, 0);
        assert_eq!(step(&house).await, Outcome::Done);
        assert_eq!(effects(&db, &one).await, 1);
        assert_eq!(db.attempts(&id).await, ["retry", "done"]);
    }

    async fn a_job_that_became_urgent_while_it_ran_is_tried_again_as_urgent_jobs_are(db: Database) {
        let schedule = |seconds| {
            let delays = vec![Delay(Duration::from_secs(seconds))];
            Schedule { delays, repeat_last: 9, jitter_percent: 0 }
        };
        let handler = Overtaken { db: db.store.clone(), urgent: schedule(2), ordinary: schedule(3600) };
        let silent = Arc::new(baohan_gateway::jobs::Silent);
        let worker = Worker::new(db.store.clone(), Arc::new(handler), silent, options(), Clock::system());
        db.enqueue(job("hainan", "g1", "upload")).await;
        let Step::Ran { outcome: Outcome::Retry { after, .. }, .. } = worker.step().await.unwrap() else {
            panic!("expected another attempt")
        };
        assert_eq!(after, Duration::from_secs(2));
    }

    async fn a_worker_whose_handle_is_dropped_stops_and_hands_its_jobs_back(db: Database) {
        let (started, mut has_started) = watch::channel(false);
        let house = house(&db, WorkerOptions { drain: Duration::ZERO, ..options() }, move |_| {
            started.send_replace(true);
            pending()
        });
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let handle = house.worker.start();
        has_started.wait_for(|started| *started).await.unwrap();
        drop(handle);
        let stopped = tokio::time::timeout(Duration::from_secs(30), until(&db, &id, JobState::Ready)).await;
        assert!(stopped.is_ok(), "the worker goes on although nobody holds it any more");
        assert_eq!(db.attempts(&id).await, ["released"]);
    }

    async fn work_that_the_domain_refuses_is_obsolete(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let house = house(&db, options(), |_| {
            std::future::ready(Verdict::Done(Box::new(|_| Err(Refusal::LetterNotExpected.into()))))
        });
        assert!(matches!(step(&house).await, Outcome::Dead { cause: Cause::Obsolete, .. }));
        assert_eq!(db.job(&id).await.cause.as_deref(), Some("obsolete"));
    }

    async fn a_panic_is_an_attempt_and_the_schedule_ends(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let house = house(&db, options(), |job| async move {
            if job.attempt == 1 { panic!("planned panic") }
            Verdict::retry(Cause::Unreachable, "no route")
        });
        let panicked = Outcome::Retry { cause: Cause::Panicked, detail: "planned panic".to_owned(), after: Duration::ZERO };
        assert_eq!(step(&house).await, panicked);
        assert!(matches!(step(&house).await, Outcome::Retry { cause: Cause::Unreachable, .. }));
        let exhausted = Outcome::Dead { cause: Cause::Exhausted, detail: "unreachable: no route".to_owned() };
        assert_eq!(step(&house).await, exhausted);
        assert_eq!(db.attempts(&id).await, ["retry", "retry", "dead"]);
        assert_eq!(*house.counter.finished.lock().unwrap(), ["retry", "retry", "dead"]);
        let dead = id.clone();
        db.write(move |c| jobs::revive(c, &dead)).await;
        assert!(matches!(step(&house).await, Outcome::Retry { .. }));
    }

    async fn a_job_that_takes_its_worker_down_each_time_is_given_up(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        for _ in 0..3 {
            db.claim("crashing", 1).await;
            db.expire_leases();
        }
        let house = house(&db, options(), |_| async { panic!("not run") });
        // Suspected by now, it pauses first.
        assert_eq!(house.worker.step().await.unwrap(), Step::Nothing);
        db.execute("UPDATE jobs SET due_at = 1");
        let outcome = step(&house).await;
        let told = "every attempt ended without a word from its worker";
        assert_eq!(outcome, Outcome::Dead { cause: Cause::Exhausted, detail: told.to_owned() });
        let crashed = "lease-expired";
        assert_eq!(db.attempts(&id).await, [crashed, crashed, crashed, "dead"]);
    }

    async fn the_other_side_may_ask_for_a_delay_within_the_schedules_longest(db: Database) {
        db.enqueue(job("hainan", "g1", "notify")).await;
        let house = house(&db, options(), |_| {
            let after = Some(Duration::from_secs(86_400));
            std::future::ready(Verdict::Retry { cause: Cause::Unreachable, detail: String::new(), after })
        });
        assert!(matches!(step(&house).await, Outcome::Retry { after: Duration::ZERO, .. }));
    }

    async fn a_worker_that_lost_its_lease_writes_nothing(db: Database) {
        let one = guarantee("hainan", "A1");
        let db = Arc::new(db);
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let house = house(&db, options(), {
            let (one, thief) = (one.clone(), Arc::clone(&db));
            move |_| {
                let (one, thief) = (one.clone(), Arc::clone(&thief));
                async move {
                    thief.expire_leases();
                    assert_eq!(thief.claim("thief", 1).await.len(), 1);
                    pay(&one)
                }
            }
        });
        assert_eq!(step(&house).await, Outcome::LeaseLost);
        assert_eq!(house.counter.fenced.load(Ordering::SeqCst), 1);
        assert_eq!(effects(&db, &one).await, 0);
        assert_eq!(db.job(&id).await.state, JobState::Running);
    }

    async fn work_is_stopped_when_its_lease_is_lost(db: Database) {
        let db = Arc::new(db);
        db.enqueue(job("hainan", "g1", "notify")).await;
        let short = WorkerOptions { lease: Duration::from_millis(150), ..options() };
        let thief = Arc::clone(&db);
        let house = house(&db, short, move |_| {
            let thief = Arc::clone(&thief);
            async move {
                thief.execute("UPDATE jobs SET lease_owner = 'thief'");
                pending().await
            }
        });
        // Returns at all only because the heartbeat finds the lease gone.
        assert_eq!(step(&house).await, Outcome::LeaseLost);
    }

    async fn work_that_takes_longer_than_its_lease_keeps_it(db: Database) {
        let db = Arc::new(db);
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let short = WorkerOptions { lease: Duration::from_millis(900), ..options() };
        let looker = Arc::clone(&db);
        let house = house(&db, short, move |job| {
            let looker = Arc::clone(&looker);
            async move {
                let first = looker.job(&job.id).await.due_at;
                // Longer than the lease as it was given: only renewals get the job here.
                while looker.job(&job.id).await.due_at <= first + jiff::SignedDuration::from_millis(900) {
                    tokio::task::yield_now().await;
                }
                Verdict::done()
            }
        });
        assert_eq!(step(&house).await, Outcome::Done);
        assert_eq!(db.attempts(&id).await, ["done"]);
    }

    async fn a_started_worker_sees_new_jobs_at_once_and_drains_its_lanes(db: Database) {
        let house = house(&db, options(), |_| std::future::ready(Verdict::done()));
        let handle = house.worker.start();
        let mut last = None;
        for lane in ["g1", "g2", "g1", "g1"] {
            last = Some(db.enqueue(job("hainan", lane, "notify")).await);
        }
        until(&db, &last.unwrap(), JobState::Done).await;
        handle.stop().await;
        let states = db.lines("SELECT state AS line FROM jobs");
        assert_eq!(states, ["done"; 4]);
    }

    async fn a_slow_platform_is_called_so_many_times_at_once_and_holds_up_no_other(db: Database) {
        let few = WorkerOptions { calls_per_platform: 2, ..options() };
        let gate = Arc::new(Semaphore::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let running = Arc::new(AtomicUsize::new(0));
        let house = house(&db, few, {
            let (gate, most, running) = (Arc::clone(&gate), Arc::clone(&most), Arc::clone(&running));
            move |job| {
                let (gate, most, running) = (Arc::clone(&gate), Arc::clone(&most), Arc::clone(&running));
                async move {
                    if job.platform.as_str() == "slow" {
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        drop(gate.acquire().await.unwrap());
                        running.fetch_sub(1, Ordering::SeqCst);
                    }
                    Verdict::done()
                }
            }
        });
        let mut slow = Vec::new();
        for lane in ["s1", "s2", "s3", "s4", "s5"] {
            slow.push(db.enqueue(job("slow", lane, "notify")).await);
        }
        let mut quick = Vec::new();
        for lane in ["q1", "q2", "q3"] {
            quick.push(db.enqueue(job("quick", lane, "notify")).await);
        }
        let handle = house.worker.start();
        for id in &quick {
            until(&db, id, JobState::Done).await;
        }
        assert_eq!(running.load(Ordering::SeqCst), 2);
        gate.add_permits(100);
        for id in &slow {
            until(&db, id, JobState::Done).await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        handle.stop().await;
    }

    async fn work_that_may_not_go_on_is_handed_back_and_the_attempt_does_not_count(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "upload")).await;
        let house = house(&db, options(), |job| {
            assert_eq!(job.tries, 1);
            std::future::ready(if job.attempt < 5 { Verdict::HandBack } else { Verdict::done() })
        });
        for _ in 1..5 {
            assert_eq!(step(&house).await, Outcome::HandedBack);
        }
        assert_eq!(step(&house).await, Outcome::Done);
        assert_eq!(db.attempts(&id).await, ["released", "released", "released", "released", "done"]);
    }

    async fn a_stopping_worker_lets_running_jobs_finish_and_takes_no_more(db: Database) {
        let (begun, mut has_begun) = watch::channel(false);
        let gate = Arc::new(Semaphore::new(0));
        let house = house(&db, WorkerOptions { calls_per_platform: 1, ..options() }, {
            let gate = Arc::clone(&gate);
            move |_| {
                begun.send_replace(true);
                let gate = Arc::clone(&gate);
                async move {
                    drop(gate.acquire().await.unwrap());
                    Verdict::done()
                }
            }
        });
        let first = db.enqueue(job("hainan", "g1", "notify")).await;
        let second = db.enqueue(job("hainan", "g2", "notify")).await;
        let handle = house.worker.start();
        has_begun.wait_for(|begun| *begun).await.unwrap();
        let stopping = handle.stop();
        let ((), ()) = futures_util::future::join(stopping, async { gate.add_permits(1) }).await;
        assert_eq!(db.job(&first).await.state, JobState::Done);
        assert_eq!(db.job(&second).await.state, JobState::Ready);
        assert!(db.attempts(&second).await.is_empty());
    }

    async fn a_stopping_worker_hands_back_what_does_not_finish(db: Database) {
        let (begun, mut has_begun) = watch::channel(false);
        // No heartbeat ends the work here.
        let lease = Duration::from_secs(3600);
        let impatient = WorkerOptions { drain: Duration::ZERO, lease, ..options() };
        let alive = Arc::new(());
        let house = house(&db, impatient, {
            let alive = Arc::clone(&alive);
            move |_| {
                begun.send_replace(true);
                let alive = Arc::clone(&alive);
                async move {
                    pending::<()>().await;
                    drop(alive);
                    Verdict::done()
                }
            }
        });
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let handle = house.worker.start();
        has_begun.wait_for(|begun| *begun).await.unwrap();
        handle.stop().await;
        assert_eq!(db.job(&id).await.state, JobState::Ready);
        assert_eq!(db.attempts(&id).await, ["released"]);
        // The work was stopped, not left running unseen.
        while Arc::strong_count(&alive) > 1 {
            tokio::task::yield_now().await;
        }
    }
}

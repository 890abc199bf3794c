//! A job that kills the process that runs it, among jobs that don't. The process is this test program, started again each
//! time as a supervisor would.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::crypto::keyring::Keyring;
use baohan_gateway::domain::identity::{GuaranteeId, PlatformId};
use baohan_gateway::jobs::schedule::Delay;
use baohan_gateway::jobs::{
    Cause, ClaimedJob, Handler, JobId, Schedule, Silent, Verdict, Worker, WorkerOptions,
};
use baohan_gateway::secret::Secret;
use baohan_gateway::store::jobs::suspicion::SUSPECTED_AFTER;
use baohan_gateway::store::jobs::{self, JobState, Lane, NewJob};
use baohan_gateway::store::{Store, StoreOptions};
use diesel::prelude::*;
use futures_util::future::BoxFuture;

#[cfg(feature = "postgres")]
use crate::ground::store_section;
use crate::ground::{Database, on_both_databases};
use crate::premises::PATIENCE;

/// Where a process of this program finds the database whose jobs it is to do.
const DATABASE: &str = "BAOHAN_TEST_POISON";

const OTHERS: u32 = 24;

/// After so many deaths it is given up.
const DEATHS: u32 = 5;

struct Deadly(Schedule);

impl Handler for Deadly {
    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            if job.kind == "deadly" {
                std::process::abort();
            }
            Clock::system().wait(Duration::from_millis(50)).await;
            Verdict::done()
        })
    }

    fn schedule(&self, _: &ClaimedJob) -> &Schedule {
        &self.0
    }
}

fn open(url: &str) -> Store {
    let options = StoreOptions { url: Secret::new(url), ..StoreOptions::default() };
    Store::open(&options, Arc::new(Keyring::from_master(&[7; 32]))).unwrap()
}

/// A worker for as long as the process lives; nothing at all where nobody has asked for one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "a process of this program is told its part by its environment"
)]
async fn process_that_does_jobs() {
    let Ok(url) = std::env::var(DATABASE) else { return };
    let hour = vec![Delay(Duration::from_secs(3600))];
    let handler = Deadly(Schedule { delays: hour, repeat_last: 100, jitter_percent: 0 });
    let options = WorkerOptions {
        house_slots: 4,
        house_slots_per_platform: 4,
        lease: Duration::from_millis(600),
        poll: Duration::from_millis(10),
        silent_deaths: DEATHS,
        ..WorkerOptions::default()
    };
    let _worker =
        Worker::new(open(&url), Arc::new(handler), Arc::new(Silent), options, Clock::system()).start();
    std::future::pending().await
}

/// Killed when the test ends.
struct Process(Child);

impl Process {
    fn start(url: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "poison::process_that_does_jobs"]).env(DATABASE, url);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn job(kind: &str, lane: &str) -> NewJob {
    NewJob {
        platform: PlatformId::new("somewhere"),
        lane: Lane::of_guarantee(&GuaranteeId::new(lane)),
        kind: kind.to_owned(),
        payload: serde_json::json!({}),
        deadline: "2030-01-01T00:00:00Z".parse().unwrap(),
        wait: Duration::ZERO,
    }
}

/// Ends a suspected job's pause, as the passing of time would.
fn end_pauses(url: &str) {
    let sql = "UPDATE jobs SET due_at = 1 WHERE state = 'ready' AND cause = 'poisoned'";
    match url.strip_prefix("sqlite:") {
        Some(path) => {
            let mut link = SqliteConnection::establish(path).unwrap();
            diesel::sql_query("PRAGMA busy_timeout = 10000").execute(&mut link).unwrap();
            diesel::sql_query(sql).execute(&mut link).unwrap();
        }
        #[cfg(feature = "postgres")]
        None => drop(diesel::sql_query(sql).execute(&mut PgConnection::establish(url).unwrap()).unwrap()),
        #[cfg(not(feature = "postgres"))]
        None => panic!("this test program is built without PostgreSQL"),
    }
}

on_both_databases! {
    async fn a_job_that_kills_its_process_is_given_up_and_takes_no_other_with_it(database: Database) {
        let folder = tempfile::tempdir().unwrap();
        let url = match database {
            Database::Sqlite => format!("sqlite:{}", folder.path().join("store.db").display()),
            #[cfg(feature = "postgres")]
            Database::Postgres => store_section(database).split('"').nth(1).unwrap().to_owned(),
        };
        let store = open(&url);
        store.migrate().await.unwrap();
        // It is the most urgent one, so that each process meets it first.
        let deadly = NewJob { deadline: "2029-01-01T00:00:00Z".parse().unwrap(), ..job("deadly", "deadly") };
        let deadly = store.write(move |c| jobs::enqueue(c, &deadly)).await.unwrap();
        let others = store.write(|c| {
            (0..OTHERS).map(|n| jobs::enqueue(c, &job("harmless", &format!("g{n}")))).collect::<Result<Vec<_>, _>>()
        });
        let others: Vec<JobId> = others.await.unwrap();

        let (clock, mut deaths) = (Clock::system(), 0);
        let mut process = Process::start(&url);
        let begun = clock.now();
        let record = loop {
            let (id, now) = (deadly.clone(), clock.now());
            let record = store.read(move |c| jobs::find(c, &id)).await.unwrap().unwrap();
            if record.state == JobState::Dead {
                break record;
            }
            assert!(now.duration_since(begun).unsigned_abs() < PATIENCE, "{deaths} deaths, {record:?}");
            if process.0.try_wait().unwrap().is_some() {
                deaths += 1;
                process = Process::start(&url);
            }
            if deaths >= SUSPECTED_AFTER {
                end_pauses(&url);
            }
            clock.wait(Duration::from_millis(10)).await;
        };
        assert_eq!((record.cause.as_deref(), deaths), (Some(Cause::Poisoned.name()), DEATHS), "{record:?}");

        let (id, ids) = (deadly.clone(), others.clone());
        let attempts = store.read(move |c| jobs::attempts(c, &id)).await.unwrap();
        let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
        assert_eq!(outcomes, [&["lease-expired"; 5][..], &["dead"]].concat());
        let mut left = ids;
        while let Some(id) = left.pop() {
            let record = loop {
                let id = id.clone();
                let record = store.read(move |c| jobs::find(c, &id)).await.unwrap().unwrap();
                if record.state == JobState::Done {
                    break record;
                }
                end_pauses(&url);
                assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "{record:?}");
                clock.wait(Duration::from_millis(10)).await;
            };
            // Those that died with it are not many, nor many times.
            assert!(record.attempts <= 1 + i64::from(SUSPECTED_AFTER), "{record:?}");
        }
    }
}

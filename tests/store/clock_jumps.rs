//! The database's clock is set back: what was leased or planned before lies in the future.

use std::sync::Arc;
use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::jobs::{ClaimedJob, Handler};
use baohan_gateway::jobs::{Schedule, Silent, Verdict, Worker, WorkerOptions};
use baohan_gateway::store::jobs::set_back::{self, Kinds};
use baohan_gateway::store::jobs::{self, Cause, JobId, JobState, NewJob};
use futures_util::future::BoxFuture;

use crate::database::{Database, job, on_both_databases};

const HOUR: Duration = Duration::from_secs(3600);
const LEASE: Duration = Duration::from_secs(60);
const KINDS: Kinds = Kinds { by_the_clock: &["remind"], by_interval: &["round"] };

/// What an hour's jump leaves behind: every time that was noted before it is an hour too late.
fn set_the_clock_back_by_an_hour(db: &Database) {
    let hour = HOUR.as_micros();
    db.execute(&format!("UPDATE jobs SET due_at = due_at + {hour}, created_at = created_at + {hour}"));
    db.execute(&format!(
        "UPDATE attempts SET started_at = started_at + {hour}, ended_at = ended_at + {hour}"
    ));
}

async fn mend(db: &Database) -> usize {
    db.write(|c| set_back::mend(c, LEASE, KINDS)).await
}

/// Seconds until a job is due, by the database's clock.
async fn due_in(db: &Database, id: &JobId) -> i64 {
    let now = db.read(set_back::clock).await;
    db.job(id).await.due_at.duration_since(now).as_secs()
}

struct Doing(Schedule);

impl Handler for Doing {
    fn run<'a>(&'a self, _: &'a ClaimedJob) -> BoxFuture<'a, Verdict> {
        Box::pin(async { Verdict::done() })
    }

    fn schedule(&self, _: &ClaimedJob) -> &Schedule {
        &self.0
    }
}

on_both_databases! {
    async fn a_jump_back_leaves_no_lease_and_no_wait_longer_than_it_was_meant(db: Database) {
        let leased = db.enqueue(job("hainan", "g1", "notify")).await;
        db.claim("dead", 1).await;
        let failed = db.enqueue(job("hainan", "g2", "notify")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        db.write(move |c| jobs::retry(c, &fence, HOUR, Cause::Unreachable, "no route")).await;
        let new = db.enqueue(job("hainan", "g3", "upload")).await;
        let ten_minutes = Duration::from_secs(600);
        let round = db.enqueue(NewJob { wait: ten_minutes, ..job("hainan", "g4", "round") }).await;
        let at_nine = db.enqueue(NewJob { wait: 2 * HOUR, ..job("hainan", "g5", "remind") }).await;
        assert_eq!(mend(&db).await, 0);
        set_the_clock_back_by_an_hour(&db);
        assert!(db.claim("w", 10).await.is_empty());

        assert_eq!(mend(&db).await, 4);
        assert!((55..=60).contains(&due_in(&db, &leased).await));
        assert!(due_in(&db, &failed).await <= 0);
        assert!(due_in(&db, &new).await <= 0);
        assert!((595..=600).contains(&due_in(&db, &round).await));
        // An hour of the day is an hour of the day.
        assert!(due_in(&db, &at_nine).await > 7_200);
        // Another gateway that notices it too changes nothing more.
        mend(&db).await;
        assert!((590..=600).contains(&due_in(&db, &round).await));
        let claimed: Vec<_> = db.claim("w", 10).await.into_iter().map(|it| it.id).collect();
        assert_eq!(claimed.len(), 2);
        assert!(claimed.contains(&failed) && claimed.contains(&new));
    }

    async fn a_wait_that_began_before_the_jump_is_left_alone(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        db.write(move |c| jobs::retry(c, &fence, HOUR, Cause::Unreachable, "no route")).await;
        assert_eq!(mend(&db).await, 0);
        assert!(due_in(&db, &id).await > 3_500);
    }

    async fn a_gateway_that_starts_after_a_jump_takes_its_work_up_at_once(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        set_the_clock_back_by_an_hour(&db);
        let options = WorkerOptions { poll: Duration::from_millis(20), ..WorkerOptions::default() };
        let handler = Doing(Schedule { delays: Vec::new(), repeat_last: 0, jitter_percent: 0 });
        let worker = Worker::new(db.store.clone(), Arc::new(handler), Arc::new(Silent), options, Clock::system());
        let handle = worker.start();
        while db.job(&id).await.state != JobState::Done {
            tokio::task::yield_now().await;
        }
        handle.stop().await;
    }
}

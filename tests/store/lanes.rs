//! Order: within a lane one after the other, between lanes none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "postgres")]
use baohan_gateway::store::StoreOptions;
use baohan_gateway::store::jobs::{self, Cause, JobId, Revival};
use futures_util::future::join_all;

#[cfg(feature = "postgres")]
use crate::database::in_time;
use crate::database::{Database, job, on_both_databases};

on_both_databases! {
    async fn a_lane_runs_one_job_at_a_time_in_order(db: Database) {
        let mut ids = Vec::new();
        for kind in ["seal", "deliver", "notify"] {
            ids.push(db.enqueue(job("hainan", "g1", kind)).await);
        }
        for id in &ids {
            let claimed = db.claim("w", 10).await;
            assert_eq!(claimed.iter().map(|it| &it.id).collect::<Vec<_>>(), [id]);
            assert!(db.claim("w2", 10).await.is_empty());
            let fence = claimed[0].fence.clone();
            db.write(move |c| jobs::finish(c, &fence)).await;
        }
    }

    async fn a_job_that_waits_holds_up_its_lane_and_no_other(db: Database) {
        let first = db.enqueue(job("hainan", "g1", "seal")).await;
        db.enqueue(job("hainan", "g1", "deliver")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        db.write(move |c| jobs::retry(c, &fence, Duration::from_secs(3600), Cause::Failed, "")).await;
        let other = db.enqueue(job("hainan", "g2", "seal")).await;
        let claimed = db.claim("w", 10).await;
        assert_eq!(claimed.iter().map(|it| &it.id).collect::<Vec<_>>(), [&other]);
        db.execute("UPDATE jobs SET due_at = 1 WHERE state = 'ready'");
        assert_eq!(db.claim("w", 10).await[0].id, first);
    }

    async fn a_dead_job_does_not_hold_up_its_lane(db: Database) {
        let first = db.enqueue(job("hainan", "g1", "seal")).await;
        let second = db.enqueue(job("hainan", "g1", "deliver")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        db.write(move |c| jobs::bury(c, &fence, Cause::Rejected, "")).await;
        let running = db.claim("w", 10).await;
        assert_eq!(running[0].id, second);
        // Revived, it goes to the end of the lane: behind the job that runs.
        assert_eq!(db.write({ let first = first.clone(); move |c| jobs::revive(c, &first) }).await, Revival::Revived);
        assert!(db.claim("w", 10).await.is_empty());
        let fence = running[0].fence.clone();
        db.write(move |c| jobs::finish(c, &fence)).await;
        assert_eq!(db.claim("w", 10).await[0].id, first);
    }

    async fn jobs_enqueued_at_the_same_time_get_places_of_their_own(db: Database) {
        join_all((0..12).map(|_| db.enqueue(job("hainan", "g1", "notify")))).await;
        let positions = db.lines("SELECT CAST(position AS TEXT) AS line FROM jobs ORDER BY position");
        assert_eq!(positions, (1..=12).map(|position: i32| position.to_string()).collect::<Vec<_>>());
    }

    async fn many_workers_never_run_two_jobs_of_a_lane_together_or_out_of_order(db: Database) {
        work_together(db).await;
    }
}

/// As where the engine can't pass over locked rows.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_wait_for_each_other_claim_no_job_twice_either() {
    in_time(async {
        let db = Database::postgres().await;
        let waiting = db.reopen(&StoreOptions { skip_locked: false, ..StoreOptions::default() });
        work_together(Database { store: waiting, ..db }).await;
    })
    .await;
}

async fn work_together(db: Database) {
    const LANES: usize = 5;
    const JOBS: usize = 12;
    for place in 0..JOBS {
        for lane in 0..LANES {
            db.enqueue(job("hainan", &lane.to_string(), &place.to_string())).await;
        }
    }
    let db = Arc::new(db);
    let lanes = Arc::new(Mutex::new(BTreeMap::<String, Lane>::new()));
    let workers = (0..6).map(|number| work(Arc::clone(&db), Arc::clone(&lanes), number));
    join_all(workers.map(tokio_task)).await;
    let lanes = lanes.lock().unwrap();
    for lane in 0..LANES {
        let seen = &lanes[&lane.to_string()];
        assert_eq!(seen.done + seen.dead.len(), JOBS + seen.revived, "lane {lane}");
    }
    assert!(lanes.values().any(|lane| lane.revived > 0));
}

/// Workers have to run on several threads to meet each other.
async fn tokio_task(work: impl Future<Output = ()> + Send + 'static) {
    baohan_gateway::supervise::spawn("worker", work).await.unwrap().unwrap();
}

/// What the workers have seen of a lane.
#[derive(Default)]
struct Lane {
    running: Option<JobId>,
    last_position: i64,
    done: usize,
    dead: Vec<JobId>,
    revived: usize,
}

/// Claims until nothing is left; some attempts fail, some jobs die, and the dead are revived while others run.
async fn work(db: Arc<Database>, lanes: Arc<Mutex<BTreeMap<String, Lane>>>, number: usize) {
    let owner = format!("w{number}");
    let mut idle = 0;
    let mut turn = number;
    while idle < 200 {
        let claimed = db.claim(&owner, 2).await;
        idle = if claimed.is_empty() { idle + 1 } else { 0 };
        for one in claimed {
            turn += 1;
            let position = db.job(&one.id).await.position;
            {
                let mut lanes = lanes.lock().unwrap();
                let lane = lanes.entry(one.lane.to_string()).or_default();
                assert_eq!(lane.running, None, "two jobs of lane {} run together", one.lane);
                assert!(position >= lane.last_position, "lane {} runs out of order", one.lane);
                lane.running = Some(one.id.clone());
                lane.last_position = position;
            }
            let fails = turn.is_multiple_of(3) && one.tries < 3;
            let dies = !fails && turn.is_multiple_of(5) && i64::from(one.tries) == one.attempt;
            let revives = {
                let mut lanes = lanes.lock().unwrap();
                let lane = lanes.get_mut(one.lane.as_str()).unwrap();
                lane.running = None;
                match (fails, dies) {
                    (true, _) => {}
                    (false, true) => lane.dead.push(one.id.clone()),
                    (false, false) => lane.done += 1,
                }
                let revives = turn.is_multiple_of(2) && lane.dead.len() > lane.revived;
                lane.revived += usize::from(revives);
                revives.then(|| lane.dead[lane.revived - 1].clone())
            };
            let fence = one.fence.clone();
            db.write(move |c| match (fails, dies) {
                (true, _) => jobs::retry(c, &fence, Duration::ZERO, Cause::Failed, ""),
                (false, true) => jobs::bury(c, &fence, Cause::Failed, ""),
                (false, false) => jobs::finish(c, &fence),
            })
            .await;
            if let Some(dead) = revives {
                // It may be about to be buried by another worker, which has told so before it does it.
                loop {
                    let id = dead.clone();
                    if db.write(move |c| jobs::revive(c, &id)).await == Revival::Revived {
                        break;
                    }
                }
            }
        }
    }
}

//! Two transactions of two processes that meet at one row of PostgreSQL. SQLite's follow one another.

use std::sync::{Mutex, mpsc};

use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::store::{Connection, Store, StoreError, StoreOptions, jobs, reach};
use baohan_gateway::supervise;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::database::{Database, in_time, instant, job, lane_of, long_ago};

const WAITING: &str = "SELECT 'waits' AS line FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// A transaction that has done its work and holds its locks.
struct Held<T> {
    commit: mpsc::Sender<()>,
    task: JoinHandle<Option<T>>,
}

impl<T: Send + 'static> Held<T> {
    async fn by(
        store: &Store,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Self {
        let (done, mut is_done) = watch::channel(false);
        let (commit, may_commit) = mpsc::channel::<()>();
        let (store, may_commit) = (store.clone(), Mutex::new(may_commit));
        let task = supervise::spawn("holder", async move {
            let held = store.write(move |connection| {
                let value = work(connection)?;
                done.send_replace(true);
                // An error means that the sender was dropped.
                may_commit.lock().unwrap().recv().unwrap_or(());
                Ok(value)
            });
            held.await.unwrap()
        });
        is_done.wait_for(|done| *done).await.unwrap();
        Self { commit, task }
    }

    async fn committed(self) -> T {
        drop(self.commit);
        self.task.await.unwrap().unwrap()
    }
}

/// Has the first one do its work and not commit before the second one waits for it, or has ended without.
async fn meeting<One: Send + 'static, Other: Send + 'static>(
    db: &Database,
    first: impl Fn(&mut Connection) -> Result<One, StoreError> + Send + Sync + 'static,
    second: impl Fn(&mut Connection) -> Result<Other, StoreError> + Send + Sync + 'static,
) -> (One, Other) {
    let first = Held::by(&db.store, first).await;
    let store = db.store.clone();
    let other = supervise::spawn("second", async move { store.write(second).await.unwrap() });
    while !other.is_finished() && db.lines(WAITING).is_empty() {
        tokio::task::yield_now().await;
    }
    (first.committed().await, other.await.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_is_planned_while_an_opening_commits_sees_the_opening() {
    in_time(async {
        let db = Database::postgres().await;
        db.enqueue(job("hainan", "g1", "upload")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        let soon = instant("2027-01-01T00:05:00Z");
        let hasten = move |c: &mut Connection| jobs::hasten(c, &lane_of("g1"), soon);
        let (_, deadline) = meeting(&db, hasten, move |c| jobs::deadline(c, &fence)).await;
        assert_eq!(deadline, soon);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_that_two_processes_note_at_once_is_news_to_one_of_them_and_so_is_its_end() {
    in_time(async {
        let db = Database::postgres().await;
        let lost =
            |c: &mut Connection| reach::note_lost(c, &PlatformId::new("hainan"), long_ago(), long_ago());
        let back = |c: &mut Connection| reach::note_back(c, &PlatformId::new("hainan"), long_ago());
        for _ in 0..2 {
            assert_eq!(meeting(&db, lost, lost).await, (true, false));
            assert_eq!(meeting(&db, back, back).await, (Some(long_ago()), None));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_lock_longer_than_the_url_allows_may_try_again() {
    in_time(async {
        let db = Database::postgres().await;
        db.enqueue(job("hainan", "g1", "upload")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        let url = format!("{}?options=-c%20lock_timeout%3D50ms", db.url);
        let impatient = Database { url, ..Database::sqlite().await }.reopen(&StoreOptions::default());
        let look = move |c: &mut Connection| jobs::deadline(c, &fence);
        let held = Held::by(&db.store, look.clone()).await;
        let refused = impatient.write(look.clone()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Busy(_)) && refused.is_passing(), "{refused:?}");
        assert_eq!(held.committed().await, impatient.write(look).await.unwrap());
    })
    .await;
}

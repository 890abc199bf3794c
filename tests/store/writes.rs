//! Transactions: what fails undoes only itself, what is committed together is seen together, what is lost comes back.

use std::sync::mpsc;
use std::time::Duration;

use baohan_gateway::domain::Event;
use baohan_gateway::domain::identity::GuaranteeId;
use baohan_gateway::store::{Constraint, Store, StoreError, StoreOptions, events, guarantees, keys};
use futures_util::FutureExt as _;
use futures_util::future::{join, join_all};

use crate::database::{Database, guarantee, long_ago, on_both_databases};

/// Occupies the store's writer until the returned sender is dropped or used.
async fn occupy(store: &Store) -> (mpsc::Sender<()>, impl Future<Output = Result<(), StoreError>> + use<>) {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let (begun, has_begun) = tokio::sync::watch::channel(false);
    let store = store.clone();
    let occupied = baohan_gateway::supervise::spawn("occupier", async move {
        store
            .write(move |_| {
                begun.send_replace(true);
                // An error means that the sender was dropped.
                released.lock().unwrap().recv().unwrap_or(());
                Ok(())
            })
            .await
    });
    let mut has_begun = has_begun;
    has_begun.wait_for(|begun| *begun).await.unwrap();
    (release, occupied.map(|outcome| outcome.unwrap().unwrap()))
}

on_both_databases! {
    async fn one_write_that_fails_or_panics_hurts_no_other(db: Database) {
        let first = guarantee("hainan", "taken");
        db.write({ let first = first.clone(); move |c| guarantees::insert(c, &first, long_ago()) }).await;
        let (release, occupied) = occupy(&db.store).await;
        let writes = (0..30).map(|number| {
            let taken = guarantee("hainan", "taken");
            let fresh = guarantee("hainan", &number.to_string());
            db.store.write(move |c| {
                guarantees::insert(c, &fresh, long_ago())?;
                events::append(c, &fresh, &[Event::PremiumPaid], long_ago())?;
                match number % 3 {
                    0 => Ok(()),
                    1 => guarantees::insert(c, &taken, long_ago()),
                    _ => panic!("planned failure {number}"),
                }
            })
        });
        // Polled in this order, all writes wait together before the writer is free.
        let (outcomes, ()) = join(join_all(writes), async { drop(release) }).await;
        occupied.await.unwrap();
        for (number, outcome) in outcomes.into_iter().enumerate() {
            let expected = match number % 3 {
                0 => Ok(()),
                1 => Err(StoreError::Duplicate(Constraint::Application)),
                _ => Err(StoreError::Panicked(format!("planned failure {number}"))),
            };
            assert_eq!(outcome, expected);
        }
        let mut kept = db.lines("SELECT application_number AS line FROM guarantees");
        kept.sort();
        assert_eq!(kept, ["0", "12", "15", "18", "21", "24", "27", "3", "6", "9", "taken"]);
        assert_eq!(db.lines("SELECT id AS line FROM events").len(), 10);
        // The connections that the panics went through still work.
        let again = guarantee("hainan", "again");
        db.write(move |c| guarantees::insert(c, &again, long_ago())).await;
    }

    async fn what_was_not_committed_is_not_seen_by_readers(db: Database) {
        let (seen_inside, seen) = mpsc::channel();
        let reader = db.store.clone();
        let runtime = tokio::runtime::Handle::current();
        let one = guarantee("hainan", "A1");
        db.write(move |c| {
            guarantees::insert(c, &one, long_ago())?;
            let counted = runtime.block_on(reader.read(guarantees::counts))?;
            seen_inside.send(counted.len()).unwrap();
            Ok(())
        }).await;
        assert_eq!(seen.recv().unwrap(), 0);
        assert_eq!(db.read(guarantees::counts).await.len(), 1);
    }

    async fn a_read_cannot_write(db: Database) {
        let one = guarantee("hainan", "A1");
        let refused = db.store.read(move |c| guarantees::insert(c, &one, long_ago())).await;
        assert!(refused.is_err());
        assert!(db.read(guarantees::counts).await.is_empty());
    }

    async fn two_processes_may_write(db: Database) {
        let other = db.reopen(&StoreOptions::default());
        let writes = (0..20).map(|number| {
            let store = if number % 2 == 0 { &db.store } else { &other };
            let one = guarantee("hainan", &number.to_string());
            store.write(move |c| {
                // Reading before writing is what fails in SQLite where a transaction does not say at its beginning
                // that it will write.
                guarantees::counts(c)?;
                guarantees::insert(c, &one, long_ago())
            })
        });
        for outcome in join_all(writes).await {
            assert_eq!(outcome, Ok(()));
        }
        assert_eq!(db.lines("SELECT id AS line FROM guarantees").len(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_wait_together_are_committed_together() {
    let db = Database::sqlite().await;
    let (release, occupied) = occupy(&db.store).await;
    let (seen_inside, seen) = mpsc::channel();
    let path = db.url.clone();
    let first = guarantee("hainan", "first");
    let first = db.store.write(move |c| guarantees::insert(c, &first, long_ago()));
    let second = guarantee("hainan", "second");
    let second = db.store.write(move |c| {
        guarantees::insert(c, &second, long_ago())?;
        let others = Database::look_from_outside(&path, "SELECT id AS line FROM guarantees").len();
        seen_inside.send((guarantees::counts(c)?[0].2, others)).unwrap();
        Ok(())
    });
    let ((first, second), ()) = join(join(first, second), async { drop(release) }).await;
    assert_eq!((first, second, occupied.await), (Ok(()), Ok(()), Ok(())));
    // The second sees the first, and nobody outside sees either: one commit for both.
    assert_eq!(seen.recv().unwrap(), (2, 0));
    assert_eq!(db.lines("SELECT id AS line FROM guarantees").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_told_when_too_many_writes_wait() {
    let db = Database::sqlite().await;
    let store = db.reopen(&StoreOptions { queue: 2, ..StoreOptions::default() });
    let (release, occupied) = occupy(&store).await;
    let put = |name: &'static str| {
        let key = GuaranteeId::new(name);
        store.write(move |c| keys::put(c, &key, keys::Purpose::Restoration, b"key", long_ago()))
    };
    let waiting = join(put("g1"), put("g2"));
    let (waited, refused) = join(waiting, async {
        let refused = put("g3").await;
        drop(release);
        refused
    })
    .await;
    assert_eq!(waited, (Ok(()), Ok(())));
    assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
    occupied.await.unwrap();
    assert_eq!(db.lines("SELECT guarantee_id AS line FROM wrapped_keys ORDER BY 1"), ["g1", "g2"]);
}

#[tokio::test]
async fn readers_are_told_when_no_connection_is_free() {
    let db = Database::sqlite().await;
    let options = StoreOptions { readers: 1, wait: Duration::from_millis(20), ..StoreOptions::default() };
    let store = db.reopen(&options);
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let slow = store.read(move |_| Ok(released.lock().unwrap().recv().is_err()));
    let (slow, refused) = join(slow, async {
        let refused = store.read(|_| Ok(())).await;
        drop(release);
        refused
    })
    .await;
    assert_eq!(slow, Ok(true));
    assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
    store.read(|_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = |url: String| {
        let options =
            StoreOptions { url: baohan_gateway::secret::Secret::new(url), ..StoreOptions::default() };
        Store::open(&options, crate::database::keyring()).map(|_| ())
    };
    let is_folder = open(format!("sqlite:{}", folder.path().display()));
    assert!(matches!(is_folder, Err(StoreError::Unavailable(_))), "{is_folder:?}");
    assert!(matches!(open("sqlite:".to_owned()), Err(StoreError::Unusable(_))));
    std::fs::write(folder.path().join("text"), "this is not a database, however long the text may be")
        .unwrap();
    let not_a_database = open(format!("sqlite:{}", folder.path().join("text").display()));
    assert!(matches!(not_a_database, Err(StoreError::Unavailable(_))), "{not_a_database:?}");
    #[cfg(feature = "postgres")]
    {
        let nobody =
            open(format!("postgres://app@{}/x", folder.path().display().to_string().replace('/', "%2F")));
        assert!(matches!(nobody, Err(StoreError::Unavailable(_))), "{nobody:?}");
    }
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_replaced_unnoticed() {
    let db = Database::postgres().await;
    let fill = (0..8).map(|number| {
        let one = guarantee("hainan", &number.to_string());
        db.store.write(move |c| guarantees::insert(c, &one, long_ago()))
    });
    join_all(fill).await;
    let pids = db.lines(
        "SELECT CAST(pid AS TEXT) AS line FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    assert!(pids.len() > 1, "{pids:?}");
    let pids = pids.join(", ");
    db.lines(&format!(
        "SELECT CAST(pg_terminate_backend(pid) AS TEXT) AS line FROM pg_stat_activity WHERE pid IN ({pids})"
    ));
    // They end when they get round to it.
    let alive = format!("SELECT CAST(pid AS TEXT) AS line FROM pg_stat_activity WHERE pid IN ({pids})");
    while !db.lines(&alive).is_empty() {
        tokio::task::yield_now().await;
    }
    let one = guarantee("hainan", "after");
    db.write(move |c| guarantees::insert(c, &one, long_ago())).await;
    assert_eq!(db.lines("SELECT id AS line FROM guarantees").len(), 9);
}

/// A server that goes away in the middle takes the transaction with it, says so, and is found again.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_in_a_transaction_is_told_and_then_replaced() {
    let db = std::sync::Arc::new(Database::postgres().await);
    let one = guarantee("hainan", "A1");
    let killer = std::sync::Arc::clone(&db);
    let lost = db
        .store
        .write(move |c| {
            guarantees::insert(c, &one, long_ago())?;
            killer.lines(
                "SELECT CAST(pg_terminate_backend(pid) AS TEXT) AS line FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
            guarantees::counts(c)
        })
        .await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    assert!(db.read(guarantees::counts).await.is_empty());
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_writes_is_unavailable_until_it_does_again() {
    let db = Database::postgres().await;
    let name = db.url.rsplit('/').next().unwrap().to_owned();
    db.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let store = db.reopen(&StoreOptions::default());
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    let one = guarantee("hainan", "A1");
    let written = store.write(move |c| guarantees::insert(c, &one, long_ago())).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    let back = format!("BEGIN READ WRITE; ALTER DATABASE {name} RESET default_transaction_read_only; COMMIT");
    db.execute_all(&back);
    // The connection that met it was dropped.
    assert_eq!(store.ping().await, Ok(()));
}

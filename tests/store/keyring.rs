//! The life of keys on a database: founded by whoever comes first, replaced while two replicas work, wrapped under another
//! master key at any moment's interruption, destroyed.

use std::sync::Arc;
use std::time::Duration;

use baohan_gateway::crypto::keyring::{Keyring, Purpose};
use baohan_gateway::domain::Stage;
use baohan_gateway::domain::identity::GuaranteeId;
use baohan_gateway::secret::Secret;
use baohan_gateway::store::audit::{self, Actor, Anchors, Checkpoint, Entry};
use baohan_gateway::store::key_hierarchy::{self, Destruction, Pass, State, parse_id};
use baohan_gateway::store::{
    Boundary, Connection, Disturbance, Mishap, Store, StoreError, StoreOptions, guarantees, keys,
};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::database::{Database, guarantee, in_a_year, long_ago, on_both_databases};

const AHEAD: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn under(db: &Database, keyring: Keyring) -> Result<Store, StoreError> {
    let options = StoreOptions { url: Secret::new(&db.url), ..StoreOptions::default() };
    Store::open(&options, Arc::new(keyring))
}

fn master(byte: u8) -> Keyring {
    Keyring::from_master(&[byte; 32])
}

async fn put(store: &Store, id: &str) {
    let (id, key) = (GuaranteeId::new(id), format!("key of {id}"));
    let work =
        move |c: &mut Connection| keys::put(c, &id, keys::Purpose::Restoration, key.as_bytes(), long_ago());
    store.write(work).await.unwrap();
}

async fn get(store: &Store, id: &str) -> Result<String, StoreError> {
    let id = GuaranteeId::new(id);
    let found = store.read(move |c| keys::find(c, &id, keys::Purpose::Restoration)).await?;
    Ok(String::from_utf8(found.unwrap().to_vec()).unwrap())
}

async fn rotate(store: &Store, now: Timestamp) -> Timestamp {
    let work = move |c: &mut Connection| key_hierarchy::rotate(c, Purpose::Sealing, now, AHEAD);
    store.write(work).await.unwrap().activates_at
}

async fn reseal(store: &Store) -> Pass {
    let mut pass = Pass::default();
    while !pass.is_over() {
        let before = pass.clone();
        pass = store.write(move |c| key_hierarchy::reseal(c, &before, 2)).await.unwrap();
    }
    pass
}

async fn destroy(store: &Store, key: &str, now: Timestamp, retain: Duration) -> Destruction {
    let id = parse_id(key).unwrap();
    store.write(move |c| key_hierarchy::destroy(c, id, now, retain)).await.unwrap()
}

/// The ids of the keys that seal, oldest first.
fn sealing_keys(db: &Database) -> Vec<String> {
    db.lines("SELECT id AS line FROM data_keys WHERE purpose = 'sealing' ORDER BY activates_at")
}

fn sealed_under(db: &Database, id: &str) -> String {
    let hex = if db.is_sqlite() { "lower(hex(wrapped))" } else { "encode(wrapped, 'hex')" };
    let line =
        db.lines(&format!("SELECT {hex} AS line FROM wrapped_keys WHERE guarantee_id = '{id}'")).remove(0);
    line[2..10].to_owned()
}

/// As a database was before there were data keys.
fn forget_hierarchy(db: &Database) {
    for table in ["data_keys", "key_encryption_keys", "key_hierarchy"] {
        db.execute(&format!("DELETE FROM {table}"));
    }
}

/// Fails the next write at one boundary.
struct Interruption(Boundary);

impl Disturbance for Interruption {
    fn strike(&self, _: &'static str) -> Option<Mishap> {
        Some(Mishap::new(self.0, StoreError::Unavailable("the power failed".to_owned())))
    }
}

on_both_databases! {
    async fn replicas_that_start_together_agree_on_the_first_keys_which_are_not_derived_of_the_master_key(db: Database) {
        forget_hierarchy(&db);
        let replicas: Vec<Store> = (0..4).map(|_| under(&db, master(7)).unwrap()).collect();
        for founded in join_all(replicas.iter().map(Store::migrate)).await {
            founded.unwrap();
        }
        let keys = sealing_keys(&db);
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0], hex::encode(master(7).master_id()), "what it was before is known too");
        assert!(replicas.iter().all(|it| hex::encode(it.sealing_key()) == keys[1]));
        put(&replicas[0], "g1").await;
        assert_eq!(get(&replicas[3], "g1").await.unwrap(), "key of g1");
        assert_eq!(sealed_under(&db, "g1"), keys[1]);
    }

    async fn a_database_of_an_earlier_version_goes_on_under_its_key_so_that_both_versions_read_it(db: Database) {
        forget_hierarchy(&db);
        let earlier = under(&db, master(7)).unwrap();
        put(&earlier, "g1").await;
        let old = hex::encode(master(7).master_id());
        assert_eq!(sealed_under(&db, "g1"), old);
        let later = under(&db, master(7)).unwrap();
        later.migrate().await.unwrap();
        put(&later, "g2").await;
        assert_eq!((sealing_keys(&db), sealed_under(&db, "g2")), (vec![old.clone()], old));
        assert_eq!(get(&earlier, "g2").await.unwrap(), "key of g2");
    }

    async fn keys_are_replaced_under_two_replicas_and_no_read_fails(db: Database) {
        let (one, other) = (under(&db, master(7)).unwrap(), under(&db, master(7)).unwrap());
        let mut now = in_a_year();
        for round in 0..5 {
            let before = one.sealing_key();
            let active = rotate(&one, now).await;
            assert_eq!(active, now + SignedDuration::from_secs(5));
            // Both know it, neither uses it yet.
            for store in [&one, &other] {
                assert!(store.follow_keys(0, now).await.unwrap().is_some());
                assert_eq!(store.sealing_key(), before);
            }
            now = active;
            // One comes by the time a little sooner than the other.
            assert_eq!(one.follow_keys(i64::MAX, now).await.map(|_| ()), Ok(()));
            assert_ne!(one.sealing_key(), before);
            assert_eq!(other.sealing_key(), before);
            for (writer, reader, name) in [(&one, &other, "a"), (&other, &one, "b")] {
                let id = format!("g{round}{name}");
                put(writer, &id).await;
                assert_eq!(get(reader, &id).await.unwrap(), format!("key of {id}"));
            }
            assert!(other.follow_keys(0, now).await.unwrap().is_some());
            assert_eq!(other.sealing_key(), one.sealing_key());
        }
        for round in 0..5 {
            assert_eq!(get(&other, &format!("g{round}a")).await.unwrap(), format!("key of g{round}a"));
        }
    }

    async fn a_replica_that_never_looked_finds_a_key_when_it_meets_what_was_sealed_under_it(db: Database) {
        let (one, asleep) = (under(&db, master(7)).unwrap(), under(&db, master(7)).unwrap());
        let active = rotate(&one, in_a_year()).await;
        one.follow_keys(0, active).await.unwrap();
        put(&one, "g1").await;
        assert_ne!(one.sealing_key(), asleep.sealing_key());
        assert_eq!(get(&asleep, "g1").await.unwrap(), "key of g1");
        // The trail, too: its head is linked under a key that this one has not seen.
        let work = move |c: &mut Connection| key_hierarchy::rotate(c, Purpose::Auditing, active, AHEAD);
        let linked = one.write(work).await.unwrap().activates_at;
        one.follow_keys(0, linked).await.unwrap();
        append(&one).await.unwrap();
        append(&asleep).await.unwrap();
        assert_eq!(findings(&db.store).await, 0);
    }

    async fn values_are_sealed_anew_in_steps_and_what_others_write_meanwhile_stays(db: Database) {
        for number in 0..5 {
            put(&db.store, &format!("g{number}")).await;
        }
        db.write(|c| guarantees::insert(c, &guarantee("hainan", "A1"), long_ago())).await;
        let former = hex::encode(db.store.sealing_key());
        let active = rotate(&db.store, in_a_year()).await;
        db.store.follow_keys(0, active).await.unwrap();
        let broken_off = Pass::default();
        let first = db.write(move |c| key_hierarchy::reseal(c, &broken_off, 2)).await;
        assert!(!first.is_over());
        // Somebody writes anew what the pass has not come to.
        put(&db.store, "g4").await;
        let pass = reseal(&db.store).await;
        assert_eq!((pass.done.unreadable, pass.done.overtaken), (0, 0));
        assert_eq!(first.done.resealed + pass.done.resealed, 5);
        let usage = db.read(key_hierarchy::usage).await;
        assert_eq!(usage.keys().collect::<Vec<_>>(), [&hex::encode(db.store.sealing_key())]);
        assert!(!usage.contains_key(&former));
        for number in 0..5 {
            assert_eq!(get(&db.store, &format!("g{number}")).await.unwrap(), format!("key of g{number}"));
        }
        assert_eq!(reseal(&db.store).await.done, key_hierarchy::Resealed::default(), "nothing is left to do");
    }

    async fn a_key_is_destroyed_only_when_nothing_needs_it_and_opens_nothing_afterwards(db: Database) {
        put(&db.store, "g1").await;
        db.execute("CREATE TABLE kept AS SELECT * FROM wrapped_keys");
        let former = hex::encode(db.store.sealing_key());
        let now = in_a_year();
        assert_eq!(destroy(&db.store, &former, now, DAY).await, Destruction::InUse);
        let active = rotate(&db.store, now).await;
        db.store.follow_keys(0, active).await.unwrap();
        let seals = Destruction::StillSeals(vec![("wrapped_keys.wrapped".to_owned(), 1)]);
        assert_eq!(destroy(&db.store, &former, active, DAY).await, seals);
        reseal(&db.store).await;
        let over = active + SignedDuration::from_hours(24);
        assert_eq!(destroy(&db.store, &former, active, DAY).await, Destruction::Retained(over));
        let other = under(&db, master(7)).unwrap();
        assert_eq!(destroy(&db.store, &former, over, DAY).await, Destruction::Done);
        assert_eq!(destroy(&db.store, &former, over, DAY).await, Destruction::AlreadyDone);
        assert_eq!(destroy(&db.store, "00000000", over, DAY).await, Destruction::Unknown);
        key_hierarchy::forget_remnants(&db.store).await.unwrap();
        let left = db.lines(&format!("SELECT wrapped AS line FROM data_keys WHERE id = '{former}'"));
        assert!(left[0].chars().all(|digit| digit == '0') && left[0].len() > 100, "{left:?}");

        // Whoever puts the old bytes back has nothing of it.
        assert_eq!(get(&db.store, "g1").await.unwrap(), "key of g1");
        db.execute("UPDATE wrapped_keys SET wrapped = (SELECT wrapped FROM kept)");
        for store in [&db.store, &other] {
            store.follow_keys(0, over).await.unwrap();
            let read = get(store, "g1").await;
            assert!(matches!(read, Err(StoreError::Damaged { table: "wrapped_keys", .. })), "{read:?}");
        }
        assert!(get(&under(&db, master(7)).unwrap(), "g1").await.is_err());
    }

    async fn a_destroyed_key_that_the_master_key_still_derives_is_gone_all_the_same(db: Database) {
        forget_hierarchy(&db);
        let store = under(&db, master(7)).unwrap();
        put(&store, "g1").await;
        store.migrate().await.unwrap();
        let former = hex::encode(store.sealing_key());
        db.execute("CREATE TABLE kept AS SELECT * FROM wrapped_keys");
        let active = rotate(&store, in_a_year()).await;
        store.follow_keys(0, active).await.unwrap();
        reseal(&store).await;
        assert_eq!(destroy(&store, &former, active, Duration::ZERO).await, Destruction::Done);
        db.execute("UPDATE wrapped_keys SET wrapped = (SELECT wrapped FROM kept)");
        assert!(get(&under(&db, master(7)).unwrap(), "g1").await.is_err());
    }

    async fn a_new_key_encryption_key_wraps_all_and_the_former_one_can_go(db: Database) {
        put(&db.store, "g1").await;
        let now = in_a_year();
        let made = db.write(move |c| key_hierarchy::rotate_kek(c, now)).await;
        assert_eq!((made.key.as_str(), made.retired), ("2", vec!["1".to_owned()]));
        let end = move |version| move |c: &mut Connection| key_hierarchy::destroy_kek(c, version, now, Duration::ZERO);
        assert_eq!(db.write(end(2)).await, Destruction::InUse);
        assert_eq!(db.write(end(1)).await, Destruction::Done);
        let hierarchy = db.read(key_hierarchy::read).await;
        assert_eq!(hierarchy.keks.iter().map(|kek| kek.state()).collect::<Vec<_>>(), [State::Destroyed, State::Active]);
        let fresh = under(&db, master(7)).unwrap();
        assert_eq!(get(&fresh, "g1").await.unwrap(), "key of g1");
        rotate(&fresh, now).await;
    }

    async fn a_wrapped_key_that_was_changed_or_moved_is_not_believed(db: Database) {
        let swap = "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys AS o WHERE o.purpose = 'marking') \
                    WHERE purpose = 'auditing'";
        db.execute(swap);
        let opened = under(&db, master(7)).map(|_| ());
        assert!(matches!(opened, Err(StoreError::Damaged { table: "data_keys", .. })), "{opened:?}");
        // The running store keeps what it has.
        assert!(db.store.follow_keys(0, in_a_year()).await.is_err());
        put(&db.store, "g1").await;
        assert_eq!(get(&db.store, "g1").await.unwrap(), "key of g1");
    }

    async fn marks_links_and_the_trail_outlive_the_master_key(db: Database) {
        put(&db.store, "g1").await;
        append(&db.store).await.unwrap();
        let mark = |store: &Store| {
            let store = store.clone();
            async move { store.read(|c| Ok(baohan_gateway::store::changes::mark(c, "secret", "s", "text"))).await.unwrap() }
        };
        let before = mark(&db.store).await;
        let both = under(&db, master(8).with_former(&[7; 32])).unwrap();
        assert_eq!(both.write(key_hierarchy::rewrap).await, Ok(1));
        assert_eq!(both.write(key_hierarchy::rewrap).await, Ok(0), "twice does nothing more");
        assert!(matches!(under(&db, master(7)).map(|_| ()), Err(StoreError::Unusable(_))));
        let after = under(&db, master(8)).unwrap();
        assert_eq!(mark(&after).await, before);
        assert_eq!(get(&after, "g1").await.unwrap(), "key of g1");
        append(&after).await.unwrap();
        assert_eq!(findings(&after).await, 0);
        // The gateway that runs still has its keys, and is told that it can't follow.
        put(&db.store, "g2").await;
        assert!(db.store.follow_keys(0, in_a_year()).await.is_err());
        assert_eq!(get(&after, "g2").await.unwrap(), "key of g2");
    }

    async fn a_rewrap_that_is_interrupted_anywhere_leaves_exactly_one_master_key_that_opens(db: Database) {
        put(&db.store, "g1").await;
        let (mut old, mut new) = (7, 17);
        for boundary in [Boundary::Begin, Boundary::Commit, Boundary::Answer] {
            let interrupted = under(&db, master(new).with_former(&[old; 32])).unwrap();
            interrupted.disturb(Interruption(boundary));
            let failed = interrupted.write(key_hierarchy::rewrap).await;
            let opens: Vec<u8> = [old, new].into_iter().filter(|it| under(&db, master(*it)).is_ok()).collect();
            // PostgreSQL's pool and SQLite's writer don't repeat what the power interrupted.
            assert!(failed.is_err(), "{boundary:?}");
            assert_eq!(opens, [if boundary == Boundary::Answer { new } else { old }], "{boundary:?}");
            // Whoever repeats the command gets where it should have led.
            let again = under(&db, master(new).with_former(&[old; 32])).unwrap();
            again.write(key_hierarchy::rewrap).await.unwrap();
            assert!(under(&db, master(old)).is_err());
            assert_eq!(get(&under(&db, master(new)).unwrap(), "g1").await.unwrap(), "key of g1");
            (old, new) = (new, new + 1);
        }
    }

    async fn restoration_keys_go_with_their_time_and_never_while_the_guarantee_lives(db: Database) {
        let mut ids = Vec::new();
        for (number, stage) in [("A1", Stage::Expired), ("A2", Stage::Restored), ("A3", Stage::Surrendered)] {
            let mut one = guarantee("hainan", number);
            one.stage = stage;
            ids.push(one.id.clone());
            put(&db.store, one.id.as_str()).await;
            db.write(move |c| guarantees::insert(c, &one, long_ago())).await;
        }
        let left = || db.lines("SELECT guarantee_id AS line FROM wrapped_keys ORDER BY stored_at, guarantee_id");
        let day = |days: i64| long_ago() + SignedDuration::from_hours(24 * days);
        let early = db.write(move |c| keys::destroy_of_ended(c, day(-1), 10)).await;
        assert_eq!((early.len(), left().len()), (0, 3));
        let mut gone = db.write(move |c| keys::destroy_of_ended(c, day(1), 10)).await;
        gone.sort();
        let mut ended = vec![ids[0].clone(), ids[2].clone()];
        ended.sort();
        assert_eq!(gone, ended);
        assert_eq!(left(), [ids[1].to_string()]);
    }
}

async fn append(store: &Store) -> Result<i64, StoreError> {
    let entry = Entry {
        actor: Actor::CommandLine { account: "wang".to_owned() },
        address: None,
        action: "key.rotate",
        subject: ("key", "k".to_owned()),
        detail: json!({}),
        before: None,
        after: None,
    };
    store.write(move |c| audit::append(c, &entry, long_ago())).await
}

async fn findings(store: &Store) -> usize {
    audit::verify(store, Checkpoint::BEGINNING, Anchors::default()).await.unwrap().findings.len()
}

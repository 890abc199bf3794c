//! The audit trail under many hands, and what becomes of it when keys are replaced.

use std::sync::Arc;

use baohan_gateway::crypto::keyring::Keyring;
use baohan_gateway::secret::Secret;
use baohan_gateway::store::audit::{self, Actor, Anchors, Checkpoint, Entry, Fault, Filter, Finding};
use baohan_gateway::store::{Store, StoreError, StoreOptions};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::json;

use crate::database::{Database, instant, on_both_databases};

fn entry(action: &'static str, subject: &str) -> Entry {
    Entry {
        actor: Actor::CommandLine { account: "wang".to_owned() },
        address: None,
        action,
        subject: ("job", subject.to_owned()),
        detail: json!({ "secret": "planted-detail" }),
        before: None,
        after: Some("ab".repeat(32)),
    }
}

async fn append(store: &Store, entry: Entry, at: Timestamp) -> Result<i64, StoreError> {
    store.write(move |connection| audit::append(connection, &entry, at)).await
}

async fn findings(store: &Store) -> Vec<Finding> {
    audit::verify(store, Checkpoint::BEGINNING, Anchors::default()).await.unwrap().findings
}

fn under(db: &Database, keyring: Keyring) -> Store {
    let options = StoreOptions { url: Secret::new(&db.url), ..StoreOptions::default() };
    Store::open(&options, Arc::new(keyring)).unwrap()
}

on_both_databases! {
    async fn two_replicas_that_append_at_once_leave_no_gap_and_no_fork(db: Database) {
        let replicas = [db.reopen(&StoreOptions::default()), db.reopen(&StoreOptions::default())];
        let acts = (0..40).map(|number| {
            let store = &replicas[number % 2];
            append(store, entry("job.retry", &number.to_string()), Timestamp::UNIX_EPOCH)
        });
        let mut numbers: Vec<i64> = join_all(acts).await.into_iter().map(Result::unwrap).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
        let verdict = audit::verify(&db.store, Checkpoint::BEGINNING, Anchors::default()).await.unwrap();
        assert_eq!((verdict.findings.as_slice(), verdict.entries, verdict.last.number), (&[][..], 40, 40));
    }

    async fn an_act_that_is_undone_leaves_no_entry_and_no_gap(db: Database) {
        append(&db.store, entry("job.retry", "1"), Timestamp::UNIX_EPOCH).await.unwrap();
        let undone = db.store.write(|connection| {
            audit::append(connection, &entry("job.retry", "2"), Timestamp::UNIX_EPOCH)?;
            Err::<(), _>(StoreError::Busy("undone".to_owned()))
        });
        assert!(undone.await.is_err());
        assert_eq!(append(&db.store, entry("job.retry", "3"), Timestamp::UNIX_EPOCH).await, Ok(2));
        assert_eq!(findings(&db.store).await, []);
    }

    async fn entries_are_found_by_who_what_when_and_page_by_page(db: Database) {
        let at = |hour: i8| instant(&format!("2026-11-22T{hour:02}:00:00Z"));
        let other = Entry {
            actor: Actor::Operator { id: "u1".to_owned(), name: "李工".to_owned() },
            address: Some("::1".parse().unwrap()),
            ..entry("session.begin", "s")
        };
        append(&db.store, entry("job.retry", "j1"), at(1)).await.unwrap();
        append(&db.store, other.clone(), at(2)).await.unwrap();
        append(&db.store, entry("job.discard", "j1"), at(3)).await.unwrap();
        append(&db.store, entry("jobless", "j2"), at(4)).await.unwrap();
        let all = || Filter { limit: 10, ..Filter::default() };
        let text = |text: &str| Some(text.to_owned());
        for (filter, expected) in [
            (all(), &[4, 3, 2, 1][..]),
            (Filter { limit: 2, ..all() }, &[4, 3]),
            (Filter { before: Some(3), ..all() }, &[2, 1]),
            (Filter { actor: text("李工"), ..all() }, &[2]),
            (Filter { actor: text("u1"), ..all() }, &[2]),
            (Filter { actor: text("wang"), action: text("job."), ..all() }, &[3, 1]),
            (Filter { action: text("job"), ..all() }, &[]),
            (Filter { action: text("%."), ..all() }, &[]),
            (Filter { subject: text("j1"), subject_kind: text("job"), ..all() }, &[3, 1]),
            (Filter { from: Some(at(2)), until: Some(at(4)), ..all() }, &[3, 2]),
        ] {
            let (asked, shown) = (filter.clone(), format!("{filter:?}"));
            let found = db.read(move |connection| audit::list(connection, &asked)).await;
            assert_eq!(found.iter().map(|it| it.number).collect::<Vec<_>>(), expected, "{shown}");
        }
        let found = db.read(|connection| audit::find(connection, 2)).await.unwrap();
        assert_eq!((found.actor, found.address, found.detail), (other.actor, other.address, other.detail));
        assert_eq!(db.read(|connection| audit::find(connection, 5)).await, None);
        let hex = if db.is_sqlite() { "lower(hex(detail))" } else { "encode(detail, 'hex')" };
        let stored = db.lines(&format!("SELECT {hex} AS line FROM audit_entries"));
        assert!(stored.len() == 4 && !stored.concat().contains(&hex::encode("planted")), "details are sealed");
    }

    async fn entries_of_a_replaced_key_are_verified_with_it_and_with_nothing_else(db: Database) {
        append(&db.store, entry("job.retry", "1"), Timestamp::UNIX_EPOCH).await.unwrap();
        append(&db.store, entry("job.retry", "2"), Timestamp::UNIX_EPOCH).await.unwrap();
        // A database of before there were data keys, whose master key was replaced since.
        for table in ["data_keys", "key_encryption_keys", "key_hierarchy"] {
            db.execute(&format!("DELETE FROM {table}"));
        }
        let rotated = under(&db, Keyring::from_master(&[8; 32]).with_former(&[7; 32]));
        rotated.migrate().await.unwrap();
        append(&rotated, entry("job.retry", "3"), Timestamp::UNIX_EPOCH).await.unwrap();
        let unreadable = Finding { number: 1, fault: Fault::DetailUnreadable };
        assert_eq!(findings(&rotated).await[0], unreadable, "it was sealed under a key that is gone");
        let keys = db.lines("SELECT DISTINCT key_id AS line FROM audit_entries ORDER BY 1");
        assert_eq!(keys.len(), 2);
        // Without the key of the trail nobody can verify or append.
        db.execute("DELETE FROM data_keys WHERE purpose = 'auditing'");
        let options = StoreOptions { url: Secret::new(&db.url), ..StoreOptions::default() };
        let keyring = Keyring::from_master(&[8; 32]).with_former(&[7; 32]);
        let refused = Store::open(&options, Arc::new(keyring)).map(|_| ());
        assert!(matches!(refused, Err(StoreError::Damaged { table: "data_keys", .. })), "{refused:?}");
    }

    async fn nothing_is_recorded_behind_a_damaged_end_until_it_is_resealed_which_hides_nothing(db: Database) {
        for number in 1..=4 {
            append(&db.store, entry("job.retry", &number.to_string()), Timestamp::UNIX_EPOCH).await.unwrap();
        }
        let head = db.read(audit::head).await.unwrap();
        db.execute("DELETE FROM audit_entries WHERE number = 4");
        db.execute("UPDATE audit_head SET number = 3, mac = (SELECT mac FROM audit_entries WHERE number = 3)");
        let refused = append(&db.store, entry("job.retry", "5"), Timestamp::UNIX_EPOCH).await;
        assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");
        db.execute("DELETE FROM audit_head");
        let refused = append(&db.store, entry("job.retry", "5"), Timestamp::UNIX_EPOCH).await;
        assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");

        let said = entry("audit.reseal", "head");
        let resealed = db.write(move |c| audit::reseal(c, &said, Timestamp::UNIX_EPOCH)).await;
        assert_eq!(resealed, 4);
        assert_eq!(append(&db.store, entry("job.retry", "5"), Timestamp::UNIX_EPOCH).await, Ok(5));
        assert_eq!(findings(&db.store).await, []);
        let mut anchors = Anchors::default();
        anchors.add(head.number, head.mac);
        let verdict = audit::verify(&db.store, Checkpoint::BEGINNING, anchors).await.unwrap();
        assert_eq!(verdict.findings, [Finding { number: 4, fault: Fault::Replaced }]);
    }

    async fn a_look_from_where_the_last_one_ended_sees_what_came_since_and_that_the_rest_still_stands(db: Database) {
        for number in 1..=3 {
            append(&db.store, entry("job.retry", &number.to_string()), Timestamp::UNIX_EPOCH).await.unwrap();
        }
        let first = audit::verify(&db.store, Checkpoint::BEGINNING, Anchors::default()).await.unwrap();
        append(&db.store, entry("job.retry", "4"), Timestamp::UNIX_EPOCH).await.unwrap();
        let second = audit::verify(&db.store, first.last, Anchors::default()).await.unwrap();
        assert_eq!((second.entries, second.last.number, second.is_intact()), (1, 4, true));
        db.execute("DELETE FROM audit_entries WHERE number > 2");
        let third = audit::verify(&db.store, second.last, Anchors::default()).await.unwrap();
        assert_eq!(third.findings, [Finding { number: 4, fault: Fault::CutOffBeforeAnchor }]);
    }
}

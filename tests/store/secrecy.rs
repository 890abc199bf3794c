//! What may not be stored in the clear, and what happens to it when somebody moves it.

use std::sync::Arc;

use baohan_gateway::crypto::keyring::Keyring;
use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::domain::identity::{DocumentDigest, GuaranteeId, PlatformId};
use baohan_gateway::secret::Secret;
use baohan_gateway::store::bindings::{self, Binding, BusinessKey};
use baohan_gateway::store::keys::{self, Purpose};
use baohan_gateway::store::messages::{self, Direction, NewMessage};
use baohan_gateway::store::{Store, StoreError, StoreOptions, deliveries, guarantees, jobs};
use zeroize::Zeroizing;

use crate::database::{Database, guarantee, job, long_ago, on_both_databases};

const PLANTED: [&str; 9] = [
    "planted-contact",
    "13800001234",
    "planted-ciphertext",
    "planted-body",
    "planted-answer",
    "planted-bound-answer",
    "planted-key",
    "planted-file-key",
    "planted-payload",
];

async fn plant(db: &Database) {
    let one = guarantee("hainan", "planted-number");
    db.write(move |c| {
        guarantees::insert(c, &one, long_ago())?;
        let message = NewMessage {
            platform: PlatformId::new("hainan"),
            direction: Direction::Out,
            interface: "i".to_owned(),
            guarantee: Some(one.id.clone()),
            request_id: "r".to_owned(),
            at: long_ago(),
            body: b"planted-body".to_vec(),
            answer: Some(b"planted-answer".to_vec()),
            outcome: "accepted".to_owned(),
            detail: None,
            tolerances: Vec::new(),
            peer: None,
        };
        let message = messages::record(c, &message)?;
        let key = BusinessKey {
            platform: PlatformId::new("hainan"),
            interface: "i".to_owned(),
            key: "k".to_owned(),
        };
        let answer = Zeroizing::new(b"planted-bound-answer".to_vec());
        bindings::put(c, &key, &Binding { content: String::new(), answer, message, bound_at: long_ago() })?;
        keys::put(c, &one.id, Purpose::Restoration, b"planted-key", long_ago())?;
        let document = DocumentDigest::new("d");
        deliveries::start(c, &one.id, LetterKind::Ciphertext, &document, b"planted-file-key", 1, long_ago())?;
        jobs::enqueue(c, &job("hainan", one.id.as_str(), "notify"))?;
        Ok(())
    })
    .await;
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn no_sealed_text_lies_in_the_files_of_the_database() {
    let db = Database::sqlite().await;
    plant(&db).await;
    let mut files = 0;
    let mut found_number = false;
    for entry in std::fs::read_dir(db.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        found_number |= holds(&bytes, "planted-number");
        for text in PLANTED {
            assert!(!holds(&bytes, text), "{text}");
        }
    }
    // The search itself works: what is stored in the clear is found.
    assert!(found_number && files >= 2);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn no_sealed_text_lies_in_a_column_of_the_database() {
    let db = Database::postgres().await;
    plant(&db).await;
    let tables = [
        "guarantees",
        "messages",
        "bindings",
        "events",
        "jobs",
        "attempts",
        "documents",
        "wrapped_keys",
        "deliveries",
        "links",
    ];
    let mut found_number = false;
    for table in tables {
        for row in db.lines(&format!("SELECT CAST(row_to_json(t) AS TEXT) AS line FROM {table} t")) {
            found_number |= row.contains("planted-number");
            for text in PLANTED {
                // Bytes are shown in hexadecimal.
                assert!(!row.contains(text) && !row.contains(&hex::encode(text)), "{table}: {text}");
            }
        }
    }
    assert!(found_number);
}

on_both_databases! {
    async fn a_sealed_column_that_was_moved_to_another_row_is_not_believed(db: Database) {
        let (one, two) = (GuaranteeId::new("g1"), GuaranteeId::new("g2"));
        for (id, key) in [(one.clone(), "first"), (two.clone(), "second")] {
            db.write(move |c| keys::put(c, &id, Purpose::Restoration, key.as_bytes(), long_ago())).await;
        }
        db.execute(
            "UPDATE wrapped_keys SET wrapped = (SELECT wrapped FROM wrapped_keys WHERE guarantee_id = 'g2') \
             WHERE guarantee_id = 'g1'",
        );
        let moved = db.store.read(move |c| keys::find(c, &one, Purpose::Restoration)).await.map(|_| ());
        assert!(matches!(moved, Err(StoreError::Damaged { table: "wrapped_keys", .. })), "{moved:?}");
        assert!(db.read(move |c| keys::find(c, &two, Purpose::Restoration)).await.is_some());
    }

    async fn another_keyring_opens_nothing(db: Database) {
        let one = guarantee("hainan", "A1");
        let id = one.id.clone();
        db.write(move |c| guarantees::insert(c, &one, long_ago())).await;
        let options = StoreOptions { url: Secret::new(db.url.as_str()), ..StoreOptions::default() };
        let stranger = Store::open(&options, Arc::new(Keyring::from_master(&[8; 32]))).map(|_| ());
        assert!(matches!(&stranger, Err(StoreError::Unusable(why)) if why.contains("master key")), "{stranger:?}");
        assert!(db.read(move |c| guarantees::find(c, &id)).await.is_some());
    }
}

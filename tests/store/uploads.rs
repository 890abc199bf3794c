//! Documents, keys, and how far an upload has come.

use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::domain::identity::{DocumentDigest, GuaranteeId};
use baohan_gateway::store::documents::{self, Document};
use baohan_gateway::store::keys::{self, Purpose};
use baohan_gateway::store::{Constraint, StoreError, deliveries};

use crate::database::{Database, LETTERS, long_ago, on_both_databases};

const LETTER: LetterKind = LetterKind::Ciphertext;

fn lane() -> GuaranteeId {
    GuaranteeId::new("g1")
}

async fn start(db: &Database, letter: LetterKind) -> Result<(), StoreError> {
    let digest = DocumentDigest::new("d1");
    db.store
        .write(move |c| deliveries::start(c, &lane(), letter, &digest, b"key and iv", 3, long_ago()))
        .await
}

async fn acknowledge(db: &Database, generation: i64, index: u64) -> Result<(), StoreError> {
    db.store.write(move |c| deliveries::acknowledge(c, &lane(), LETTER, generation, index, long_ago())).await
}

async fn complete(db: &Database, generation: i64) -> Result<(), StoreError> {
    db.store.write(move |c| deliveries::complete(c, &lane(), LETTER, generation, long_ago())).await
}

on_both_databases! {
    async fn an_upload_goes_forward_slice_by_slice(db: Database) {
        start(&db, LETTER).await.unwrap();
        start(&db, LetterKind::Merged).await.unwrap();
        assert_eq!(start(&db, LETTER).await, Err(StoreError::Duplicate(Constraint::Delivery)));
        acknowledge(&db, 1, 0).await.unwrap();
        for (generation, index) in [(1, 0), (1, 2), (2, 1)] {
            assert_eq!(acknowledge(&db, generation, index).await, Err(StoreError::Conflict));
        }
        assert_eq!(complete(&db, 1).await, Err(StoreError::Conflict));
        acknowledge(&db, 1, 1).await.unwrap();
        acknowledge(&db, 1, 2).await.unwrap();
        let found = db.read(|c| deliveries::find(c, &lane(), LETTER)).await.unwrap();
        assert_eq!((found.acknowledged, found.slices, found.completed_at), (3, 3, None));
        assert_eq!(found.file_key.as_slice(), b"key and iv");
        complete(&db, 1).await.unwrap();
        let found = db.read(|c| deliveries::find(c, &lane(), LETTER)).await.unwrap();
        assert_eq!(found.completed_at, Some(long_ago()));
        let other = db.read(|c| deliveries::find(c, &lane(), LetterKind::Merged)).await.unwrap();
        assert_eq!((other.acknowledged, other.completed_at), (0, None));
    }

    async fn a_refused_upload_begins_again_under_a_new_key(db: Database) {
        start(&db, LETTER).await.unwrap();
        acknowledge(&db, 1, 0).await.unwrap();
        let restart = |generation| db.store.write(move |c| {
            deliveries::restart(c, &lane(), LETTER, generation, b"new key", 4, long_ago())
        });
        restart(1).await.unwrap();
        assert_eq!(restart(1).await, Err(StoreError::Conflict));
        assert_eq!(acknowledge(&db, 1, 1).await, Err(StoreError::Conflict));
        let found = db.read(|c| deliveries::find(c, &lane(), LETTER)).await.unwrap();
        assert_eq!((found.generation, found.acknowledged, found.slices), (2, 0, 4));
        assert_eq!(found.file_key.as_slice(), b"new key");
    }

    async fn a_key_is_kept_and_replaced(db: Database) {
        let put = |key: &'static [u8]| {
            db.write(move |c| keys::put(c, &lane(), Purpose::Restoration, key, long_ago()))
        };
        put(b"first").await;
        put(b"second").await;
        let found = db.read(|c| keys::find(c, &lane(), Purpose::Restoration)).await.unwrap();
        assert_eq!(found.as_slice(), b"second");
        let none = db.read(|c| keys::find(c, &GuaranteeId::new("g2"), Purpose::Restoration)).await;
        assert!(none.is_none());
    }

    async fn documents_are_noted_once(db: Database) {
        let document = |letter: LetterKind| Document {
            guarantee: lane(),
            digest: DocumentDigest::new(letter.name()),
            letter,
            format: "ofd".to_owned(),
            size: 1234,
            md5: "md5".to_owned(),
            stored_at: long_ago(),
        };
        for letter in LETTERS.into_iter().chain(LETTERS) {
            db.write(move |c| documents::record(c, &document(letter))).await;
        }
        let listed = db.read(|c| documents::for_guarantee(c, &lane())).await;
        assert_eq!(listed, LETTERS.map(document));
        let digest = DocumentDigest::new("merged");
        let found = db.read(move |c| documents::find(c, &lane(), &digest)).await;
        assert_eq!(found, Some(document(LetterKind::Merged)));
    }
}

//! Links to documents: who can make one, how long it opens, and how often it was used.

use std::sync::Arc;

use baohan_gateway::crypto::keyring::Keyring;
use baohan_gateway::domain::identity::{DocumentDigest, GuaranteeId, PlatformId};
use baohan_gateway::secret::Secret;
use baohan_gateway::store::links::{self, Found, Link, NewLink, Token};
use baohan_gateway::store::{Store, StoreOptions, guarantees};
use jiff::{SignedDuration, Timestamp};

use crate::database::{Database, guarantee, long_ago, on_both_databases};

/// So many days after the links were first issued.
fn day(number: i64) -> Timestamp {
    long_ago() + SignedDuration::from_hours(24 * number)
}

fn new(guarantee: &str, document: &str, name: &str) -> NewLink {
    NewLink {
        guarantee: GuaranteeId::new(guarantee),
        document: DocumentDigest::new(document),
        name: name.to_owned(),
        content_type: "application/ofd".to_owned(),
        expires_at: day(90),
    }
}

async fn issue(store: &Store, new: &NewLink) -> Token {
    let new = new.clone();
    store.write(move |c| links::issue(c, &new, long_ago())).await.unwrap()
}

async fn find(db: &Database, token: &Token, at: Timestamp) -> Found {
    let token = token.clone();
    db.read(move |c| links::find(c, &token, at)).await
}

async fn open(db: &Database, token: &Token, at: Timestamp) -> Link {
    match find(db, token, at).await {
        Found::Open(link) => link,
        other => panic!("{other:?}"),
    }
}

on_both_databases! {
    async fn a_link_leads_to_its_document_until_it_expires(db: Database) {
        let issued_to = guarantee("hainan", "A1");
        db.write({ let issued_to = issued_to.clone(); move |c| guarantees::insert(c, &issued_to, long_ago()) }).await;
        let token = issue(&db.store, &new(issued_to.id.as_str(), "d1", "保函.ofd")).await;
        let link = open(&db, &token, day(89)).await;
        assert_eq!((link.guarantee, link.platform), (issued_to.id, Some(PlatformId::new("hainan"))));
        assert_eq!((link.document.as_str(), link.name.as_str()), ("d1", "保函.ofd"));
        assert_eq!((link.content_type.as_str(), link.expires_at), ("application/ofd", day(90)));
        assert_eq!((link.created_at, link.fetched, link.last_fetched_at), (day(0), 0, None));
        assert!(matches!(find(&db, &token, day(90)).await, Found::Expired(_)));
        let other = Token::parse(&"A".repeat(43)).unwrap();
        assert_eq!(find(&db, &other, day(0)).await, Found::Unknown);
    }

    async fn the_same_document_always_has_the_same_link_and_any_other_another(db: Database) {
        let first = new("g1", "d1", "n1");
        let token = issue(&db.store, &first).await;
        assert_eq!(issue(&db.store, &first).await.expose(), token.expose());
        for other in [new("g2", "d1", "n1"), new("g1", "d2", "n1"), new("g1", "d1", "n2")] {
            assert_ne!(issue(&db.store, &other).await.expose(), token.expose(), "{other:?}");
        }
        assert_eq!(db.lines("SELECT id AS line FROM links").len(), 4);
    }

    async fn issuing_a_link_again_moves_its_end_on_and_never_back(db: Database) {
        let first = new("g1", "d1", "n1");
        let token = issue(&db.store, &first).await;
        for (asked, kept) in [(80, 90), (120, 120), (100, 120)] {
            issue(&db.store, &NewLink { expires_at: day(asked), ..first.clone() }).await;
            assert_eq!(open(&db, &token, day(0)).await.expires_at, day(kept));
        }
        // One that expired opens again.
        assert!(matches!(find(&db, &token, day(130)).await, Found::Expired(_)));
        issue(&db.store, &NewLink { expires_at: day(220), ..first }).await;
        open(&db, &token, day(130)).await;
    }

    async fn replicas_may_issue_a_link_together(db: Database) {
        let first = new("g1", "d1", "n1");
        let tokens = futures_util::future::join_all((0..20).map(|_| issue(&db.store, &first))).await;
        assert!(tokens.iter().all(|token| token.expose() == tokens[0].expose()));
    }

    async fn fetches_are_counted_each_for_its_link(db: Database) {
        let (one, other) = (issue(&db.store, &new("g1", "d1", "n")).await, issue(&db.store, &new("g2", "d2", "n")).await);
        let id = open(&db, &one, day(0)).await.id;
        for fetched in [1, 2] {
            let id = id.clone();
            db.write(move |c| links::count_fetch(c, &id, day(fetched))).await;
        }
        let counted = open(&db, &one, day(3)).await;
        assert_eq!((counted.fetched, counted.last_fetched_at), (2, Some(day(2))));
        assert_eq!(open(&db, &other, day(3)).await.fetched, 0);
    }

    async fn the_database_alone_gives_nobody_a_link(db: Database) {
        let first = new("g1", "d1", "n1");
        let token = issue(&db.store, &first).await;
        let rows = db.lines(
            "SELECT id || ' ' || guarantee_id || ' ' || document || ' ' || name || ' ' || content_type AS line FROM links",
        );
        assert!(rows.len() == 1 && !rows[0].contains(token.expose()), "{rows:?}");
        // Who knows everything that stands there, but not the master key, can't come by the key of tokens.
        let options = StoreOptions { url: Secret::new(db.url.as_str()), ..StoreOptions::default() };
        let stranger = Store::open(&options, Arc::new(Keyring::from_master(&[8; 32]))).map(|_| ());
        assert!(stranger.is_err());
        db.execute("DELETE FROM data_keys");
        db.execute("DELETE FROM key_encryption_keys");
        db.execute("DELETE FROM key_hierarchy");
        let stranger = Store::open(&options, Arc::new(Keyring::from_master(&[8; 32]))).unwrap();
        assert_ne!(issue(&stranger, &first).await.expose(), token.expose());
    }
}

#[test]
fn what_can_be_no_token_is_told_without_asking_the_database() {
    let sound = "0-_AZaz9".repeat(6);
    assert!(Token::parse(&sound[..42]).is_none());
    assert!(Token::parse(&format!("{}A", &sound[..42])).is_some());
    // Bits that no 32 bytes have, other alphabets, padding, other lengths.
    for last in ["B", "+", "/", "=", "é", "AA", ""] {
        assert!(Token::parse(&format!("{}{last}", &sound[..42])).is_none(), "{last}");
    }
}

#[test]
fn a_token_does_not_print_itself() {
    let token = Token::parse(&"A".repeat(43)).unwrap();
    assert!(!format!("{token:?}").contains("AA"));
}

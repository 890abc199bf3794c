//! Messages, and what business keys are bound to.

use baohan_gateway::domain::identity::{GuaranteeId, PlatformId};
use baohan_gateway::store::bindings::{self, Binding, BusinessKey};
use baohan_gateway::store::messages::{self, Direction, NewMessage};
use zeroize::Zeroizing;

use crate::database::{Database, instant, long_ago, on_both_databases};

fn message(guarantee: Option<&str>, body: &[u8]) -> NewMessage {
    NewMessage {
        platform: PlatformId::new("hainan"),
        direction: Direction::In,
        interface: "applyinsure".to_owned(),
        guarantee: guarantee.map(GuaranteeId::new),
        request_id: "r1".to_owned(),
        at: instant("2026-01-01T00:00:00.123456Z"),
        body: body.to_vec(),
        answer: None,
        outcome: "accepted".to_owned(),
        detail: None,
        tolerances: Vec::new(),
        peer: None,
    }
}

on_both_databases! {
    async fn messages_are_kept_byte_for_byte(db: Database) {
        let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let mut kept = message(Some("g1"), &bytes);
        kept.answer = Some(b"\0answer\xff".to_vec());
        kept.tolerances = vec!["upper-case-digest".to_owned(), "blank-in-time".to_owned()];
        kept.detail = Some("why".to_owned());
        kept.peer = Some("10.0.0.1".to_owned());
        let id = db.write({ let kept = kept.clone(); move |c| messages::record(c, &kept) }).await;
        let found = db.read({ let id = id.clone(); move |c| messages::find(c, &id) }).await.unwrap();
        assert!(*found.body == bytes);
        assert_eq!(found.answer.as_deref().map(Vec::as_slice), kept.answer.as_deref());
        let header = found.header;
        assert_eq!(header.tolerances, kept.tolerances);
        assert_eq!((header.size, header.at, header.direction), (70_000, kept.at, Direction::In));
        assert_eq!((header.detail, header.peer, header.outcome), (kept.detail, kept.peer, kept.outcome));
        assert!(db.read(|c| messages::find(c, "none")).await.is_none());
    }

    async fn a_guarantee_lists_its_messages_in_order_of_time(db: Database) {
        for (second, guarantee) in [(2, Some("g1")), (1, Some("g1")), (3, Some("g2")), (4, None)] {
            let mut one = message(guarantee, b"{}");
            one.at = long_ago() + jiff::SignedDuration::from_secs(second);
            one.request_id = second.to_string();
            db.write(move |c| messages::record(c, &one)).await;
        }
        let listed = db.read(|c| messages::for_guarantee(c, &GuaranteeId::new("g1"))).await;
        let requests: Vec<_> = listed.iter().map(|header| header.request_id.as_str()).collect();
        assert_eq!(requests, ["1", "2"]);
        assert!(listed[0].tolerances.is_empty());
    }

    async fn a_business_key_is_bound_anew_in_its_place(db: Database) {
        let key = |interface: &str| BusinessKey {
            platform: PlatformId::new("hainan"), interface: interface.to_owned(), key: "A1".to_owned(),
        };
        let bind = |interface: &str, content: &str| {
            let key = key(interface);
            let answer = Zeroizing::new(format!("answer to {content}").into_bytes());
            let content = content.to_owned();
            db.write(move |c| {
                let (content, answer) = (content.clone(), answer.clone());
                bindings::put(c, &key, &Binding { content, answer, message: "m".to_owned(), bound_at: long_ago() })
            })
        };
        bind("applyinsure", "first").await;
        bind("surrender", "other").await;
        bind("applyinsure", "second").await;
        for (interface, content) in [("applyinsure", "second"), ("surrender", "other")] {
            let key = key(interface);
            let found = db.read(move |c| bindings::find(c, &key)).await.unwrap();
            assert_eq!(found.content, content);
            assert_eq!(found.answer.as_slice(), format!("answer to {content}").as_bytes());
            assert_eq!(found.bound_at, long_ago());
        }
        let unbound = key("claim");
        assert!(db.read(move |c| bindings::find(c, &unbound)).await.is_none());
        assert_eq!(db.lines("SELECT content AS line FROM bindings").len(), 2);
    }
}

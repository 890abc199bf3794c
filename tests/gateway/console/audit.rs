//! The audit trail's pages, as an auditor uses them.

use baohan_gateway::access::Role;
use baohan_gateway::store::audit::{self, Actor, Entry, Filter};
use reqwest::{StatusCode, header};
use serde_json::json;

use super::CONSOLE;
use crate::house::{House, on_both_databases};

async fn append(house: &House, name: &str, action: &'static str, subject: &str) {
    let entry = Entry {
        actor: Actor::Operator { id: format!("user-{name}"), name: name.to_owned() },
        address: Some("10.1.2.3".parse().unwrap()),
        action,
        subject: ("job", subject.to_owned()),
        detail: json!({ "reason": "=planted" }),
        before: None,
        after: Some("ab".repeat(32)),
    };
    let now = house.gateway.assembly.clock.now();
    house.gateway.assembly.store.write(move |c| audit::append(c, &entry, now)).await.unwrap();
}

on_both_databases! {
    async fn an_auditor_finds_entries_reads_one_and_verifies_the_chain(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        append(&house, "王工", "job.retry", "j1").await;
        append(&house, "赵工", "session.begin", "s1").await;
        let auditor = house.visitor("审计员", &[Role::Auditor]).await;
        let page = auditor.get("/audit").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("王工") && page.text.contains("赵工"), "{}", page.text);
        for (query, found, other) in [
            ("actor=%E7%8E%8B%E5%B7%A5", "王工", "赵工"),
            ("action=session.", "赵工", "王工"),
            ("subject=j1&kind=operator", "王工", "赵工"),
        ] {
            let rows = auditor.get(&format!("/audit?{query}")).await.text;
            let rows = rows.split("<tbody>").nth(1).unwrap();
            assert!(rows.contains(found) && !rows.contains(other), "{query}: {rows}");
        }
        let none = auditor.get("/audit?until=2020-01-01").await;
        assert!(none.text.contains("没有符合条件的记录"), "{}", none.text);
        assert_eq!(auditor.get("/audit?from=yesterday").await.status, StatusCode::BAD_REQUEST);

        let entry = auditor.get("/audit/entries/1").await;
        assert!(entry.text.contains("=planted") && entry.text.contains(&"ab".repeat(32)), "{}", entry.text);
        assert_eq!(auditor.get("/audit/entries/99").await.status, StatusCode::NOT_FOUND);

        let sound = auditor.post("/audit/verification", &[]).await;
        assert!(sound.status == StatusCode::OK && sound.text.contains("记录链完整"), "{}", sound.text);
        house.ledger().execute("UPDATE audit_entries SET actor_name = 'x' WHERE number = 1");
        let broken = auditor.post("/audit/verification", &[]).await;
        assert!(broken.text.contains("记录链异常") && broken.text.contains("第 1 条"), "{}", broken.text);
    }

    async fn a_list_that_is_taken_away_is_on_record_with_its_digest(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        append(&house, "王工", "job.retry", "j1").await;
        append(&house, "赵工", "session.begin", "s1").await;
        let auditor = house.visitor("审计员", &[Role::Auditor]).await;
        let csv = auditor.get("/audit/export?action=job.&actor=%E7%8E%8B%E5%B7%A5&format=csv").await;
        assert_eq!(csv.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
        let disposition = csv.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(disposition.starts_with("attachment; filename=\"audit-20"), "{disposition}");
        assert!(csv.text.contains("王工") && !csv.text.contains("赵工"), "{}", csv.text);
        let book = auditor.get("/audit/export?format=xlsx").await;
        assert_eq!(book.status, StatusCode::OK);
        let filter = Filter { action: Some("list.export".to_owned()), limit: 10, ..Filter::default() };
        let taken = house.gateway.assembly.store.read(move |c| audit::list(c, &filter)).await.unwrap();
        assert_eq!(taken.len(), 2);
        let (whole, some) = (&taken[0].detail, &taken[1].detail);
        assert_eq!((&some["rows"], &some["filter"]), (&json!(1), &json!("action=job.&actor=王工&format=csv")));
        // The first export is an entry itself by then.
        assert_eq!((&whole["rows"], &whole["format"]), (&json!(3), &json!("xlsx")));
        let digest = baohan_gateway::crypto::sm3::digest(csv.text.as_bytes());
        assert_eq!(taken[1].after, Some(hex::encode(digest)));
        let nobody = auditor.get("/audit/export?format=exe").await;
        assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
    }

    async fn the_trail_is_for_auditors(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Auditor) {
            let visitor = house.visitor(role.name(), &[role]).await;
            for place in ["/audit", "/audit/export?format=csv", "/audit/entries/1"] {
                assert_eq!(visitor.get(place).await.status, StatusCode::FORBIDDEN, "{role} {place}");
            }
            assert_eq!(visitor.post("/audit/verification", &[]).await.status, StatusCode::FORBIDDEN, "{role}");
        }
    }
}

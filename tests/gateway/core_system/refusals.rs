//! What the core system is told when an act is not carried out: where the mistake is, which rule refused, and what may be
//! done instead.

use baohan_gateway::api::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use super::lives::claim;
use super::{API, paid, reply_to};
use crate::house::{House, on_both_databases};
use crate::operator::MANUAL;

/// A body with one member replaced, by its JSON pointer without the first stroke; null takes it away.
fn with(mut body: Value, place: &str, value: Value) -> Value {
    let (parent, name) = place.rsplit_once('/').map_or(("", place), |(parent, name)| (parent, name));
    let parent = if parent.is_empty() { String::new() } else { format!("/{parent}") };
    let members = body.pointer_mut(&parent).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => drop(members.remove(name)),
        value => drop(members.insert(name.to_owned(), value)),
    }
    body
}

/// Acts with mistakes in their bodies, and where each is.
fn mistakes() -> Vec<(&'static str, Value, &'static str)> {
    let (premium, paid_claim) = (paid(), claim("paid", json!({"amount": "1.00"})));
    let long = "长".repeat(501);
    vec![
        ("abandonment", json!({}), "/reason"),
        ("abandonment", json!({"reason": "\u{7}"}), "/reason"),
        ("approval", json!([]), ""),
        ("approval", json!({"premium": 3200}), "/premium"),
        ("approval", json!({"premium": 3200.5}), "/premium"),
        ("approval", json!({"premium": "3200.001"}), "/premium"),
        ("approval", json!({"premium": "-1"}), "/premium"),
        ("approval", json!({"rate": 0.004}), "/rate"),
        ("approval", json!({"rate": "4"}), "/rate"),
        ("approval", json!({"guarantee_number": " "}), "/guarantee_number"),
        ("approval", json!({"guarantee_number": "BH 1"}), "/guarantee_number"),
        ("approval", json!({"guarantee_number": "x".repeat(51)}), "/guarantee_number"),
        ("approval", json!({"issuer": ""}), "/issuer"),
        ("approval", json!({"validty": {}}), "/validty"),
        ("approval", json!({"validity": {"until": "soon"}}), "/validity/until"),
        ("approval", json!({"validity": {"till": "2100-01-01"}}), "/validity/till"),
        (
            "approval",
            json!({"validity": {"days_after_bid_validity": -1}}),
            "/validity/days_after_bid_validity",
        ),
        (
            "approval",
            json!({"validity": {"days_after_bid_validity": 3651}}),
            "/validity/days_after_bid_validity",
        ),
        ("cancellation", json!({"outcome": "granted", "reason": "x"}), "/reason"),
        ("cancellation", json!({"outcome": "refused"}), "/reason"),
        ("cancellation", json!({"outcome": "agreed"}), "/outcome"),
        ("claim", with(paid_claim.clone(), "amount", Value::Null), "/amount"),
        ("claim", with(paid_claim.clone(), "amount", json!(1)), "/amount"),
        ("claim", with(paid_claim.clone(), "status", json!("done")), "/status"),
        ("claim", with(paid_claim.clone(), "paid_at", json!("2999-01-01T00:00:00Z")), "/paid_at"),
        ("claim", with(paid_claim.clone(), "paid_at", json!("yesterday")), "/paid_at"),
        ("claim", with(paid_claim.clone(), "payer/contact/phone", Value::Null), "/payer/contact/phone"),
        (
            "claim",
            with(paid_claim.clone(), "beneficiary/account/iban", json!("1")),
            "/beneficiary/account/iban",
        ),
        ("claim", claim("to-be-paid", json!({})), "/amount"),
        (
            "claim",
            claim("to-be-paid", json!({"amount": "1.00", "paid_at": "2024-01-01T00:00:00Z"})),
            "/paid_at",
        ),
        ("claim", claim("rejected", json!({})), "/remark"),
        ("claim", claim("other", json!({})), "/remark"),
        ("claim", claim("rejected", json!({"remark": "不属于保函责任", "amount": "1.00"})), "/amount"),
        ("decline", json!({}), "/reason"),
        ("decline", json!({"reason": null}), "/reason"),
        ("decline", json!({"reason": " \n"}), "/reason"),
        ("decline", json!({"reason": long}), "/reason"),
        ("decline", json!({"reason": "x", "why": "y"}), "/why"),
        ("dossier", json!({"email": "nobody"}), "/email"),
        ("dossier", json!({"contact": {"tel": "1"}}), "/contact/tel"),
        ("dossier", json!({"papers": {"licence": "a.pdf"}}), "/papers/licence"),
        ("dossier", json!({"papers": {"licence": {"digest": "abc"}}}), "/papers/licence/digest"),
        ("invoice", json!({"outcome": "issued"}), "/number"),
        ("invoice", json!({"outcome": "issued", "url": "ftp://example.com/1"}), "/url"),
        ("invoice", json!({"outcome": "issued", "number": "1", "reason": "x"}), "/reason"),
        ("invoice", json!({"outcome": "refused"}), "/reason"),
        ("invoice", json!({"outcome": "refused", "reason": "x", "code": "1"}), "/code"),
        ("issue", json!({"approval": {}}), "/premium"),
        ("issue", json!({"approval": {"premium": 1}, "premium": premium}), "/approval/premium"),
        (
            "issue",
            json!({"premium": with(premium.clone(), "payer/number", Value::Null)}),
            "/premium/payer/number",
        ),
        (
            "issue",
            json!({"premium": with(premium.clone(), "paid_at", json!("2999-01-01T00:00:00Z"))}),
            "/premium/paid_at",
        ),
        ("premium", with(premium.clone(), "basic_account", json!(true)), "/basic_account"),
        ("premium", with(premium.clone(), "method", Value::Null), "/method"),
        ("premium", with(premium.clone(), "payer/number", json!("4605 0100")), "/payer/number"),
        ("premium", with(premium.clone(), "amount", json!(3200)), "/amount"),
        ("premium", with(premium.clone(), "paid_at", json!("2999-01-01T00:00:00Z")), "/paid_at"),
        ("surrender", json!({"outcome": "granted", "reason": "x"}), "/reason"),
        ("surrender", json!({"outcome": "refused"}), "/reason"),
        ("surrender", json!({"outcome": "agreed"}), "/reason"),
        ("surrender", json!({}), "/outcome"),
        ("waiver", json!({"reason": "x"}), "/reason"),
    ]
}

/// What each scope is asked for.
const ACTS: [(&str, Scope); 11] = [
    ("abandonment", Scope::Underwrite),
    ("approval", Scope::Underwrite),
    ("cancellation", Scope::Service),
    ("claim", Scope::Claims),
    ("decline", Scope::Underwrite),
    ("dossier", Scope::Dossiers),
    ("invoice", Scope::Service),
    ("issue", Scope::Underwrite),
    ("premium", Scope::Underwrite),
    ("surrender", Scope::Service),
    ("waiver", Scope::Underwrite),
];

/// A body that any state but the right one refuses.
fn sound(act: &str) -> Value {
    match act {
        "cancellation" | "surrender" => json!({"outcome": "granted"}),
        "claim" => claim("paid", json!({"amount": "1.00"})),
        "invoice" => json!({"outcome": "issued", "number": "1"}),
        "issue" => json!({"premium": paid()}),
        "premium" => paid(),
        "abandonment" | "decline" => json!({"reason": "资信不足"}),
        _ => json!({}),
    }
}

on_both_databases! {
    async fn a_mistake_in_a_body_is_named_with_its_pointer_and_changes_nothing(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        house.at_rest().await;
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let before = house.ledger().state();
        for (act, body, pointer) in mistakes() {
            let reply = core.post(&format!("/guarantees/{id}/{act}"), body.clone()).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid-body"), "{act} {body}: {reply:?}");
            assert_eq!(reply.body["pointer"], pointer, "{act} {body}: {reply:?}");
        }
        assert_eq!(house.ledger().state(), before);
        assert!(house.ledger().lines("SELECT idempotency_key AS line FROM api_answers").is_empty());
    }

    async fn a_mistake_that_only_what_is_stored_shows_is_named_with_its_pointer(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (core, mut ids) = (house.core().await, Vec::new());
        for _ in 0..2 {
            let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
            ids.push(house.id_of(&applyno).await);
        }
        core.act(&ids[0], "approval", json!({"guarantee_number": "HX-1"})).await;
        house.at_rest().await;
        let before = house.ledger().state();
        let unknown = "0a".repeat(32);
        let past = json!({"until": "2024-01-01"});
        let turned = json!({"from": "2100-02-01", "until": "2100-01-01"});
        for (act, body, pointer) in [
            ("approval", json!({"guarantee_number": "HX-1"}), "/guarantee_number"),
            ("approval", json!({"validity": past}), "/validity/until"),
            ("approval", json!({"validity": turned}), "/validity/until"),
            ("issue", json!({"approval": {"validity": past}, "premium": paid()}), "/approval/validity/until"),
            ("issue", json!({"approval": {}, "premium": with(paid(), "voucher", json!({"digest": unknown}))}), "/premium/voucher/digest"),
            ("dossier", json!({"papers": {"order": {"digest": unknown, "name": "order.pdf"}}}), "/papers/order/digest"),
        ] {
            let reply = core.post(&format!("/guarantees/{}/{act}", ids[1]), body.clone()).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (422, "refused-content"), "{act} {body}: {reply:?}");
            assert_eq!(reply.body["pointer"], pointer, "{act} {body}: {reply:?}");
        }
        assert_eq!(house.ledger().state(), before);
    }

    async fn an_act_that_does_not_fit_the_state_is_told_what_may_be_done_instead(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        house.at_rest().await;
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let applied = json!(["approve", "decline", "issue", "record-dossier", "waive"]);
        let legal = async |act: &str, refusal| {
            core.refused(&id, act, sound(act), (409, "illegal-state", refusal)).await.body["legal_acts"].clone()
        };
        for (act, refusal) in [
            ("premium", "premium-not-expected"),
            ("issue", "premium-not-expected"),
            ("abandonment", "not-being-issued"),
            ("cancellation", "no-cancellation-asked"),
            ("claim", "no-claim"),
            ("invoice", "no-invoice-asked"),
            ("surrender", "no-surrender-asked"),
        ] {
            assert_eq!(legal(act, refusal).await, applied, "{act}");
        }
        core.act(&id, "approval", json!({})).await;
        let approved = json!(["record-premium", "issue", "record-dossier", "waive"]);
        for act in ["approval", "decline"] {
            assert_eq!(legal(act, "already-decided").await, approved, "{act}");
        }
        let underpaid = with(paid(), "amount", json!("0.01"));
        let reply = core.refused(&id, "premium", underpaid, (422, "refused-content", "premium-underpaid")).await;
        assert!(reply.body["detail"].as_str().unwrap().contains("0.01"), "{reply:?}");
        core.act(&id, "premium", paid()).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
        house.at_rest().await;
        assert_eq!(legal("waiver", "already-issued").await, json!(["record-dossier", "surrender"]));
        assert!(house.sandbox.claim(&applyno).await.unwrap().is_accepted());
        let all = claim("paid", json!({"amount": "99999999.00"}));
        core.refused(&id, "claim", all, (422, "refused-content", "claim-exceeds-guarantee")).await;
    }

    async fn what_the_platform_can_not_be_told_is_not_decided(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        core.act(&id, "issue", json!({"approval": {}, "premium": paid()})).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
        house.at_rest().await;
        assert!(house.sandbox.claim(&applyno).await.unwrap().is_accepted());
        house.at_rest().await;
        let before = house.ledger().state();
        let rejected = claim("rejected", json!({"remark": "不属于保函责任"}));
        let long = with(rejected.clone(), "payer/account/holder", json!("长".repeat(51)));
        let reply = core.refused(&id, "claim", long, (422, "not-tellable", "")).await;
        assert!(reply.body["detail"].as_str().unwrap().contains("compensatename"), "{reply:?}");
        assert_eq!(house.ledger().state(), before);
        core.act(&id, "claim", rejected).await;
    }

    async fn an_act_needs_a_key_with_its_scope_and_a_guarantee_that_is_there(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        house.at_rest().await;
        let (id, before) = (house.id_of(&applyno).await, house.ledger().state());
        for (act, scope) in ACTS {
            let others: Vec<Scope> = Scope::ALL.into_iter().filter(|it| *it != scope).collect();
            let core = house.core_allowed("limited", &others).await;
            let reply = core.post(&format!("/guarantees/{id}/{act}"), sound(act)).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden"), "{act}");
            let core = house.core_allowed("allowed", &[scope]).await;
            let nowhere = "/guarantees/01900000-0000-7000-8000-000000000000";
            let reply = core.post(&format!("{nowhere}/{act}"), sound(act)).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (404, "not-found"), "{act}");
        }
        let request = house.core().await.request(Method::POST, &format!("/guarantees/{id}/waiver"));
        let request = request.header("Idempotency-Key", "k").header("Content-Type", "text/plain").body("{}");
        let reply = reply_to(request).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (415, "unsupported-media-type"));
        assert_eq!(house.ledger().state(), before);
    }
}

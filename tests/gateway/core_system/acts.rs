//! What every act of the core system keeps to: once per key of idempotency, on the version that is expected.

use std::time::Duration;

use baohan_gateway::api::Scope;
use baohan_gateway::store::api_answers;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{API, json_body, paid, reply_to};
use crate::house::{House, on_both_databases};
use crate::operator::MANUAL;

on_both_databases! {
    async fn an_act_that_is_sent_again_is_answered_again_and_done_once(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let path = format!("/guarantees/{id}/decline");

        let first = core.post_as("once", &path, json!({"reason": "资料不全"})).await;
        assert_eq!((first.status, first.again), (StatusCode::OK, false), "{first:?}");
        assert_eq!(first.body["stage"], "declined");
        let second = core.post_as("once", &path, json!({"reason": "资料不全"})).await;
        assert_eq!((second.status, second.again, &second.body), (StatusCode::OK, true, &first.body));
        let other = core.post_as("once", &path, json!({"reason": "其他原因"})).await;
        assert_eq!((other.status.as_u16(), other.code()), (422, "idempotency-key-reused"));

        let shown = core.get(&format!("/guarantees/{id}")).await;
        assert_eq!((shown.etag, shown.body), (first.etag, first.body));
        assert_eq!(house.timeline(&applyno).await, ["收到投保申请", "审批未通过"]);
    }

    async fn an_act_on_another_version_than_expected_changes_nothing(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let decline = |version: &str| {
            let request = core.request(Method::POST, &format!("/guarantees/{id}/decline"));
            let request = request.header("Idempotency-Key", "k").header("If-Match", version);
            json_body(request, &json!({"reason": "资料不全"}))
        };
        let stale = reply_to(decline("\"99\"")).await;
        assert_eq!((stale.status.as_u16(), stale.code()), (412, "version-mismatch"));
        assert_eq!(house.timeline(&applyno).await, ["收到投保申请"]);
        let current = core.get(&format!("/guarantees/{id}")).await.etag.unwrap();
        let done = reply_to(decline(&current)).await;
        assert_eq!(done.status, StatusCode::OK, "{done:?}");
        let known = core.request(Method::GET, &format!("/guarantees/{id}"));
        let known = reply_to(known.header("If-None-Match", done.etag.unwrap())).await;
        assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    }

    async fn the_same_act_many_times_at_once_is_done_once_and_answered_alike(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let path = format!("/guarantees/{id}/approval");
        let replies = join_all((0..8).map(|_| core.post_as("once", &path, json!({})))).await;
        let first = &replies[0];
        assert_eq!(first.status, StatusCode::OK, "{first:?}");
        assert!(replies.iter().all(|it| (it.status, &it.etag, &it.body) == (first.status, &first.etag, &first.body)));
        assert_eq!(replies.iter().filter(|reply| !reply.again).count(), 1);
        assert_eq!(house.timeline(&applyno).await, ["收到投保申请", "审批通过"]);
    }

    async fn of_two_acts_on_the_same_version_one_wins(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let core = house.core().await;
        for _ in 0..3 {
            let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
            house.at_rest().await;
            let id = house.id_of(&applyno).await;
            let version = core.get(&format!("/guarantees/{id}")).await.etag.unwrap();
            let act = |act: &str, body| {
                let request = core.request(Method::POST, &format!("/guarantees/{id}/{act}"));
                let key = format!("{id}-{act}");
                reply_to(json_body(request.header("Idempotency-Key", key).header("If-Match", &version), &body))
            };
            let acts = [act("approval", json!({})), act("decline", json!({"reason": "资信不足"}))];
            let mut replies = join_all(acts).await;
            replies.sort_by_key(|reply| reply.status);
            assert_eq!(replies[0].status, StatusCode::OK, "{replies:?}");
            assert_eq!((replies[1].status.as_u16(), replies[1].code()), (412, "version-mismatch"));
            assert_eq!(house.timeline(&applyno).await.len(), 2);
        }
    }

    async fn a_key_of_idempotency_belongs_to_one_client(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let path = format!("/guarantees/{id}/approval");
        assert_eq!(core.post_as("once", &path, json!({})).await.status, StatusCode::OK);
        let other = house.core_allowed("other", &Scope::ALL).await.post_as("once", &path, json!({})).await;
        assert_eq!((other.code(), other.again), ("illegal-state", false));
        // Another key of the same client is the same caller.
        let rotated = house.core().await.post_as("once", &path, json!({})).await;
        assert_eq!((rotated.status, rotated.again), (StatusCode::OK, true));
    }

    async fn what_was_refused_may_be_sent_again_under_its_key(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let path = format!("/guarantees/{id}/premium");
        let early = core.post_as("premium", &path, paid()).await;
        assert_eq!((early.status.as_u16(), early.code()), (409, "illegal-state"));
        core.act(&id, "approval", json!({})).await;
        let paid = core.post_as("premium", &path, paid()).await;
        assert_eq!((paid.status, paid.again), (StatusCode::OK, false), "{paid:?}");
        assert_eq!(paid.body["stage"], "issuing");
    }

    async fn an_act_without_a_key_of_idempotency_is_not_carried_out(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let long = "x".repeat(256);
        for key in [None, Some(""), Some("two words"), Some(long.as_str())] {
            let request = core.request(Method::POST, &format!("/guarantees/{id}/approval"));
            let request = key.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key));
            let reply = reply_to(json_body(request, &json!({}))).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (400, "idempotency-key-missing"), "{key:?}");
        }
        assert_eq!(house.timeline(&applyno).await, ["收到投保申请"]);
    }

    async fn an_answer_is_forgotten_after_its_days(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let path = format!("/guarantees/{id}/approval");
        assert_eq!(core.post_as("once", &path, json!({})).await.status, StatusCode::OK);
        let now = house.gateway.assembly.clock.now();
        for (before, forgotten) in [(now - Duration::from_secs(60), 0), (now + Duration::from_secs(60), 1)] {
            let write = house.gateway.assembly.store.write(move |it| api_answers::forget(it, before));
            assert_eq!(write.await.unwrap(), forgotten);
        }
        assert_eq!(core.post_as("once", &path, json!({})).await.code(), "illegal-state");
    }

    async fn what_is_not_agreed_comes_from_the_rules(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let core = house.core().await;
        for (agreed, premium, rate) in [
            (json!({}), "2000.00", "0.004"),
            (json!({"premium": "512.50"}), "512.50", "0.004"),
            (json!({"rate": "0.0051"}), "2550.00", "0.0051"),
            // The rules' smallest premium.
            (json!({"rate": "0.0001"}), "200.00", "0.0001"),
            (json!({"premium": "1.00", "rate": "0.0001"}), "1.00", "0.0001"),
        ] {
            let mut application = house.sandbox.generate();
            application.bond = "500000.00".to_owned();
            let applyno = application.applyno.clone();
            assert!(house.sandbox.apply(application).await.unwrap().is_accepted());
            core.act(&house.id_of(&applyno).await, "approval", agreed.clone()).await;
            let terms = house.stored(&applyno).await.unwrap().terms.unwrap();
            assert_eq!((terms.premium.to_string().as_str(), terms.rate.to_string().as_str()), (premium, rate));
            assert!(terms.guarantee_number.as_str().starts_with("BH"), "{terms:?}");
        }
    }

    async fn an_amount_outside_the_rules_is_approved_by_whoever_names_premium_and_rate(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let mut application = house.sandbox.generate();
        application.bond = "800000.01".to_owned();
        let applyno = application.applyno.clone();
        assert!(house.sandbox.apply(application).await.unwrap().is_accepted());
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let outside = (422, "refused-content", "amount-outside-limits");
        for agreed in [json!({}), json!({"premium": "3500.00"}), json!({"rate": "0.0044"})] {
            core.refused(&id, "approval", agreed, outside).await;
        }
        let agreed = json!({
            "premium": "3500.00", "rate": "0.0044", "issuer": "示例财产保险海南分公司",
            "validity": {"from": "2100-01-01", "until": "2100-06-30", "days_after_bid_validity": 45},
        });
        core.act(&id, "approval", agreed).await;
        let terms = house.stored(&applyno).await.unwrap().terms.unwrap();
        assert_eq!((terms.premium.to_string().as_str(), terms.issuer.as_str()), ("3500.00", "示例财产保险海南分公司"));
        let validity = terms.validity;
        assert_eq!(validity.from.unwrap().to_string(), "2100-01-01");
        assert_eq!((validity.latest.to_string().as_str(), validity.days_after_bid_validity), ("2100-06-30", 45));
    }

    async fn approval_and_premium_come_at_once_or_not_at_all(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (core, mut applied) = (house.core().await, Vec::new());
        for _ in 0..2 {
            let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
            house.at_rest().await;
            applied.push((house.id_of(&applyno).await, applyno));
        }
        let [(id, applyno), (approved, _)] = &applied[..] else { panic!() };
        let mut unchecked = paid();
        unchecked["basic_account"] = json!("unchecked");
        let not_basic = (422, "refused-content", "not-from-basic-account");
        core.refused(id, "issue", json!({"approval": {}, "premium": unchecked}), not_basic).await;
        let not_expected = (409, "illegal-state", "premium-not-expected");
        core.refused(id, "issue", json!({"premium": paid()}), not_expected).await;
        assert_eq!(house.timeline(applyno).await, ["收到投保申请"]);
        let done = core.act(id, "issue", json!({"approval": {"guarantee_number": "HX-1"}, "premium": paid()})).await;
        assert_eq!((&done.body["stage"], &done.body["guarantee_number"]), (&json!("issuing"), &json!("HX-1")));
        house.at_rest().await;
        assert_eq!(house.timeline(applyno).await[1..3], ["审批通过", "保费已支付"]);

        core.act(approved, "approval", json!({})).await;
        core.refused(approved, "issue", json!({"approval": {}, "premium": paid()}), (409, "illegal-state", "already-decided"))
            .await;
        core.act(approved, "issue", json!({"premium": paid()})).await;
    }
}

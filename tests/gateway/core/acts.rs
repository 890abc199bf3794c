//! What every act of the core system keeps to: once per key of idempotency, on the version that is expected.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{API, json_body, reply_to};
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
}

//! What operators and their monitoring see of a gateway at work.

use serde_json::{Value, json};

use crate::house::{Database, House, on_both_databases};
use crate::pushes::{APPLICATION, client, reply_to};

async fn page(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let reply = reply_to(client().get(format!("http://{address}{path}"))).await;
    (reply.status, reply.body)
}

on_both_databases! {
    async fn a_gateway_at_work_is_alive_and_ready_whatever_its_platform_does(database: Database) {
        let house = House::open(database).await;
        house.sandbox.stop().await;
        let (status, body) = page(house.gateway.address, "/livez").await;
        assert_eq!((status, body.as_str()), (200, r#"{"status":"alive"}"#));
        let (status, body) = page(house.gateway.address, "/readyz").await;
        let checks = ["database", "migrations", "keys", "disk"].map(|name| json!({"name": name, "ok": true}));
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, body), (200, json!({"status": "ready", "role": "all", "checks": checks})));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_and_what_follows_are_counted_on_a_listener_of_their_own() {
    let house = House::open(Database::Sqlite).await;
    let applyno = house.restored().await;
    assert!(house.sandbox.duplicate(&applyno, "baohanrestore").await.unwrap().is_accepted());
    assert_eq!(house.post("baohanapply", APPLICATION.replace("800000.00", "1.00")).await.status, 200);
    assert_eq!(house.post("no-such-thing", "{}").await.status, 200);
    let stranger = client().post(format!("http://{}/platforms/x/y", house.gateway.address)).body("{}");
    assert_eq!(reply_to(stranger).await.status, 200);
    house.at_rest().await;

    let (status, metrics) = page(house.gateway.metrics_address, "/metrics").await;
    assert_eq!(status, 200);
    let push = |platform, interface, outcome| {
        format!(
            "gw_inbound_requests_total{{platform=\"{platform}\",interface=\"{interface}\",outcome=\"{outcome}\"}} 1"
        )
    };
    let call = |interface, count| {
        format!(
            "gw_outbound_attempts_total{{platform=\"hainan\",interface=\"{interface}\",result=\"ok\"}} {count}"
        )
    };
    for line in [
        push("hainan", "baohanapply", "accepted"),
        push("hainan", "baohanapply", "bad_sign"),
        push("hainan", "baohanrestore", "accepted"),
        push("hainan", "baohanrestore", "duplicate"),
        push("hainan", "unknown", "unknown"),
        push("unknown", "unknown", "unknown"),
        call("baohannotice", 1),
        call("baohanfilecompletenotice", 2),
        "gw_inbound_request_duration_seconds_count 6".to_owned(),
        "gw_seal_duration_seconds_count 2".to_owned(),
    ] {
        assert!(metrics.lines().any(|found| found == line), "no `{line}` in\n{metrics}");
    }
    let number = house.number(&applyno).await;
    assert!(!metrics.contains(&applyno) && !metrics.contains(&number), "{metrics}");

    assert_eq!(page(house.gateway.address, "/metrics").await.0, 404);
    assert_eq!(page(house.gateway.metrics_address, "/readyz").await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_names_the_request_under_which_it_is_on_record() {
    let house = House::open(Database::Sqlite).await;
    let forged = client().post(house.address("baohanapply")).header("x-request-id", "forged");
    let mut seen = std::collections::BTreeSet::new();
    for request in [forged.body(APPLICATION), client().post(house.address("baohanapply")).body("{")] {
        let reply = reply_to(request).await;
        let record = house.record(&reply.request_id).await;
        assert_eq!(record.header.request_id, reply.request_id);
        assert_eq!(record.answer.unwrap().as_slice(), reply.body.as_bytes());
        assert!(seen.insert(reply.request_id));
    }
    assert!(!seen.contains("forged"));
}

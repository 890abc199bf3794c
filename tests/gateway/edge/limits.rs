//! How much anybody may send: an opening passes, a flood does not, and nobody fills the disk.

use std::io::{Read, Write};
use std::net::TcpStream;

use futures_util::future::join_all;

use super::{statuses, talk};
use crate::house::{Database, House, PATIENCE};
use crate::operator::MANUAL;
use crate::pushes::{APPLICATION, JSON, SUCCESS, WAIVER, altered, client, reply_to};

async fn house(settings: &str) -> House {
    House::open_with(Database::Sqlite, &format!("{MANUAL}{settings}")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_pushes_at_once_from_one_address_are_all_answered() {
    let house = house("").await;
    let client = client();
    let push = async |number: usize| {
        let body = altered(WAIVER, &[("applyno", &format!("TB{number}"))]);
        let request = client.post(house.address("giveupapply")).header("content-type", JSON);
        reply_to(request.body(body)).await.status
    };
    assert!(join_all((0..500).map(push)).await.iter().all(|status| *status == 200));
    assert_eq!((house.ended("refused"), house.ended("limited")), (500, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_asks_too_often_is_told_when_to_come_again() {
    let house = house("[server.limits]\nrequests_per_second = 1\nburst = 3\n").await;
    for _ in 0..3 {
        assert_eq!(house.post("baohanapply", APPLICATION).await.status, 200);
    }
    let response = client().post(house.address("baohanapply")).body(APPLICATION).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["connection"], "close");
    assert_eq!(response.text().await.unwrap(), r#"{"code":"0","message":"系统繁忙，请稍后重试"}"#);
    assert_eq!(house.ended("limited"), 1);
    assert_eq!(house.ledger().outcomes().len(), 3, "what was turned away is not on record");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_has_a_limit_of_its_own() {
    let house = house("[platforms.hainan.edge]\nrequests_per_second = 1\nburst = 2\n").await;
    for expected in [200, 200, 429] {
        assert_eq!(house.post("baohanapply", APPLICATION).await.status, expected);
    }
    assert_eq!(
        house.counted(
            r#"gw_inbound_requests_total{platform="hainan",interface="baohanapply",outcome="limited"}"#
        ),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_heard_less_often_and_fill_no_disk() {
    let limits =
        "[server.limits]\nfailures = 5\nfailure_interval = \"1h\"\nrecords = 3\nrecords_per_minute = 1\n";
    let house = house(limits).await;
    let forged = APPLICATION.replace("800000.00", "1.00");
    let nowhere = format!("http://{}/platforms/nowhere/apply", house.gateway.address);
    let big = "x".repeat(900_000);
    let unknown = reply_to(client().post(&nowhere).body(big)).await;
    assert_eq!(unknown.status, 200);
    assert_eq!(
        house.record(&unknown.request_id).await.header.size,
        0,
        "nobody needs what is for no platform"
    );
    for _ in 0..5 {
        assert_eq!(house.post("baohanapply", forged.clone()).await.status, 200);
    }
    assert_eq!(house.post("baohanapply", APPLICATION).await.status, 429);
    let file =
        client().get(format!("http://{}/files/TOKEN/a.ofd", house.gateway.address)).send().await.unwrap();
    assert_eq!(file.status(), 429);
    assert_eq!(house.ledger().outcomes(), ["unknown-platform", "bad-digest", "bad-digest"]);
    assert_eq!(house.ended("bad_sign"), 5);
    assert!(house.ledger().state().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_tries_links_has_to_wait() {
    let house = house("[server.limits]\nfailures = 3\nfailure_interval = \"1h\"\n").await;
    let get = async |token: &str| {
        let url = format!("http://{}/files/{token}/a.ofd", house.gateway.address);
        client().get(url).send().await.unwrap().status().as_u16()
    };
    let mut found = Vec::new();
    for token in ["A", "B", "C", "D", "E"] {
        found.push(get(token).await);
    }
    assert_eq!(found, [404, 404, 404, 404, 429]);
    assert_eq!(house.counted(r#"gw_downloads_total{platform="unknown",result="limited"}"#), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interface_has_a_length_of_its_own() {
    let house =
        house("[server]\nbody_bytes = 500\n[platforms.hainan.edge]\nbody_bytes = { baohanapply = 9000 }\n")
            .await;
    assert!(APPLICATION.len() > 500);
    assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
    let long = altered(WAIVER, &[("applyno", &"x".repeat(400))]);
    let refused = house.post("giveupapply", long).await;
    house.assert_refused("too long", &refused, "too-large", "报文过长，上限为 500 字节").await;
    let announced =
        "POST /platforms/hainan/baohanapply HTTP/1.1\r\nHost: gateway\r\nContent-Length: 9001\r\n\r\n";
    let answer = talk(house.gateway.address, announced.as_bytes()).await;
    assert!(answer.contains("报文过长，上限为 9000 字节"), "refused before it comes: {answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_has_limits() {
    let house = house("").await;
    let request = |header: &str| format!("GET /livez HTTP/1.1\r\nHost: gateway\r\n{header}\r\n");
    let status =
        async |header: String| statuses(&talk(house.gateway.address, request(&header).as_bytes()).await);
    assert_eq!(status("X: 1\r\n".repeat(60)).await, [200]);
    assert_eq!(status("X: 1\r\n".repeat(80)).await, [431]);
    assert_eq!(status(format!("X: {}\r\n", "x".repeat(15_000))).await, [200]);
    assert_eq!(status(format!("X: {}\r\n", "x".repeat(17_000))).await, [431]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_holds_only_so_many_connections() {
    let house = house("[server.limits]\nconnections_per_address = 2\n").await;
    let address = house.gateway.address;
    let knock = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        drop(stream.write_all(b"GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n"));
        let mut first = [0];
        let answered = stream.read(&mut first).is_ok_and(|bytes| bytes == 1);
        (stream, answered)
    };
    let tried = tokio::task::spawn_blocking(move || {
        let kept = [knock(), knock()];
        assert!(kept.iter().all(|(_, answered)| *answered));
        assert!(!knock().1, "one too many is closed before it is heard");
        drop(kept);
        // The gateway takes notice of who has gone in its own time.
        while !knock().1 {}
    });
    tried.await.unwrap();
    assert!(house.ended("limited") >= 1);
}

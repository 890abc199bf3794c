//! Requests that are too large, too slow or cut off, and pushes that come in another wrapping. The database has no part in
//! it, so that one is enough.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::house::{Database, House, PATIENCE};
use crate::operator::MANUAL;
use crate::pushes::{APPLICATION, APPLYNO, JSON, Reply, SUCCESS, altered, client, reply_to};

/// What a raw client does after it has sent a request's beginning.
#[derive(Clone, Copy)]
enum Then {
    Wait,
    /// Says that nothing more will come, and still listens.
    StopSending,
    Leave,
}

/// Sends bytes as they are, and reads the answer until the gateway closes the connection.
async fn send(address: SocketAddr, bytes: Vec<u8>, then: Then) -> String {
    let talk = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&bytes).unwrap();
        match then {
            Then::Wait => {}
            Then::StopSending => stream.shutdown(Shutdown::Write).unwrap(),
            Then::Leave => return String::new(),
        }
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        String::from_utf8(answer).unwrap()
    };
    tokio::task::spawn_blocking(talk).await.unwrap()
}

/// The beginning of a push: its header, and as much of the body as is given.
fn beginning(header: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /platforms/hainan/baohanapply HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n{header}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Takes a raw answer apart.
fn read(answer: &str) -> Reply {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: `{answer}`"));
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
        line.and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value).to_owned()
    };
    Reply {
        status: head[9..12].parse().unwrap(),
        content_type: header("content-type"),
        request_id: header("x-request-id"),
        body: body.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_large_is_refused_and_not_kept() {
    let house = House::open_with(Database::Sqlite, MANUAL).await;
    let ten_megabytes = altered(APPLICATION, &[("jbrname", &"x".repeat(10 * 1024 * 1024))]);
    // One client listens while it sends; the other sends everything before it looks for an answer.
    let length = format!("Content-Length: {}", ten_megabytes.len());
    let stubborn =
        send(house.gateway.address, beginning(&length, ten_megabytes.as_bytes()), Then::Wait).await;
    for reply in [house.post("baohanapply", ten_megabytes).await, read(&stubborn)] {
        house.assert_refused("10 MB", &reply, "too-large", "报文过长，上限为 1048576 字节").await;
        assert_eq!(house.record(&reply.request_id).await.header.size, 0);
    }
    assert!(house.ledger().state().is_empty());
    assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_arrive_is_refused_when_its_time_is_over() {
    let house = House::open_with(Database::Sqlite, &format!("{MANUAL}[server]\nbody_seconds = 1\n")).await;
    let (half, unfinished) = (&APPLICATION.as_bytes()[..400], "报文未在规定时间内传输完毕");
    let length = format!("Content-Length: {}", APPLICATION.len());
    let chunk = [b"190\r\n", half, b"\r\n"].concat();
    let address = house.gateway.address;
    for (case, header, body, then) in [
        ("slow body", length.as_str(), half, Then::Wait),
        ("slow chunks", "Transfer-Encoding: chunked", chunk.as_slice(), Then::Wait),
        ("half a body", length.as_str(), half, Then::StopSending),
        ("half the chunks", "Transfer-Encoding: chunked", chunk.as_slice(), Then::StopSending),
    ] {
        let reply = read(&send(address, beginning(header, body), then).await);
        house.assert_refused(case, &reply, "unfinished", unfinished).await;
        assert_eq!(house.record(&reply.request_id).await.body.as_slice(), half, "{case}");
    }
    assert!(house.ledger().state().is_empty());
    assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_leave_a_gateway_that_serves() {
    let house = House::open_with(Database::Sqlite, MANUAL).await;
    let address = house.gateway.address;
    let length = format!("Content-Length: {}", APPLICATION.len());
    for _ in 0..20 {
        send(address, beginning(&length, b"{"), Then::Leave).await;
        send(address, b"POST /platf".to_vec(), Then::Leave).await;
    }
    let garbage = send(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), Then::StopSending);
    assert!(garbage.await.starts_with("HTTP/1.1 400"));
    send(address, beginning("Transfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n"), Then::Wait).await;
    assert!(house.ledger().state().is_empty());
    assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_may_come_as_a_form_field() {
    let house = House::open_with(Database::Sqlite, MANUAL).await;
    let form = client().post(house.address("baohanapply")).form(&[("requestData", APPLICATION)]);
    let reply = reply_to(form).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, SUCCESS));
    assert_eq!(house.record(&reply.request_id).await.header.tolerances, ["time-outside-window"]);
    let number = house.stored(APPLYNO).await.unwrap().application.applicant.name;
    assert_eq!(number, "海峡示例建设有限公司");
    // The same content as JSON is the same push.
    let again = house.post("baohanapply", APPLICATION).await;
    assert_eq!(house.record(&again.request_id).await.header.outcome, "duplicate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_may_come_and_go_in_a_header() {
    let platform = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", platform.local_addr().unwrap());
    let wire = "[platforms.hainan.wire.digest]\nplace = \"header\"\n[platforms.hainan.wire]";
    let house = House::open_with(Database::Sqlite, &format!("{MANUAL}{wire}\nbase_url = \"{url}\"\n")).await;
    let fields: serde_json::Value = serde_json::from_str(APPLICATION).unwrap();
    let (sign, body) = (fields["sign"].as_str().unwrap(), {
        let mut fields = fields.clone();
        fields.as_object_mut().unwrap().remove("sign");
        fields.to_string()
    });
    let post = || client().post(house.address("baohanapply")).header("content-type", JSON).body(body.clone());
    let bare = reply_to(post()).await;
    house.assert_refused("no header", &bare, "bad-digest", "sign 为必填项").await;
    let wrong = reply_to(post().header("sign", "0".repeat(64))).await;
    let reason = "sign 校验失败：报文摘要与报文内容不一致";
    house.assert_refused("wrong header", &wrong, "bad-digest", reason).await;
    assert!(house.ledger().state().is_empty());
    assert_eq!(reply_to(post().header("sign", sign)).await.body, SUCCESS);

    house.decided(APPLYNO, &["decline", "--reason", "资信不足"]).await;
    let received = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = platform.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut request = Vec::new();
        drop(stream.read_to_end(&mut request));
        String::from_utf8(request).unwrap()
    });
    let (head, body) = {
        let request = received.await.unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    };
    let mut fields: serde_json::Map<_, _> = serde_json::from_str(&body).unwrap();
    assert!(fields.remove("sign").is_none(), "{body}");
    assert!(head.contains(&format!("\r\nsign: {}", crate::pushes::digest(&fields))), "{head}");
}

//! Requests that two readers could read differently: none is ever read as two, and nothing that is hidden behind one is
//! answered.

use super::{statuses, talk};
use crate::house::{Database, House};
use crate::operator::MANUAL;
use crate::pushes::{APPLICATION, SUCCESS};

/// What an attacker hides: where it is read as a request, it is answered with 200.
const HIDDEN: &str = "GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n";

/// Nobody is locked out for what a test tries.
const PATIENT: &str = "[server.limits]\nfailures = 100000\n";

async fn house() -> House {
    House::open_with(Database::Sqlite, &format!("{MANUAL}{PATIENT}")).await
}

/// A push with these lines of header, and a body with what is hidden in it.
fn push(header: &str, body: &str) -> String {
    format!("POST /platforms/hainan/baohanapply HTTP/1.1\r\nHost: gateway\r\n{header}\r\n\r\n{body}")
}

fn framings() -> Vec<(&'static str, String)> {
    let length = |length: usize| format!("Content-Length: {length}");
    let chunked = format!("0\r\n\r\n{HIDDEN}");
    let both = |first: &str, second: &str| push(&format!("{first}\r\n{second}"), &chunked);
    let (short, long) = (length(0), length(chunked.len()));
    let te = "Transfer-Encoding: chunked";
    vec![
        ("CL.TE", both(&long, te)),
        ("TE.CL", both(te, &short)),
        ("two lengths", both(&short, &long)),
        ("two equal lengths", both(&long, &long)),
        ("a list of lengths", push(&format!("Content-Length: 0, {}", HIDDEN.len()), HIDDEN)),
        ("a length with a sign", push(&format!("Content-Length: +{}", HIDDEN.len()), HIDDEN)),
        ("a negative length", push("Content-Length: -1", HIDDEN)),
        ("a length in hexadecimal", push("Content-Length: 0x10", HIDDEN)),
        ("a length without end", push("Content-Length: 99999999999999999999999999", HIDDEN)),
        ("two encodings", both(te, te)),
        ("an encoding of another name", push("Transfer-Encoding: xchunked", &chunked)),
        ("an encoding in a list", push("Transfer-Encoding: chunked, identity", &chunked)),
        ("identity", both("Transfer-Encoding: identity", &short)),
        ("a tab before the encoding", both("Transfer-Encoding:\tchunked", &short)),
        ("a control character in it", both("Transfer-Encoding: \u{b}chunked", &short)),
        ("a space before the colon", both("Transfer-Encoding : chunked", &short)),
        ("a folded line", both("Transfer-Encoding:\r\n chunked", &short)),
        ("a folded line behind another", both("X: y\r\n Transfer-Encoding: chunked", &short)),
        ("a line that begins with a space", both(" Transfer-Encoding: chunked", &short)),
        ("a bare CR", both("X: y\rTransfer-Encoding: chunked", &short)),
        ("a bare LF", both("X: y\nTransfer-Encoding: chunked", &long)),
        ("NUL in a name", both("Transfer-\0Encoding: chunked", &short)),
        ("two hosts", push("Host: other\r\nContent-Length: 0", HIDDEN)),
        (
            "no body where one is hidden in an upgrade",
            push("Connection: upgrade\r\nUpgrade: websocket", HIDDEN),
        ),
        ("a chunk of too many digits", push(te, &format!("fffffffffffffffff\r\n{HIDDEN}"))),
        ("a chunk that is no number", push(te, &format!("xyz\r\n{HIDDEN}"))),
        ("a negative chunk", push(te, &format!("-1\r\n{HIDDEN}"))),
        ("a chunk that ends elsewhere", push(te, &format!("1\r\nabc\r\n0\r\n\r\n{HIDDEN}"))),
        ("a bare LF in a chunk's size", push(te, &format!("1;x=\ny\r\na\r\n0\r\n\r\n{HIDDEN}"))),
        ("chunks in HTTP/1.0", push(te, &chunked).replace("HTTP/1.1\r\nHost", "HTTP/1.0\r\nHost")),
        ("HTTP/2 in the clear", format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{HIDDEN}")),
        ("another version", push(&short, HIDDEN).replacen("HTTP/1.1", "HTTP/1.2", 1)),
        ("no version", format!("GET /livez\r\n\r\n{HIDDEN}")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_end_is_unclear_is_refused_and_nothing_behind_it_is_read() {
    let house = house().await;
    let address = house.gateway.address;
    // Two sound requests on one connection are two: the looks below can fail.
    assert_eq!(statuses(&talk(address, HIDDEN.repeat(2).as_bytes()).await), [200, 200]);
    for (case, request) in framings() {
        let answers = talk(address, request.as_bytes()).await;
        let statuses = statuses(&answers);
        // Where the body broke off, the platform is told so in its own way (200), and the connection ends.
        let unfinished = statuses == [200] && answers.contains("报文未在规定时间内传输完毕");
        // Where a chunk makes no sense, it ends without a word.
        assert!(statuses == [400] || unfinished || answers.is_empty(), "{case}: {answers}");
        assert!(!answers.contains("\"status\""), "{case}: {answers}");
    }
    assert!(house.ledger().state().is_empty());
    assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_read_of_a_request_is_not_read_as_the_next_one() {
    let house = house().await;
    let address = house.gateway.address;
    let length = format!("Content-Length: {}", HIDDEN.len());
    let early = [
        ("too large", push("Content-Length: 5000000", HIDDEN)),
        ("not posted", push(&length, HIDDEN).replacen("POST", "PUT", 1)),
        ("wrong path", push(&length, HIDDEN).replacen("/platforms/", "//platforms/", 1)),
        ("too many headers", push(&format!("{}{length}", "X: 1\r\n".repeat(70)), HIDDEN)),
        ("a long header", push(&format!("X: {}\r\n{length}", "x".repeat(20_000)), HIDDEN)),
        ("a longer header", push(&format!("X: {}\r\n{length}", "x".repeat(200_000)), HIDDEN)),
    ];
    for (case, request) in early {
        let answers = talk(address, request.as_bytes()).await;
        // A client that is cut off while it sends may lose the answer; it never gets two.
        assert!(statuses(&answers).len() <= 1, "{case}: {answers}");
        assert!(!answers.contains("\"status\""), "{case}: {answers}");
    }
    assert!(house.ledger().state().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_reads_in_two_ways_is_refused() {
    let house = house().await;
    let address = house.gateway.address;
    let target = |target: &str, version: &str| {
        let length = APPLICATION.len();
        format!(
            "POST {target} HTTP/{version}\r\nHost: gateway\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{APPLICATION}"
        )
    };
    for path in [
        "http://127.0.0.1/platforms/hainan/baohanapply",
        "//platforms/hainan/baohanapply",
        "/platforms//hainan/baohanapply",
        "/platforms/../platforms/hainan/baohanapply",
        "/platforms/./hainan/baohanapply",
        "/x/%2e%2e/platforms/hainan/baohanapply",
        "/x/.%2E/platforms/hainan/baohanapply",
        "/x/..;/platforms/hainan/baohanapply",
        "/platforms%2fhainan%2fbaohanapply",
        "/platforms/hainan%2fbaohanapply",
        "/platforms/hainan/baohanapply%00",
        "/platforms/hainan/baohanapply%0a",
        "/platforms/hainan/%c0%ae%c0%ae/baohanapply",
        "/platforms/hainan\\baohanapply",
        "/platforms/hainan%5cbaohanapply",
        "/platforms/hainan/%252e%252e",
        "/platforms/hainan/baohanapply%",
        "platforms/hainan/baohanapply",
        "*",
        "gateway:80",
    ] {
        let answers = talk(address, target(path, "1.1").as_bytes()).await;
        assert_eq!(statuses(&answers), [400], "{path}: {answers}");
    }
    let tunnel = talk(address, b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: gateway\r\n\r\n").await;
    assert_eq!(statuses(&tunnel), [400], "{tunnel}");
    assert!(house.ledger().state().is_empty());
    assert!(house.ledger().outcomes().is_empty());

    // The method is the one that stands in the first line, and HTTP/1.0 is no trick by itself.
    for header in ["X-HTTP-Method-Override: POST", "X-Method-Override: POST", "X-HTTP-Method: POST"] {
        let request = format!(
            "GET /platforms/hainan/baohanapply?_method=POST HTTP/1.1\r\nHost: gateway\r\n{header}\r\n\r\n"
        );
        let answer = talk(address, request.as_bytes()).await;
        assert!(answer.contains("请求方式应为 POST"), "{header}: {answer}");
    }
    assert!(house.ledger().state().is_empty());
    let old = talk(address, target("/platforms/hainan/baohanapply", "1.0").as_bytes()).await;
    assert!(old.ends_with(SUCCESS), "{old}");
}

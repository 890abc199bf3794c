//! A collector that a test listens to, and what reaches it of a push.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};

use super::*;
use crate::telemetry::{self, TelemetryOptions, TraceOptions, Traces};

/// Takes one request after the other; yields each as it was written.
fn collector() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let (taken, arrived) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
            while !is_whole(&request) {
                let count = stream.read(&mut chunk).unwrap();
                request.extend_from_slice(&chunk[..count]);
            }
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
            if taken.send(request).is_err() {
                return;
            }
        }
    });
    (url, arrived)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some(end) = request.windows(4).position(|it| it == b"\r\n\r\n") else { return false };
    let length = text.to_ascii_lowercase();
    let length = length.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap().trim().parse().unwrap();
    request.len() >= end + 4 + length
}

#[actix_web::test]
async fn spans_of_a_push_reach_the_collector_and_nothing_of_what_it_says() {
    let (url, arrived) = collector();
    let folder = tempfile::tempdir().unwrap();
    let headers = folder.path().join("headers");
    std::fs::write(&headers, "authorization: Bearer t-1\n\nx-tenant: a\n").unwrap();
    let client = TraceClient::new(&url, Some(&headers)).unwrap();
    let otlp = TraceOptions { endpoint: Some(url.clone()), ..TraceOptions::default() };
    let options = TelemetryOptions { otlp, ..TelemetryOptions::default() };
    let traces = Traces::new(&options.otlp, &url, client).unwrap();

    let subscriber = telemetry::subscriber_of(&options, &traces).unwrap();
    let guard = tracing::subscriber::set_default(subscriber);
    let push = async || {
        tracing::error!(application = "TBHN1", name = "张三", "push received");
        HttpResponse::Ok().finish()
    };
    let app = App::new().wrap(from_fn(telemetry::trace)).route("/platforms/p/apply", web::post().to(push));
    let app = init_service(app).await;
    let request = TestRequest::post()
        .uri("/platforms/p/apply?idcard=460100199001011234")
        .insert_header(("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        .set_payload("{\"phone\":\"13800001234\"}")
        .to_request();
    assert!(call_service(&app, request).await.status().is_success());
    drop(guard);
    let stopped = tokio::task::spawn_blocking(move || traces.stop());
    stopped.await.unwrap();

    let sent = arrived.recv_timeout(Duration::from_secs(30)).unwrap();
    let has = |bytes: &[u8]| sent.windows(bytes.len()).any(|it| it == bytes);
    for shown in ["POST /v1/traces", "authorization: Bearer t-1", "x-tenant: a", "application/x-protobuf"] {
        assert!(has(shown.as_bytes()), "no `{shown}` in {}", String::from_utf8_lossy(&sent));
    }
    for shown in ["baohan-gateway", "request", "/platforms/p/apply"] {
        assert!(has(shown.as_bytes()), "no `{shown}` in {}", String::from_utf8_lossy(&sent));
    }
    assert!(
        has(&hex::decode("4bf92f3577b34da6a3ce929d0e0e4736").unwrap()),
        "it is of the trace that began elsewhere"
    );
    for hidden in ["460100199001011234", "13800001234", "TBHN1", "张三", "push received"] {
        assert!(!has(hidden.as_bytes()), "`{hidden}` in {}", String::from_utf8_lossy(&sent));
    }
}

#[tokio::test]
async fn an_endpoint_or_a_file_of_headers_that_is_none_is_refused_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("headers");
    std::fs::write(&file, "authorization Bearer t-1").unwrap();
    let refused =
        |endpoint: &str, file: Option<&Path>| format!("{:#}", TraceClient::new(endpoint, file).unwrap_err());
    assert!(refused("collector:4317", None).starts_with("telemetry.otlp.endpoint: expected"));
    let wrong = refused("http://collector", Some(&file));
    assert!(wrong.contains("telemetry.otlp.headers_file") && wrong.contains("line 1"), "{wrong}");
    assert!(!wrong.contains("t-1"), "{wrong}");
}

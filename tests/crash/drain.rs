//! SIGTERM as a load balancer and a caller see it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitStatus;
use std::time::Duration;

use crate::ground::Database;
use crate::premises::{Part, Premises, Process};

async fn ended(premises: &Premises, mut process: Process) -> ExitStatus {
    premises.until("the process has ended", async || process.ended()).await
}

async fn until_draining(premises: &Premises, process: &Process) {
    premises
        .until("the process drains", async || {
            let answer = process.get("/readyz");
            let drains = answer.starts_with("HTTP/1.1 503") && answer.contains(r#"{"status":"draining""#);
            drains.then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_told_to_stop_says_so_and_goes_on_to_answer_until_it_was_noticed() {
    let premises = Premises::found(Database::Sqlite).await;
    let part = Part { server: "drain_announce = \"2s\"", ..Part::default() };
    let process = premises.start_as(&part, premises.address()).await;
    let applyno = premises.applied().await;
    premises.until_idle().await;
    process.signal("TERM");
    until_draining(&premises, &process).await;
    assert!(process.get("/livez").starts_with("HTTP/1.1 200"));
    let answer = premises.sandbox.duplicate(&applyno, "baohanapply").await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    // Whoever keeps connections open is told that this was the last answer on this one.
    let mut kept = TcpStream::connect(process.address).unwrap();
    kept.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    assert!(ended(&premises, process).await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_is_on_its_way_is_answered_before_the_process_ends() {
    let premises = Premises::found(Database::Sqlite).await;
    let process = premises.start().await;
    let mut caller = TcpStream::connect(process.address).unwrap();
    caller.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let header =
        "POST /platforms/hainan/baohanapply HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n";
    caller.write_all(header.as_bytes()).unwrap();
    caller.write_all(b"{").unwrap();
    // An answer on a later connection shows that this one was taken in.
    assert!(process.get("/livez").starts_with("HTTP/1.1 200"));
    process.signal("TERM");
    let refused = async || TcpStream::connect(process.address).is_err().then_some(());
    premises.until("nobody listens any more", refused).await;
    caller.write_all(b"}").unwrap();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"code\""), "{answer}");
    assert!(ended(&premises, process).await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_a_process_that_waits_for_its_jobs() {
    let premises = Premises::found(Database::Sqlite).await;
    premises.leave_unanswered("baohannotice", 1);
    let patient = "[jobs.worker]\ndrain = \"10m\"\nlease = \"1s\"";
    let process = premises.start_with(patient, premises.address()).await;
    let applyno = premises.applied().await;
    premises.until_unanswered(&applyno, "baohannotice").await;
    process.signal("TERM");
    let refused = async || TcpStream::connect(process.address).is_err().then_some(());
    premises.until("nobody listens any more", refused).await;
    process.signal("TERM");
    assert_eq!(ended(&premises, process).await.code(), Some(2));

    // As after a kill: the lease runs out, and the job is done.
    premises.sandbox.script(Vec::new());
    let _process = premises.start().await;
    premises.until_idle().await;
    assert!(premises.sandbox.delivery(&applyno).unwrap().exactly_once());
}

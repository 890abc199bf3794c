//! The receivers of `deploy/examples`, each run against a gateway: they approve what was applied for, and take nothing that
//! is forged, old or known.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::domain::Stage;
use serde_json::json;

use super::API;
use super::receiver::{Attempt, SECRETS, free_address, signature};
use crate::ground::Database;
use crate::house::{House, PATIENCE};
use crate::operator::MANUAL;
use crate::pushes;

fn examples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/examples"))
}

/// A receiver at work; it ends with the test.
enum Running {
    Program(Child),
    /// A program that is started for each connection.
    Listener(Arc<AtomicBool>, SocketAddr),
}

impl Drop for Running {
    fn drop(&mut self) {
        match self {
            Self::Program(child) => {
                drop(child.kill());
                drop(child.wait());
            }
            Self::Listener(stopped, address) => {
                stopped.store(true, Ordering::Relaxed);
                drop(TcpStream::connect(*address));
            }
        }
    }
}

/// What a receiver is told by its environment.
#[derive(Clone)]
struct Surroundings {
    address: SocketAddr,
    gateway: String,
    key: String,
    inbox: PathBuf,
}

fn prepared(mut command: Command, around: &Surroundings) -> Command {
    command
        .env("CALLBACK_SECRETS", format!("whsec_{} whsec_{}", SECRETS[1], SECRETS[0]))
        .env("GATEWAY_URL", &around.gateway)
        .env("GATEWAY_KEY", &around.key)
        .env("LISTEN", around.address.to_string())
        .env("INBOX", &around.inbox);
    command
}

/// As inetd does: each connection is the standard input and output of a program of its own.
fn listen(address: SocketAddr, command: impl Fn() -> Command + Send + 'static) -> Running {
    let listener = TcpListener::bind(address).unwrap();
    let stopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stopped);
    std::thread::spawn(move || {
        let mut children: Vec<Child> = Vec::new();
        for stream in listener.incoming() {
            if seen.load(Ordering::Relaxed) {
                break;
            }
            let input = stream.unwrap();
            let output = OwnedFd::from(input.try_clone().unwrap());
            let child =
                command().stdin(Stdio::from(OwnedFd::from(input))).stdout(Stdio::from(output)).spawn();
            children.push(child.unwrap());
        }
        for mut child in children {
            drop(child.wait());
        }
    });
    Running::Listener(stopped, address)
}

/// Sends a callback of the test's own; tells how it was answered.
async fn send(address: SocketAddr, attempt: &Attempt, signature: &str) -> u16 {
    let request = pushes::client().post(format!("http://{address}/callbacks"));
    let request = request
        .header("content-type", "application/json")
        .header("webhook-id", &attempt.id)
        .header("webhook-timestamp", attempt.timestamp.to_string())
        .header("webhook-signature", signature);
    request.body(attempt.raw.clone()).send().await.unwrap().status().as_u16()
}

fn callback(id: &str, timestamp: i64, guarantee: &str) -> Attempt {
    let body = json!({"type": "application.received", "timestamp": "2026-11-22T08:00:00Z",
                      "data": {"guarantee_id": guarantee, "details": {}}});
    let (id, raw) = (id.to_owned(), body.to_string().into_bytes());
    Attempt { id, timestamp, signatures: Vec::new(), raw, body, taken: false }
}

async fn until_listening(address: SocketAddr) {
    let (clock, begun) = (Clock::system(), Clock::system().now());
    while TcpStream::connect(address).is_err() {
        assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "the receiver does not listen");
        clock.wait(Duration::from_millis(20)).await;
    }
}

/// How often an application was approved through the interface.
async fn approvals(house: &House, applyno: &str) -> usize {
    house.timeline(applyno).await.iter().filter(|title| **title == "审批通过").count()
}

async fn plays_its_part(start: impl Fn(Surroundings) -> Running) {
    let address = free_address();
    let settings = format!(
        "{API}{MANUAL}[callbacks]\nurl = \"http://{address}/callbacks\"\nsecret = \"whsec_{}\"\n\
         [callbacks.schedule]\ndelays = [\"100ms\"]\nrepeat_last = 1000\n",
        SECRETS[0]
    );
    let house = House::open_with(Database::Sqlite, &settings).await;
    let (core, folder) = (house.core().await, tempfile::tempdir().unwrap());
    let (gateway, key, inbox) = (core.base.clone(), core.key.clone(), folder.path().join("inbox"));
    let receiver = start(Surroundings { address, gateway, key, inbox });
    until_listening(address).await;

    let now = Clock::system().now().as_second();
    // Nothing is known of this guarantee yet: whoever took one of these would ask for it, and fail.
    let genuine = callback("forged", now, "none");
    let code = signature(SECRETS[0], &genuine);
    let tampered = callback("forged", now, "other");
    let old = callback("forged", now - 301, "none");
    let early = callback("forged", now + 3600, "none");
    let renamed = callback("renamed", now, "none");
    for (attempt, signature) in [
        (&tampered, code.clone()),
        (&renamed, code.clone()),
        (&old, signature(SECRETS[0], &old)),
        (&early, signature(SECRETS[0], &early)),
        (&genuine, code.replace("v1,", "v2,")),
        (&genuine, "v1,AAAA".to_owned()),
        (&genuine, String::new()),
    ] {
        assert_eq!(send(address, attempt, &signature).await, 401, "{attempt:?} {signature}");
    }

    let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    let (clock, begun) = (Clock::system(), Clock::system().now());
    while house.stored(&applyno).await.unwrap().stage != Stage::Approved {
        assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "nothing was approved");
        clock.wait(Duration::from_millis(20)).await;
    }
    house.at_rest().await;

    // What was told already, under its own id: known, taken, and nothing follows.
    let told = core.get("/callbacks?type=application.received").await.body["items"][0].clone();
    let again = callback(told["id"].as_str().unwrap(), now, &house.id_of(&applyno).await);
    let both = format!("v1,AAAA {}", signature(SECRETS[1], &again));
    assert_eq!(send(address, &again, &both).await, 204);
    assert_eq!(approvals(&house, &applyno).await, 1);
    let delivered = core.get("/callbacks?state=delivered").await.body["items"].as_array().unwrap().len();
    assert_eq!(delivered, 2, "received and approved");
    drop(receiver);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_in_python_plays_its_part() {
    plays_its_part(|around| {
        let mut command = Command::new("python3");
        command.arg(examples().join("python/receiver.py"));
        Running::Program(prepared(command, &around).spawn().unwrap())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_with_curl_plays_its_part() {
    plays_its_part(|around| {
        listen(around.address, move || {
            let mut command = Command::new("bash");
            command.arg(examples().join("curl/receive.sh"));
            prepared(command, &around)
        })
    })
    .await;
}

/// Compiled for Java 8 where there is a JDK; says so where there is none.
#[expect(clippy::print_stdout, reason = "whoever reads the test's output has to see that it did not run")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_in_java_plays_its_part() {
    let classes = tempfile::tempdir().unwrap();
    let mut compiler = Command::new("javac");
    compiler.args(["--release", "8", "-Xlint:-options", "-d"]).arg(classes.path());
    let compiled = match compiler.arg(examples().join("java/Receiver.java")).status() {
        Ok(compiled) => compiled,
        Err(error) => {
            println!("NOT RUN: the receiver in Java, since there is no `javac` here: {error}");
            return;
        }
    };
    assert!(compiled.success());
    println!("compiled and run: the receiver in Java");
    plays_its_part(|around| {
        let mut command = Command::new("java");
        command.arg("-cp").arg(classes.path()).arg("Receiver");
        Running::Program(prepared(command, &around).spawn().unwrap())
    })
    .await;
}

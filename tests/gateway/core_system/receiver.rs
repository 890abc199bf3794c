//! Where callbacks arrive in tests: keeps what came, answers as it is told, and checks signatures with the `openssl`
//! program.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use baohan_gateway::clock::Clock;
use baohan_gateway::supervise;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// Two secrets: 32 bytes each, as Base64.
pub const SECRETS: [&str; 2] =
    ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="];

/// How one attempt is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    /// With so many seconds in `Retry-After`.
    Later(u16, u64),
    /// Not as long as a test lasts.
    Never,
}

/// One attempt, as it arrived.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub id: String,
    pub timestamp: i64,
    pub signatures: Vec<String>,
    pub raw: Vec<u8>,
    pub body: Value,
    pub taken: bool,
}

impl Attempt {
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    pub fn about(&self) -> &str {
        self.body["data"]["guarantee_id"].as_str().unwrap_or_default()
    }
}

type Script = Box<dyn FnMut(&Attempt) -> Answer + Send>;

struct State {
    arrived: Mutex<Vec<Attempt>>,
    script: Mutex<Script>,
}

/// Listens until the test ends.
pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<State>,
}

impl Receiver {
    /// Takes everything.
    pub fn start() -> Self {
        Self::on(free_address())
    }

    pub fn on(address: SocketAddr) -> Self {
        let script: Script = Box::new(|_| Answer::Status(204));
        let state = Arc::new(State { arrived: Mutex::default(), script: Mutex::new(script) });
        let data = Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new().app_data(data.clone()).route("/callbacks", web::post().to(receive))
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(0).bind(address).unwrap().run();
        drop(supervise::spawn("receiver", server));
        Self { address, state }
    }

    /// Answers otherwise from now on.
    pub fn answers(&self, script: impl FnMut(&Attempt) -> Answer + Send + 'static) {
        *self.state.script.lock().unwrap() = Box::new(script);
    }

    /// Every attempt, in the order of arrival.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.state.arrived.lock().unwrap().clone()
    }

    /// What was taken, in the order of arrival.
    pub fn taken(&self) -> Vec<Attempt> {
        self.attempts().into_iter().filter(|attempt| attempt.taken).collect()
    }

    /// The types of what was taken.
    pub fn types(&self) -> Vec<String> {
        self.taken().iter().map(|attempt| attempt.kind().to_owned()).collect()
    }

    /// Waits until something is true of the attempts.
    pub async fn until(&self, condition: impl Fn(&[Attempt]) -> bool) {
        let (clock, begun) = (Clock::system(), Clock::system().now());
        while !condition(&self.attempts()) {
            let waited = clock.now().duration_since(begun).unsigned_abs();
            let kinds = || self.attempts().iter().map(|it| it.kind().to_owned()).collect::<Vec<_>>();
            assert!(waited < Duration::from_secs(60), "it did not come true: {:?}", kinds());
            clock.wait(Duration::from_millis(10)).await;
        }
    }

    /// Waits until a callback of this type was taken.
    pub async fn until_taken(&self, kind: &str) -> Attempt {
        self.until(|attempts| attempts.iter().any(|it| it.taken && it.kind() == kind)).await;
        self.taken().into_iter().find(|it| it.kind() == kind).unwrap()
    }
}

async fn receive(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json");
    let mut attempt = Attempt {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        body: serde_json::from_slice(&body).unwrap(),
        raw: body.to_vec(),
        taken: false,
    };
    let answer = (state.script.lock().unwrap())(&attempt);
    attempt.taken = matches!(answer, Answer::Status(200..=299));
    state.arrived.lock().unwrap().push(attempt);
    match answer {
        Answer::Status(status) => HttpResponse::build(status.try_into().unwrap()).finish(),
        Answer::Later(status, seconds) => HttpResponse::build(status.try_into().unwrap())
            .insert_header(("retry-after", seconds.to_string()))
            .finish(),
        Answer::Never => {
            Clock::system().wait(Duration::from_secs(600)).await;
            HttpResponse::NoContent().finish()
        }
    }
}

/// What the `openssl` program makes of an attempt under a secret.
pub fn signature(secret: &str, attempt: &Attempt) -> String {
    let key = hex::encode(BASE64_STANDARD.decode(secret).unwrap());
    let signed = [format!("{}.{}.", attempt.id, attempt.timestamp).as_bytes(), &attempt.raw].concat();
    let arguments = ["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{key}"), "-binary"];
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the `openssl` program is needed for this test");
    child.stdin.take().unwrap().write_all(&signed).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    format!("v1,{}", BASE64_STANDARD.encode(output.stdout))
}

/// A port that nothing listens on now.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

//! Calls that leave the house, over real connections: to which addresses they go, whom they believe, and what of the
//! surroundings they do not heed.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::delivery::client::{Client, ClientOptions, Failure};
use baohan_gateway::delivery::guard::{Guard, Names, OutboundOptions, Rule};
use baohan_gateway::delivery::hook::Hook;
use baohan_gateway::delivery::mail::{Mail, MailAddress, MailSecurity};
use baohan_gateway::delivery::service::{Access, Service};
use baohan_gateway::delivery::webhook::{WebhookAddress, WebhookClient, WebhookHeaders};
use baohan_gateway::secret::Secret;
use futures_util::future::BoxFuture;

use crate::house::{Database, House};
use crate::serving::{program, said};

const SOON: Duration = Duration::from_secs(20);

/// A server that gives each visitor the same answer and remembers what was asked.
pub struct Canned {
    pub address: SocketAddr,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// On any port of this address, or on one that is named.
    pub fn on(address: &str, answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let (address, answer) = (listener.local_addr().unwrap(), answer.into());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
                while !request.windows(4).any(|it| it == b"\r\n\r\n") {
                    match stream.read(&mut chunk) {
                        Ok(0) | Err(_) => break,
                        Ok(count) => request.extend_from_slice(&chunk[..count]),
                    }
                }
                noted.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
                drop(stream.write_all(&answer));
            }
        });
        Self { address, asked }
    }

    pub fn visits(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Answers each question with the next of some addresses.
struct Rebinding(Mutex<VecDeque<IpAddr>>);

impl Names for Rebinding {
    fn look_up(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let next = self.0.lock().unwrap().pop_front();
        Box::pin(async move { Ok(next.into_iter().collect()) })
    }
}

fn outbound(hosts: &[String], private: &[&str]) -> OutboundOptions {
    let list = |texts: Vec<&str>| {
        format!("[{}]", texts.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>().join(", "))
    };
    let hosts = hosts.iter().map(String::as_str).collect();
    toml::from_str(&format!("hosts = {}\nprivate = {}", list(hosts), list(private.to_vec()))).unwrap()
}

#[tokio::test]
async fn a_name_that_turns_private_after_it_was_judged_reaches_nobody() {
    // 127.0.0.2 stands for a public address, since a test has no other.
    let allowed = Canned::on("127.0.0.2:0", answer("200 OK", b"evidence"));
    let port = allowed.address.port();
    let secret = Canned::on(&format!("127.0.0.1:{port}"), answer("200 OK", b"secret"));
    let options = outbound(&[format!("http://rebind.example:{port}")], &["127.0.0.2/32"]);
    let (first, second) = ("127.0.0.2".parse().unwrap(), "127.0.0.1".parse().unwrap());
    let names = Arc::new(Rebinding(Mutex::new([first, second].into())));
    let asked: Arc<dyn Names> = names.clone();
    let guard = Guard::messages("evidence", &options).asking(asked);
    let client = Client::new(&ClientOptions::default(), guard).unwrap();
    let url = format!("http://rebind.example:{port}/a?token=75319");

    let received = client.get(&url).await.unwrap();
    assert_eq!((received.status, received.body.as_slice()), (200, &b"evidence"[..]));
    // One question for one connection: what was judged is what was connected to.
    assert_eq!(names.0.lock().unwrap().len(), 1);
    let refused = client.get(&url).await.err().unwrap();
    assert!(matches!(&refused, Failure::Refused(it) if it.rule.name() == "loopback"), "{refused:?}");
    let text = refused.to_string();
    assert!(text.contains("rebind.example") && !text.contains("75319"), "{text}");
    assert_eq!((allowed.visits(), secret.visits()), (1, 0));
}

#[tokio::test]
async fn nobody_is_led_elsewhere_by_a_redirect() {
    let elsewhere = Canned::on("127.0.0.1:0", answer("200 OK", b"secret"));
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let head = format!("{status}\r\nLocation: http://{}/", elsewhere.address);
        let server = Canned::on("127.0.0.1:0", answer(&head, b""));
        let url = format!("http://{}/", server.address);
        let guard = Guard::platforms(&OutboundOptions::default(), [url.as_str()]).unwrap();
        let client = Client::new(&ClientOptions::default(), guard).unwrap();
        let received = client.get(&url).await.unwrap();
        assert_eq!(received.status.to_string(), status[..3]);
    }
    assert_eq!(elsewhere.visits(), 0);
}

#[tokio::test]
async fn a_client_calls_its_own_places_only() {
    let other = Canned::on("127.0.0.1:0", answer("200 OK", b""));
    let guard = Guard::platforms(&OutboundOptions::default(), ["http://127.0.0.1:9/"]).unwrap();
    let client = Client::new(&ClientOptions::default(), guard).unwrap();
    let refused = client.get(&format!("http://{}/", other.address)).await.err().unwrap();
    assert!(matches!(&refused, Failure::Refused(it) if it.rule == Rule::Host), "{refused:?}");
    assert_eq!(other.visits(), 0);
}

#[tokio::test]
async fn what_is_compressed_stays_so() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![0; 4 * 1024 * 1024]).unwrap();
    let bomb = bomb.finish().unwrap();
    let server = Canned::on("127.0.0.1:0", answer("200 OK\r\nContent-Encoding: gzip", &bomb));
    let url = format!("http://{}/", server.address);
    let guard = Guard::platforms(&OutboundOptions::default(), [url.as_str()]).unwrap();
    let client = Client::new(&ClientOptions::default(), guard).unwrap();
    assert_eq!(client.get(&url).await.unwrap().body, bomb);
    let asked = server.asked.lock().unwrap().concat().to_ascii_lowercase();
    assert!(!asked.contains("accept-encoding"), "{asked}");
}

/// The `openssl` program as a server whose certificate is signed by itself only, as it were: by an authority of its own.
struct SelfSigned {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Drop for SelfSigned {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl SelfSigned {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = |line: &str| {
            let done = Command::new("openssl").current_dir(folder.path()).args(line.split(' ')).output();
            let done = done.unwrap();
            assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        run(&format!("req -x509 {key} -keyout ca.key -out ca -days 2 -subj /CN=authority"));
        run(&format!("req -new {key} -keyout key -out request -subj /CN=server"));
        std::fs::write(folder.path().join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        run("x509 -req -in request -CA ca -CAkey ca.key -CAcreateserial -extfile names -out cert -days 2");
        let mut openssl = Command::new("openssl");
        openssl.current_dir(folder.path());
        openssl.args("s_server -accept 127.0.0.1:0 -cert cert -key key -www".split(' '));
        openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = openssl.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let accepting = lines.find_map(|line| Some(line.ok()?.strip_prefix("ACCEPT ")?.to_owned())).unwrap();
        // What it says from now on nobody reads, but it must not find the pipe closed.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: accepting.parse().unwrap(), folder }
    }

    /// What clients that ask for a page say of it, trusting this file beside the system's authorities.
    async fn asked(&self, ca_file: Option<PathBuf>) -> [Result<(), String>; 2] {
        let (url, token) = (format!("https://{}/", self.address), Secret::new("t0ken"));
        let guard = Guard::platforms(&OutboundOptions::default(), [url.as_str()]).unwrap();
        let options = ClientOptions { ca_file: ca_file.clone(), ..ClientOptions::default() };
        let platforms = Client::new(&options, guard).unwrap().get(&url).await;
        let access = Access {
            within: "seal.service",
            url: &url,
            token: &token,
            connect: SOON,
            ca_file: ca_file.as_deref(),
            identity: None,
        };
        let service = Service::new(&access, &Clock::system()).unwrap().get(&[], SOON).await;
        let said = |failure: Failure| failure.to_string();
        [platforms.map(drop).map_err(said), service.map(drop).map_err(said)]
    }

    /// What clients that tell something say of it.
    async fn told(&self) -> [Result<(), String>; 3] {
        let secret = Secret::new(format!("https://{}/", self.address));
        let hook = Hook::new("alarms.channels.c", &secret, SOON, None).unwrap();
        let hook = hook.post(&[], &[], b"{}".to_vec()).await;

        let address = WebhookAddress { url: secret, timeout: SOON, ca_file: None };
        let headers = WebhookHeaders { id: "1".to_owned(), timestamp: 1, signature: "v1,x".to_owned() };
        let callback = WebhookClient::new(&address).unwrap().post(headers, b"{}".to_vec()).await;

        let address = MailAddress {
            host: self.address.ip().to_string(),
            port: Some(self.address.port()),
            security: MailSecurity::Tls,
            user: None,
            password: None,
            from: "a@example.com".to_owned(),
            to: vec!["b@example.com".to_owned()],
            timeout: SOON,
            ca_file: None,
        };
        let mail = Mail::new("alarms.channels.m", &address).unwrap().send("1", "s", "t").await;
        let said = |failure: Failure| failure.to_string();
        [
            hook.map(drop).map_err(said),
            callback.map(drop).map_err(said),
            mail.map_err(|error| format!("{error:#}")),
        ]
    }
}

#[tokio::test]
async fn no_client_speaks_to_a_server_for_whose_certificate_nobody_vouches() {
    let server = SelfSigned::start();
    for (client, outcome) in server.asked(None).await.into_iter().chain(server.told().await).enumerate() {
        let said = outcome.unwrap_err();
        assert!(said.contains("certificate") || said.contains("UnknownIssuer"), "{client}: {said}");
    }
    let trusting = server.asked(Some(server.folder.path().join("ca"))).await;
    assert_eq!(trusting, [Ok(()), Ok(())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_that_the_environment_names_get_nothing_to_see() {
    let house = House::open(Database::Sqlite).await;
    let proxy = Canned::on("127.0.0.1:0", answer("200 OK", b""));
    let address = format!("http://{}", proxy.address);
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let files = [house.settings.clone(), house.overrides.clone()];
    let checked = tokio::task::spawn_blocking(move || {
        let variables = names.map(|name| (name, address.as_str()));
        said(program(&files, &variables).args(["check", "--connect"]))
    });
    let checked = String::from_utf8(checked.await.unwrap()).unwrap();
    assert!(checked.contains("ok     connection: "), "{checked}");
    assert_eq!(proxy.visits(), 0);
}

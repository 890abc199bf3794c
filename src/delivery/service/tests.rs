//! Addresses, pauses, and whom both sides of TLS trust.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

fn service(url: &str) -> anyhow::Result<Service> {
    let token = Secret::new("t0ken");
    let connect = Duration::from_secs(1);
    let access =
        Access { within: "seal.service", url, token: &token, connect, ca_file: None, identity: None };
    Service::new(&access, &Clock::system())
}

#[test]
fn a_token_leaves_the_machine_by_tls_only() {
    for fine in ["https://sign.example.com/api", "http://127.0.0.1:9", "http://[::1]:9/", "http://localhost"]
    {
        assert!(service(fine).is_ok(), "{fine}");
    }
    for (wrong, expected) in [
        ("http://sign.example.com", "expected `https`"),
        ("http://127.0.0.1.example.com", "expected `https`"),
        ("ftp://127.0.0.1", "found `ftp`"),
        ("https://user:pass@sign.example.com", "without user"),
        ("https://sign.example.com/?token=x", "without user, query"),
        ("sign.example.com", "expected an address"),
    ] {
        let said = format!("{:#}", service(wrong).err().unwrap());
        assert!(said.contains("seal.service.url") && said.contains(expected), "{wrong}: {said}");
    }
}

#[test]
fn segments_of_a_path_stay_segments() {
    for base in ["https://sign.example.com/api", "https://sign.example.com/api/"] {
        let url = service(base).unwrap().under(&["v1", "keys", "a/../b c"]);
        assert_eq!(url.as_str(), "https://sign.example.com/api/v1/keys/a%2F..%2Fb%20c");
    }
}

#[test]
fn a_pause_is_read_as_seconds_and_as_a_date() {
    let service = service("http://localhost").unwrap();
    assert_eq!(service.pause("7"), Some(Duration::from_secs(7)));
    assert_eq!(service.pause("Fri, 01 Jan 2010 00:00:00 GMT"), Some(Duration::ZERO));
    let far = service.pause("Fri, 31 Dec 2399 23:59:59 GMT").unwrap();
    assert!(far > Duration::from_secs(86_400), "{far:?}");
    assert_eq!(service.pause("soon"), None);
}

/// The `openssl` program as a server of pages, which wants to know its clients.
struct Server {
    process: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Server {
    /// Makes an authority, and certificates of it for server and client.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = |line: &str| {
            let openssl = Command::new("openssl").current_dir(folder.path()).args(line.split(' ')).output();
            let output = openssl.unwrap();
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        run(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"));
        std::fs::write(folder.path().join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        for party in ["server", "client"] {
            run(&format!("req -new {key} -keyout {party}.key -out {party}.csr -subj /CN={party}"));
            run(&format!(
                "x509 -req -in {party}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out {party}.pem \
                 -days 2"
            ));
        }
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let identity = text("client.key") + &text("client.pem");
        private_file::write_new(&folder.path().join("identity.pem"), identity.as_bytes()).unwrap();

        let line = "s_server -accept 127.0.0.1:0 -cert server.pem -key server.key -CAfile ca.pem -Verify 1 \
                    -verify_return_error -www";
        let mut openssl = Command::new("openssl");
        openssl.current_dir(folder.path()).args(line.split(' '));
        openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = openssl.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let accepting = lines.find_map(|line| Some(line.ok()?.strip_prefix("ACCEPT ")?.to_owned())).unwrap();
        // What it says from now on nobody reads, but it must not find the pipe closed.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url: format!("https://{accepting}"), folder }
    }

    async fn asked(&self, ca_file: Option<&str>, identity: Option<&str>) -> Result<u16, Failure> {
        let path = |name: Option<&str>| name.map(|name| self.folder.path().join(name));
        let (ca_file, identity, token) = (path(ca_file), path(identity), Secret::new("t0ken"));
        let access = Access {
            within: "seal.service",
            url: &self.url,
            token: &token,
            connect: Duration::from_secs(10),
            ca_file: ca_file.as_deref(),
            identity: identity.as_deref(),
        };
        let service = Service::new(&access, &Clock::system()).unwrap();
        service.get(&["v1"], Duration::from_secs(10)).await.map(|answer| answer.status)
    }
}

#[tokio::test]
async fn server_and_client_know_each_other_by_their_certificates() {
    let server = Server::start();
    let stranger = server.asked(None, Some("identity.pem")).await;
    assert!(matches!(&stranger, Err(Failure::Connect(why)) if why.contains("certificate")), "{stranger:?}");
    let nameless = server.asked(Some("ca.pem"), None).await;
    assert!(nameless.is_err(), "{nameless:?}");
    assert_eq!(server.asked(Some("ca.pem"), Some("identity.pem")).await.unwrap(), 200);
}

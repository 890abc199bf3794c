//! A real S3 server program (moto), in a process of its own. It keeps what it has for as long as it runs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use baohan_gateway::clock::Clock;

use crate::faults::until_stored;
use crate::pushes::client;

/// A bucket of the test's own, on a server of its own.
pub const BUCKET: &str = "letters";

/// Stands before every document's name in the bucket.
pub const PREFIX: &str = "gateway/documents";

pub struct Server {
    process: Child,
    log: tempfile::NamedTempFile,
    more: Vec<String>,
    variables: Vec<(&'static str, String)>,
    scheme: &'static str,
    port: u16,
}

impl Server {
    /// Over plain HTTP, believing everybody.
    pub async fn start() -> Self {
        Self::start_with("http", &[], &[]).await
    }

    /// Over HTTPS, with a certificate (PEM) and its key.
    pub async fn start_with_tls(certificate: &Path, key: &Path) -> Self {
        let [certificate, key] = [certificate, key].map(|path| path.to_str().unwrap());
        Self::start_with("https", &["-c", certificate, "-k", key], &[]).await
    }

    /// One that believes everybody for so many requests, and from then on looks at signatures and rights.
    pub async fn start_strict_after(requests: u32) -> Self {
        Self::start_with("http", &[], &[("INITIAL_NO_AUTH_ACTION_COUNT", requests.to_string())]).await
    }

    async fn start_with(scheme: &'static str, more: &[&str], variables: &[(&'static str, String)]) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let more: Vec<String> = more.iter().map(|&argument| argument.to_owned()).collect();
        let variables = variables.to_vec();
        let process = launch(0, &more, &variables, log.reopen().unwrap());
        let mut server = Self { process, log, more, variables, scheme, port: 0 };
        server.port = server.until_up().await;
        server
    }

    /// Waits for the line with its address; yields the port.
    async fn until_up(&mut self) -> u16 {
        until_stored("the S3 server listens", async || {
            let log = self.log();
            let (_, address) = log.rsplit_once("Running on ")?;
            let (_, port) = address.lines().next()?.rsplit_once(':')?;
            port.trim().parse().ok()
        })
        .await
    }

    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// All that it said: a line for each request.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// The section of the settings; nothing waits long.
    pub fn section(&self) -> String {
        self.section_with("id", "secret")
    }

    pub fn section_with(&self, access_key: &str, secret_key: &str) -> String {
        format!(
            "\n[archive.s3]\nendpoint = \"{}\"\nbucket = \"{BUCKET}\"\nprefix = \"{PREFIX}\"\n\
             access_key = \"{access_key}\"\nsecret_key = \"{secret_key}\"\n\
             timeout = \"2s\"\nattempt_timeout = \"1s\"\nattempts = 2\nconnect_seconds = 1\n",
            self.url()
        )
    }

    /// Over plain HTTP only.
    pub async fn make_bucket(&self) {
        let made = client().put(format!("{}/{BUCKET}", self.url())).send().await.unwrap();
        assert_eq!(made.status(), 200, "{}", made.text().await.unwrap());
    }

    /// Where a document is.
    pub fn place_of(&self, digest: &str) -> String {
        format!("{}/{BUCKET}/{PREFIX}/{}/{digest}", self.url(), &digest[..2])
    }

    /// Puts other bytes in a document's place.
    pub async fn spoil(&self, digest: &str, bytes: Vec<u8>) {
        // It believes every signature, but wants to see one.
        let claim = "AWS4-HMAC-SHA256 Credential=id/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let put = client().put(self.place_of(digest)).header("authorization", claim).body(bytes);
        assert_eq!(put.send().await.unwrap().status(), 200);
    }

    /// `STOP` has it stand still with its connections open, `CONT` go on.
    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Takes it away with all that it has; whoever calls is refused.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Has it at its old address again, empty.
    pub async fn start_again(&mut self) {
        self.log = tempfile::NamedTempFile::new().unwrap();
        self.process = launch(self.port, &self.more, &self.variables, self.log.reopen().unwrap());
        assert_eq!(self.until_up().await, self.port);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn launch(port: u16, more: &[String], variables: &[(&'static str, String)], log: File) -> Child {
    Command::new(program())
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .args(more)
        .envs(variables.iter().map(|(name, value)| (*name, value)))
        .env("PYTHONUNBUFFERED", "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where tests learn of the S3 server that tests/run installed"
)]
fn program() -> PathBuf {
    let program = std::env::var("BAOHAN_TEST_S3").expect(
        "BAOHAN_TEST_S3 names no program: run `tests/run`, which installs it and then runs the tests",
    );
    PathBuf::from(program)
}

/// Runs a script with the client library of the cloud's vendor, which is installed beside the server.
pub fn python(script: &str, arguments: &[&str]) -> String {
    let python = program().with_file_name("python");
    let done = Command::new(python).args(["-c", script]).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Waits for something that nobody signals.
pub async fn eventually(what: &str, come_true: impl Fn() -> bool) {
    let clock = Clock::system();
    let waiting = async {
        while !come_true() {
            clock.wait(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

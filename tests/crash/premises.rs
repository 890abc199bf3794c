//! Where a gateway's process lives and dies: its settings, its database, its port, and the platform that talks to it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use baohan_gateway::cli::demo::cast::{Actor, Credentials, Role};
use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::Clock;
use baohan_gateway::gateway;
use baohan_gateway::sandbox::hainan::{Act, Effect, Fault, Letter, Outcome, Platform, Sandbox};
use baohan_gateway::settings;
use baohan_gateway::store::Store;
use baohan_gateway::store::jobs::{self, JobState};

use crate::ground::{Database, copy_all, keys_and_seal, store_section};
#[cfg(feature = "postgres")]
use crate::ledger::Ledger;

/// Longer than this nothing takes, the start of an unoptimised program on a busy machine included.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something that does not say when it changes.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// An answer that no process lives to see.
pub const NEVER: Act = Act::Late(600_000);

/// A dead process's jobs are soon taken over, nobody waits long for another attempt, and a letter has several slices.
const QUICK: &str = r#"
[jobs.worker]
lease = "1s"
poll = "20ms"
[jobs.ordinary]
delays = ["10ms"]
repeat_last = 1000
[jobs.restorations]
delays = ["10ms"]
repeat_last = 1000
[platforms.hainan.wire.upload]
slice_bytes = 20000
"#;

pub struct Premises {
    pub sandbox: Sandbox,
    pub clock: Clock,
    folder: tempfile::TempDir,
    settings: PathBuf,
    overrides: PathBuf,
    address: SocketAddr,
}

impl Premises {
    pub async fn found(database: Database) -> Self {
        let address = free_address();
        let credentials = Credentials::generate(Role::Hainan);
        let (gateway, clock) = (format!("http://{address}"), Clock::system());
        let actor = Actor::start(Role::Hainan, &gateway, &credentials, &clock).await.unwrap();
        let Actor::Tender(sandbox) = actor else { panic!("Hainan is for tenders") };
        let folder = tempfile::tempdir().unwrap();
        copy_all(keys_and_seal(), folder.path());
        let platforms = [(Role::Hainan, sandbox.url(), &credentials)];
        let settings = props::write_settings(folder.path(), address, &platforms).unwrap();
        let overrides = folder.path().join("overrides.toml");
        std::fs::write(&overrides, format!("{}\n{QUICK}", store_section(database))).unwrap();
        Self { sandbox, clock, folder, settings, overrides, address }
    }

    /// Starts the gateway where the platform pushes to, and waits until it is ready.
    pub async fn start(&self) -> Process {
        self.start_with("", self.address).await
    }

    /// Starts one with further settings (TOML), on an address of its own.
    pub async fn start_with(&self, further: &str, address: SocketAddr) -> Process {
        self.start_as(&Part { further, ..Part::default() }, address).await
    }

    /// Starts one that does a part of the work, and waits until it is ready.
    pub async fn start_as(&self, part: &Part<'_>, address: SocketAddr) -> Process {
        let mut process = self.spawn(part, address);
        self.until_ready(&mut process).await;
        process
    }

    /// Starts one and waits for nothing.
    pub fn spawn(&self, part: &Part<'_>, address: SocketAddr) -> Process {
        let Part { role, server, further, limits } = part;
        let own = self.folder.path().join(format!("own-{}.toml", address.port()));
        std::fs::write(&own, format!("{further}\n[server]\nlisten = \"{address}\"\n{server}\n")).unwrap();
        let log = self.folder.path().join(format!("gateway-{}.log", address.port()));
        let lines: File = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new("bash");
        command.args(["-c", &format!("{limits}\nexec \"$0\" \"$@\"")]).arg(env!("CARGO_BIN_EXE_baohan"));
        for file in [&self.settings, &self.overrides, &own] {
            command.arg("--settings").arg(file);
        }
        command.arg("serve").args(role.map(|role| format!("--role={role}")));
        Process { child: command.stderr(lines).spawn().unwrap(), address, log }
    }

    pub async fn until_ready(&self, process: &mut Process) {
        self.until("the gateway is ready", async || {
            assert!(process.ended().is_none(), "it ended by itself:\n{}", process.log());
            is_ready(process.address).then_some(())
        })
        .await;
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for something to become true of the platform; shows its journal if it does not.
    pub async fn until_platform(&self, what: &str, condition: impl Fn(&Platform) -> bool) {
        if !self.sandbox.wait_until(condition, PATIENCE).await {
            let journal: Vec<String> = self.sandbox.journal().all().iter().map(ToString::to_string).collect();
            panic!("it did not come true: {what}; the platform's journal:\n{}", journal.join("\n"));
        }
    }

    /// Waits until a look finds something.
    pub async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let waiting = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                self.clock.wait(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("it did not come true: {what}"))
    }

    /// Has the platform push an application, which the gateway accepts.
    pub async fn applied(&self) -> String {
        let (applyno, answer) = self.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        applyno
    }

    /// Waits until the platform has taken a letter.
    pub async fn until_delivered(&self, applyno: &str, letter: Letter) {
        let arrived = |platform: &Platform| {
            platform.delivery(applyno).is_some_and(|it| match letter {
                Letter::Ciphertext => it.ciphertext.is_some(),
                Letter::Plaintext => it.plaintext.is_some(),
            })
        };
        self.until_platform("the letter is delivered", arrived).await;
    }

    /// Waits until the platform has acted on a call and keeps the answer back.
    pub async fn until_unanswered(&self, applyno: &str, interface: &str) {
        let taken = |platform: &Platform| {
            let exchanges = platform.journal().of(applyno);
            let last = exchanges.iter().rfind(|it| it.interface == interface);
            last.is_some_and(|it| it.outcome != Outcome::Accepted)
        };
        self.until_platform("a call is left without an answer", taken).await;
    }

    /// The platform never answers the `nth` call of an interface.
    pub fn leave_unanswered(&self, interface: &str, nth: u32) {
        self.sandbox.script(vec![Fault::on(interface, NEVER).nth(nth)]);
    }

    /// How often each slice of a letter came; always as the same bytes.
    pub fn slices(&self, applyno: &str, wanted: Letter) -> BTreeMap<u64, u32> {
        let mut times = BTreeMap::new();
        for exchange in self.sandbox.journal().of(applyno) {
            if let Some(Effect::SliceStored { letter, index }) = exchange.effect
                && letter == wanted
            {
                let times = times.entry(index).or_insert(0);
                assert_eq!(exchange.duplicate, *times > 0, "slice {index} came again as other bytes");
                *times += 1;
            }
        }
        times
    }

    /// A second pair of eyes on the gateway's database.
    pub fn store(&self) -> Store {
        let settings = settings::load(&[self.settings.clone(), self.overrides.clone()]).unwrap();
        gateway::connect_store(&settings).unwrap()
    }

    /// The database behind the gateway's back.
    #[cfg(feature = "postgres")]
    pub fn ledger(&self) -> Ledger {
        Ledger::of(
            settings::load(&[self.settings.clone(), self.overrides.clone()]).unwrap().store.url.expose(),
        )
    }

    /// Jobs that wait, run or were given up; without those that come back by the clock.
    pub async fn jobs_left(&self, store: &Store) -> Vec<(JobState, String)> {
        let counts = store.read(jobs::counts).await.unwrap();
        let once = counts.into_iter().filter(|count| count.kind != "round");
        once.map(|count| (count.state, format!("{} {}", count.count, count.kind))).collect()
    }

    /// Waits until the gateway has nothing left to do.
    pub async fn until_idle(&self) {
        let store = self.store();
        self.until("no job is left", async || self.jobs_left(&store).await.is_empty().then_some(())).await;
    }

    /// Every application has become one guarantee by now, and nothing else.
    pub fn assert_exactly_once(&self, applications: &[String]) {
        for applyno in applications {
            let delivery = self.sandbox.delivery(applyno).unwrap();
            assert!(delivery.opened && delivery.exactly_once(), "{delivery:#?}");
        }
    }
}

/// What one process is told that others are not.
#[derive(Clone, Copy, Default)]
pub struct Part<'a> {
    /// On the command line.
    pub role: Option<&'a str>,
    /// Lines of the section `[server]`.
    pub server: &'a str,
    /// Other sections.
    pub further: &'a str,
    /// What the shell that starts it does first: `ulimit -f 100`.
    pub limits: &'a str,
}

/// A running `baohan serve`; it is killed when the test ends.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    log: PathBuf,
}

impl Process {
    /// SIGKILL: it can't do anything about it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// What it answers to a GET: the whole response, or nothing where it can't be reached.
    pub fn get(&self, path: &str) -> String {
        get(self.address, path).unwrap_or_default()
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// What it has logged, warnings and worse.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that nothing listens on, below those that the system gives to outgoing connections, which come and go.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap();
    let candidates = (0..10_000).map(|_| 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000);
    let mut addresses = candidates.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).expect("no free port on loopback")
}

/// Asks `/readyz`; no answer is an answer too.
pub fn is_ready(address: SocketAddr) -> bool {
    get(address, "/readyz").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// The whole answer to a request for a page.
pub fn get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

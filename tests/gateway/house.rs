//! A gateway and a simulated platform, both listening, on a fresh database.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use baohan_gateway::cli::demo::props::{self, Credentials};
use baohan_gateway::clock::Clock;
use baohan_gateway::domain::Guarantee;
use baohan_gateway::domain::identity::{ApplicationNumber, PlatformId};
use baohan_gateway::gateway::Gateway;
use baohan_gateway::sandbox::hainan::{Platform, Sandbox, SandboxOptions};
use baohan_gateway::secret::Secret;
use baohan_gateway::settings::{self, Settings};
use baohan_gateway::store::{events, guarantees};

pub(crate) use crate::ground::{Database, on_both_databases};
use crate::ground::{copy_all, keys_and_seal, store_section};
use crate::ledger::Ledger;

/// Longer than this nothing takes on a machine that does nothing else.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway with its platform; both stop when the test ends.
pub struct House {
    pub gateway: Gateway,
    pub sandbox: Sandbox,
    pub folder: tempfile::TempDir,
    pub settings: PathBuf,
    pub overrides: PathBuf,
    pub credentials: Credentials,
}

impl House {
    /// As in a demonstration.
    pub async fn open(database: Database) -> Self {
        Self::open_with(database, "").await
    }

    /// With settings (TOML) on top of a demonstration's.
    pub async fn open_with(database: Database, overrides: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::open_on(listener, database, overrides).await
    }

    /// Where pushes are to arrive at a listener that is bound already.
    pub async fn open_on(listener: TcpListener, database: Database, overrides: &str) -> Self {
        let credentials = Credentials {
            appkey: "HN_DEMO_0001".to_owned(),
            appsecret: Secret::new("6f1d2c9a-hn-demo-secret"),
        };
        let pushed_to = format!("http://{}/platforms/{}", listener.local_addr().unwrap(), props::PLATFORM);
        let options = SandboxOptions::new(pushed_to, &credentials.appkey, credentials.appsecret.expose());
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        copy_all(keys_and_seal(), folder.path());
        let settings = props::write_settings(folder.path(), &sandbox.url(), &credentials).unwrap();
        let file = folder.path().join("overrides.toml");
        std::fs::write(&file, format!("{}\n{overrides}", store_section(database))).unwrap();
        let gateway = Gateway::start_on(listener, read(&settings, &file), Clock::system()).await.unwrap();
        Self { gateway, sandbox, folder, settings, overrides: file, credentials }
    }

    /// Where pushes of one interface go.
    pub fn address(&self, interface: &str) -> String {
        format!("http://{}/platforms/{}/{interface}", self.gateway.address, props::PLATFORM)
    }

    /// Applies with made-up data and waits until the ciphertext letter has arrived.
    pub async fn issued(&self) -> String {
        let (applyno, answer) = self.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        self.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
        applyno
    }

    /// Issues, opens, and waits until the plaintext letter has arrived.
    pub async fn restored(&self) -> String {
        let applyno = self.issued().await;
        let answer = self.sandbox.restore(&applyno).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        self.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.plaintext.is_some())).await;
        applyno
    }

    /// Waits for something to become true of the platform; shows its journal if it does not.
    pub async fn until(&self, condition: impl Fn(&Platform) -> bool) {
        if !self.sandbox.wait_until(condition, PATIENCE).await {
            let journal: Vec<String> = self.sandbox.journal().all().iter().map(ToString::to_string).collect();
            panic!("it did not come true; the platform's journal:\n{}", journal.join("\n"));
        }
    }

    /// What the gateway has stored of an application.
    pub async fn stored(&self, applyno: &str) -> Option<Guarantee> {
        let number = ApplicationNumber::new(applyno);
        let platform = PlatformId::new(props::PLATFORM);
        let found =
            self.gateway.assembly.store.read(move |c| guarantees::find_by_application(c, &platform, &number));
        found.await.unwrap().map(|stored| stored.guarantee)
    }

    /// What happened to an application, as the timeline's headings say it.
    pub async fn timeline(&self, applyno: &str) -> Vec<&'static str> {
        let id = self.stored(applyno).await.unwrap().id;
        let timeline = self.gateway.assembly.store.read(move |c| events::timeline(c, &id)).await;
        timeline.unwrap().iter().map(|entry| entry.event.title()).collect()
    }

    /// The number of an application's guarantee.
    pub async fn number(&self, applyno: &str) -> String {
        self.stored(applyno).await.unwrap().number().unwrap().to_string()
    }

    /// The database behind the gateway's back.
    pub fn ledger(&self) -> Ledger {
        Ledger::of(self.settings().store.url.expose())
    }

    /// Waits until no job is left to be done.
    pub async fn at_rest(&self) {
        let (ledger, clock) = (self.ledger(), Clock::system());
        let begun = clock.now();
        loop {
            let unfinished = ledger.unfinished_jobs();
            if unfinished.is_empty() {
                return;
            }
            let waited = clock.now().duration_since(begun);
            assert!(waited.unsigned_abs() < PATIENCE, "unfinished: {unfinished:?}");
            clock.wait(Duration::from_millis(10)).await;
        }
    }

    /// One counter of the gateway, by its name with labels; 0 where it is not there yet.
    pub fn counted(&self, name: &str) -> u64 {
        let metrics = self.gateway.assembly.metrics.encode();
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// The settings that the gateway runs with, for the program's other commands.
    pub fn settings(&self) -> Settings {
        read(&self.settings, &self.overrides)
    }
}

fn read(settings: &Path, overrides: &Path) -> Settings {
    settings::load(&[settings.to_owned(), overrides.to_owned()]).unwrap()
}

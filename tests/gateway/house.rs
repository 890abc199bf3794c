//! A gateway and a simulated platform, both listening, on a fresh database.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use baohan_gateway::cli::demo::cast::{Actor, Credentials, Role};
use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::Clock;
use baohan_gateway::domain::Guarantee;
use baohan_gateway::domain::identity::{ApplicationNumber, PlatformId};
use baohan_gateway::gateway::Gateway;
use baohan_gateway::sandbox::{Sandbox, tender::Platform};
use baohan_gateway::settings::{self, Settings};
use baohan_gateway::store::{events, guarantees};

use crate::files;
pub(crate) use crate::ground::{Database, on_both_databases};
use crate::ground::{copy_all, keys_and_seal, store_section};
use crate::ledger::Ledger;

/// Longer than this nothing takes on a machine that does nothing else.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway with its platform, Hainan unless a test says otherwise; both stop when the test ends.
pub struct House<Platform = Sandbox> {
    pub role: Role,
    pub gateway: Gateway,
    pub sandbox: Platform,
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
        House::<Actor>::open_for(Role::Hainan, listener, database, overrides).await.tender()
    }

    /// With another signer than a demonstration's, whose key and certificate the settings do not name any more. What the
    /// signer needs is made in the folder, where the keys are, and said in settings on top.
    pub async fn signing_with(
        database: Database,
        overrides: &str,
        signer: impl FnOnce(&Path) -> String,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let edit = |folder: &Path, settings: &Path| {
            let text = std::fs::read_to_string(settings).unwrap();
            let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("signer_")).collect();
            std::fs::write(settings, kept.join("\n")).unwrap();
            format!("{overrides}\n{}", signer(folder))
        };
        House::<Actor>::open_edited(Role::Hainan, listener, database, edit).await.tender()
    }

    /// With documents where the settings on top say, not in a demonstration's folder.
    pub async fn archiving_elsewhere(database: Database, overrides: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let edit = |_: &Path, settings: &Path| {
            let text = std::fs::read_to_string(settings).unwrap();
            let (before, behind) = text.split_once("[archive]\nfolder").unwrap();
            let (_, behind) = behind.split_once('\n').unwrap();
            std::fs::write(settings, format!("{before}{behind}")).unwrap();
            overrides.to_owned()
        };
        House::<Actor>::open_edited(Role::Hainan, listener, database, edit).await.tender()
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
}

impl House<Actor> {
    /// With any of the platforms, under the credentials that `tests/inputs` is signed with.
    pub async fn with(role: Role, database: Database, overrides: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::open_for(role, listener, database, overrides).await
    }

    async fn open_for(role: Role, listener: TcpListener, database: Database, overrides: &str) -> Self {
        Self::open_edited(role, listener, database, |_, _| overrides.to_owned()).await
    }

    /// `edit` is given the folder and the settings as a demonstration has them, and yields what goes on top.
    async fn open_edited(
        role: Role,
        listener: TcpListener,
        database: Database,
        edit: impl FnOnce(&Path, &Path) -> String,
    ) -> Self {
        #[cfg(feature = "postgres")]
        crate::portability::record();
        let credentials = files::credentials(role);
        let address = listener.local_addr().unwrap();
        let clock = Clock::system();
        let sandbox = Actor::start(role, &format!("http://{address}"), &credentials, &clock).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        copy_all(keys_and_seal(), folder.path());
        let platforms = [(role, sandbox.url(), &credentials)];
        let settings = props::write_settings(folder.path(), address, &platforms).unwrap();
        let overrides = edit(folder.path(), &settings);
        let file = folder.path().join("overrides.toml");
        std::fs::write(&file, format!("{}\n{overrides}", store_section(database))).unwrap();
        let gateway = Gateway::start_on(listener, read(&settings, &file), clock).await.unwrap();
        Self { role, gateway, sandbox, folder, settings, overrides: file, credentials }
    }

    /// The same with all that a platform for tenders can do.
    pub fn tender(self) -> House {
        let Self { role, gateway, sandbox, folder, settings, overrides, credentials } = self;
        let Actor::Tender(sandbox) = sandbox else { panic!("{} is not for tenders", role.id()) };
        House { role, gateway, sandbox, folder, settings, overrides, credentials }
    }
}

impl<Platform> House<Platform> {
    /// Where pushes of one interface go.
    pub fn address(&self, interface: &str) -> String {
        format!("http://{}/platforms/{}/{interface}", self.gateway.address, self.role.id())
    }

    /// What the gateway has stored of an application.
    pub async fn stored(&self, applyno: &str) -> Option<Guarantee> {
        let number = ApplicationNumber::new(applyno);
        let platform = PlatformId::new(self.role.id());
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
                break;
            }
            let waited = clock.now().duration_since(begun);
            assert!(waited.unsigned_abs() < PATIENCE, "unfinished: {unfinished:?}");
            clock.wait(Duration::from_millis(10)).await;
        }
        #[cfg(feature = "postgres")]
        crate::portability::assert_all_that_was_sent_is_portable();
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

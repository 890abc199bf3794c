//! The life from which data for the next version comes: guarantees of three platforms in different stages, and then a
//! platform that goes away, so that letters, an opening and callbacks wait.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use baohan_gateway::cli::demo::cast::{Actor, Credentials, Role};
use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::Clock;
use baohan_gateway::gateway::Gateway;
use baohan_gateway::sandbox::hainan::{Act, Fault};
use baohan_gateway::sandbox::tender::Application;
use baohan_gateway::sandbox::{Sandbox, neimenggu};
use baohan_gateway::settings;

use super::stored::{DATABASE, Stored};
use crate::core_system::receiver::SECRETS;
use crate::files;
use crate::ground::{copy_all, keys_and_seal};
use crate::house::PATIENCE;
use crate::ledger::Ledger;
use crate::pushes::{APPLICATION, APPLYNO, RESTORATION, altered, filled};

/// Its letter waits to be delivered, and nobody has opened it.
pub const UNOPENED: &str = "TBHN202406030915270002";
/// Its letter waits, and its key has arrived.
pub const WAITING: &str = "TBHN202406030915270003";
/// All its life is over but for a claim.
const RESTORED: &str = APPLYNO;

const ROLES: [Role; 3] = [Role::Hainan, Role::Zhangzhou, Role::Neimenggu];

/// The simulated platforms, under the credentials of `tests/inputs`.
pub struct Platforms {
    pub hainan: Sandbox,
    zhangzhou: Sandbox,
    neimenggu: neimenggu::Sandbox,
    credentials: [Credentials; 3],
    urls: [String; 3],
}

impl Platforms {
    /// They push to a gateway at this address.
    pub async fn start(gateway: &str) -> Self {
        let clock = Clock::system();
        let credentials = ROLES.map(files::credentials);
        let [hainan, zhangzhou, neimenggu] =
            [0, 1, 2].map(|it| Actor::start(ROLES[it], gateway, &credentials[it], &clock));
        let (hainan, zhangzhou) = (hainan.await.unwrap(), zhangzhou.await.unwrap());
        let neimenggu = neimenggu.await.unwrap();
        let urls = [hainan.url(), zhangzhou.url(), neimenggu.url()];
        let (Actor::Tender(hainan), Actor::Tender(zhangzhou), Actor::Procurement(neimenggu)) =
            (hainan, zhangzhou, neimenggu)
        else {
            panic!("two are for tenders")
        };
        Self { hainan, zhangzhou, neimenggu, credentials, urls }
    }

    pub fn for_settings(&self) -> [(Role, String, &Credentials); 3] {
        [0, 1, 2].map(|it| (ROLES[it], self.urls[it].clone(), &self.credentials[it]))
    }
}

/// The application of `tests/inputs` under another number.
fn pushed(applyno: &str) -> String {
    altered(APPLICATION, &[("applyno", applyno)])
}

pub fn application(applyno: &str) -> Application {
    files::application(Role::Hainan, &pushed(applyno))
}

/// Everything is told to this address, and tried again soon, as is all other work.
pub fn callbacks(address: SocketAddr) -> String {
    format!(
        "[jobs.ordinary]\ndelays = [\"50ms\"]\nrepeat_last = 100000\n\
         [jobs.restorations]\ndelays = [\"50ms\"]\nrepeat_last = 100000\n\
         [callbacks]\nurl = \"http://{address}/callbacks\"\nsecret = \"whsec_{}\"\n\
         [callbacks.schedule]\ndelays = [\"200ms\"]\nrepeat_last = 100000\n",
        SECRETS[0]
    )
}

/// The gateway that writes: another program, or this one.
enum Writer {
    Process(Child),
    Here(Box<Gateway>),
}

impl Writer {
    async fn start(program: Option<&Path>, settings: &[PathBuf], listener: TcpListener) -> Self {
        let Some(program) = program else {
            let settings = settings::load(settings).unwrap();
            return Self::Here(Box::new(
                Gateway::start_on(listener, settings, Clock::system()).await.unwrap(),
            ));
        };
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut command = Command::new(program);
        for file in settings {
            command.arg("--settings").arg(file);
        }
        let process = command.arg("serve").spawn().unwrap();
        let clock = Clock::system();
        let answers = async {
            while tokio::net::TcpStream::connect(address).await.is_err() {
                clock.wait(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answers).await.unwrap();
        Self::Process(process)
    }

    async fn stop(self) {
        match self {
            Self::Here(gateway) => gateway.stop().await,
            Self::Process(mut process) => {
                let id = process.id().to_string();
                assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
                process.wait().unwrap();
            }
        }
    }
}

/// Has a gateway live, and takes up what it has stored. Without a program, it is this one.
pub async fn make(program: Option<&Path>) -> Stored {
    let folder = tempfile::tempdir().unwrap();
    copy_all(keys_and_seal(), folder.path());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let platforms = Platforms::start(&format!("http://{address}")).await;
    let file = props::write_settings(folder.path(), address, &platforms.for_settings()).unwrap();
    let overrides = folder.path().join("overrides.toml");
    // Nobody listens at the port of discarded texts.
    std::fs::write(&overrides, callbacks(SocketAddr::from(([127, 0, 0, 1], 9)))).unwrap();

    let writer = Writer::start(program, &[file, overrides], listener).await;
    let ledger = Ledger::of(folder.path().join(DATABASE).to_str().unwrap());
    live(&platforms, &ledger).await;
    writer.stop().await;
    Stored::take(folder.path())
}

async fn live(platforms: &Platforms, ledger: &Ledger) {
    let hainan = &platforms.hainan;
    apply(hainan, RESTORED).await;
    assert!(hainan.wait_until(|it| it.delivery(RESTORED).unwrap().ciphertext.is_some(), PATIENCE).await);
    assert!(hainan.restore(RESTORED).await.unwrap().is_accepted());
    assert!(hainan.wait_until(|it| it.delivery(RESTORED).unwrap().plaintext.is_some(), PATIENCE).await);
    assert!(hainan.claim(RESTORED).await.unwrap().is_accepted());

    let zhangzhou = &platforms.zhangzhou;
    let (applyno, answer) = zhangzhou.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    assert!(zhangzhou.wait_until(|it| it.delivery(&applyno).unwrap().approved == Some(true), PATIENCE).await);
    let neimenggu = &platforms.neimenggu;
    let (number, answer) = neimenggu.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    assert!(neimenggu.wait_until(|it| it.delivery(&number).unwrap().guarantee_id.is_some(), PATIENCE).await);
    let only_callbacks = "SELECT kind AS line FROM jobs WHERE state IN ('ready', 'running') \
                          AND kind NOT IN ('round', 'callback')";
    until(|| ledger.lines(only_callbacks).is_empty()).await;

    // The platform pushes on, and takes nothing.
    let away = Fault { interface: None, nth: 1, repeat: true, every: None, act: Act::Status(503) };
    hainan.script(vec![away]);
    for applyno in [UNOPENED, WAITING] {
        apply(hainan, applyno).await;
        until(|| stage(ledger, applyno) == "issued").await;
    }
    let number = ledger.lines(&of(WAITING, "guarantee_number")).remove(0);
    let opening = filled(&altered(RESTORATION, &[("applyno", WAITING)]), &number);
    let answer = hainan.push_raw("baohanrestore", opening).await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    assert_eq!(stage(ledger, WAITING), "opened");
}

async fn apply(platform: &Sandbox, applyno: &str) {
    platform.enter(application(applyno)).unwrap();
    let answer = platform.push_raw("baohanapply", pushed(applyno)).await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
}

fn of(applyno: &str, column: &str) -> String {
    format!("SELECT {column} AS line FROM guarantees WHERE application_number = '{applyno}'")
}

fn stage(ledger: &Ledger, applyno: &str) -> String {
    ledger.lines(&of(applyno, "stage")).remove(0)
}

async fn until(condition: impl Fn() -> bool) {
    let (clock, begun) = (Clock::system(), Clock::system().now());
    while !condition() {
        assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "it did not come true");
        clock.wait(Duration::from_millis(20)).await;
    }
}

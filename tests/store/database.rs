//! A fresh database per test, on SQLite in a temporary folder or on the PostgreSQL that the environment names.

use std::sync::Arc;
use std::time::Duration;

use baohan_gateway::casework::Task;
use baohan_gateway::crypto::keyring::Keyring;
use baohan_gateway::domain::application::Application;
use baohan_gateway::domain::guarantee::{Guarantee, LetterKind};
use baohan_gateway::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber, PlatformId};
use baohan_gateway::domain::money::Fen;
use baohan_gateway::domain::particulars::Particulars;
use baohan_gateway::domain::party::{Contact, Party};
use baohan_gateway::domain::premium::Rate;
use baohan_gateway::domain::section::{Ciphertext, SealedSection, Secrecy};
use baohan_gateway::domain::terms::{Terms, Validity};
use baohan_gateway::secret::Secret;
use baohan_gateway::store::jobs::suspicion::Suspects;
use baohan_gateway::store::jobs::{Claim, ClaimedJob, Compartment, JobId, Lane, NewJob};
use baohan_gateway::store::{Connection, Store, StoreError, StoreOptions, jobs};
use diesel::Connection as _;
#[cfg(feature = "postgres")]
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel::sqlite::SqliteConnection;
use jiff::Timestamp;

/// Defines tests that run on both databases.
macro_rules! on_both_databases {
    ($(async fn $name:ident($db:ident: Database) $body:block)*) => {
        $(async fn $name($db: Database) $body)*

        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::database::in_time(async { super::$name($crate::database::Database::sqlite().await).await }).await;
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::database::in_time(async { super::$name($crate::database::Database::postgres().await).await }).await;
                }
            )*
        }
    };
}
pub(crate) use on_both_databases;

/// A migrated store, and a way around it for looking and for meddling.
pub struct Database {
    pub store: Store,
    pub url: String,
    pub folder: tempfile::TempDir,
}

/// A connection of the test's own.
pub enum Raw {
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

/// Runs one expression on either kind of connection.
macro_rules! raw {
    ($raw:expr, |$link:ident| $body:expr) => {
        match $raw {
            $crate::database::Raw::Sqlite($link) => $body,
            #[cfg(feature = "postgres")]
            $crate::database::Raw::Postgres($link) => $body,
        }
    };
}
pub(crate) use raw;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Nullable<Text>)]
    line: Option<String>,
}

impl Database {
    pub async fn sqlite() -> Self {
        let database = Self::empty_sqlite();
        database.store.migrate().await.unwrap();
        database
    }

    pub fn empty_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        Self { store: open(&url, &StoreOptions::default()), url, folder }
    }

    #[cfg(feature = "postgres")]
    pub async fn postgres() -> Self {
        let database = Self::empty_postgres();
        database.store.migrate().await.unwrap();
        database
    }

    #[cfg(feature = "postgres")]
    pub fn empty_postgres() -> Self {
        let server = server();
        let name = format!("t_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::establish(&server).unwrap();
        diesel::sql_query(format!("CREATE DATABASE {name}")).execute(&mut admin).unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let folder = tempfile::tempdir().unwrap();
        Self { store: open(&url, &StoreOptions::default()), url, folder }
    }

    /// A store of the same database with other options, as another process would have.
    pub fn reopen(&self, options: &StoreOptions) -> Store {
        open(&self.url, options)
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    pub fn raw(&self) -> Raw {
        match self.url.strip_prefix("sqlite:") {
            Some(path) => {
                let mut link = SqliteConnection::establish(path).unwrap();
                diesel::sql_query("PRAGMA busy_timeout = 10000").execute(&mut link).unwrap();
                Raw::Sqlite(link)
            }
            #[cfg(feature = "postgres")]
            None => Raw::Postgres(PgConnection::establish(&self.url).unwrap()),
            #[cfg(not(feature = "postgres"))]
            None => panic!("this test program is built without PostgreSQL"),
        }
    }

    /// Runs a statement around the store, and returns how many rows it changed.
    pub fn execute(&self, sql: &str) -> usize {
        raw!(&mut self.raw(), |link| diesel::sql_query(sql).execute(link)).unwrap()
    }

    /// Runs several statements around the store.
    #[cfg(feature = "postgres")]
    pub fn execute_all(&self, sql: &str) {
        raw!(&mut self.raw(), |link| diesel::connection::SimpleConnection::batch_execute(link, sql)).unwrap();
    }

    /// The same through a connection to SQLite that knows nothing of this database but its path.
    pub fn look_from_outside(url: &str, sql: &str) -> Vec<String> {
        let mut link = SqliteConnection::establish(url.strip_prefix("sqlite:").unwrap()).unwrap();
        let rows: Vec<Line> = diesel::sql_query(sql).load(&mut link).unwrap();
        rows.into_iter().filter_map(|row| row.line).collect()
    }

    /// The column `line` of a query's rows.
    pub fn lines(&self, sql: &str) -> Vec<String> {
        let rows: Vec<Line> = raw!(&mut self.raw(), |link| diesel::sql_query(sql).load(link)).unwrap();
        rows.into_iter().map(|row| row.line.unwrap_or_else(|| "NULL".to_owned())).collect()
    }

    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> T {
        self.store.write(work).await.unwrap()
    }

    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> T {
        self.store.read(work).await.unwrap()
    }

    pub async fn enqueue(&self, job: NewJob) -> JobId {
        self.write(move |c| jobs::enqueue(c, &job)).await
    }

    pub async fn claim(&self, owner: &str, limit: u32) -> Vec<ClaimedJob> {
        self.claim_excluding(owner, limit, &[]).await
    }

    pub async fn claim_excluding(&self, owner: &str, limit: u32, excluded: &[&str]) -> Vec<ClaimedJob> {
        let excluded = excluded.iter().map(|id| PlatformId::new(*id)).collect();
        let (owner, lease) = (owner.to_owned(), Duration::from_secs(60));
        let (compartments, suspects) = (vec![Compartment::any(limit)], Suspects::default());
        let claim = Claim { owner, lease, excluded, only: None, calls: Task::CALLS, compartments, suspects };
        self.write(move |c| jobs::claim(c, &claim)).await
    }

    /// Ends every lease, as the passing of time would.
    pub fn expire_leases(&self) {
        self.execute("UPDATE jobs SET due_at = 1 WHERE state = 'running'");
    }

    pub async fn job(&self, id: &JobId) -> jobs::Record {
        let id = id.clone();
        self.read(move |c| jobs::find(c, &id)).await.unwrap()
    }

    /// How the attempts of a job ended, in order.
    pub async fn attempts(&self, id: &JobId) -> Vec<String> {
        let id = id.clone();
        let attempts = self.read(move |c| jobs::attempts(c, &id)).await;
        attempts.into_iter().map(|attempt| attempt.outcome).collect()
    }
}

/// A test that waits for what never comes fails instead of holding up all others.
pub async fn in_time(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(60), test).await.unwrap();
}

pub fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::from_master(&[7; 32]))
}

fn open(url: &str, options: &StoreOptions) -> Store {
    let options = StoreOptions { url: Secret::new(url), connections: 8, ..options.clone() };
    Store::open(&options, keyring()).unwrap()
}

#[cfg(feature = "postgres")]
#[expect(clippy::disallowed_methods, reason = "tests have no settings; tests/run names its server here")]
fn server() -> String {
    std::env::var("BAOHAN_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "BAOHAN_TEST_POSTGRES is not set: run tests/run, which starts a private PostgreSQL and sets it"
        )
    })
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Some fixed time; the database's own clock is decades later, never earlier.
pub fn long_ago() -> Timestamp {
    instant("2001-01-01T00:00:00Z")
}

pub fn in_a_year() -> Timestamp {
    let now = baohan_gateway::clock::Clock::system().now() + jiff::SignedDuration::from_hours(24 * 365);
    // As a database keeps it.
    now.round(jiff::Unit::Microsecond).unwrap()
}

pub fn application(number: &str) -> Application {
    let ciphertext = |text: &str| Ciphertext::new(text);
    Application {
        number: ApplicationNumber::new(number),
        platform_code: None,
        applicant: Party {
            name: "海南测试建设有限公司".to_owned(), code: "91460000MA5T000001".to_owned()
        },
        contact: Contact { name: Some("planted-contact".to_owned()), phone: Some("13800001234".to_owned()) },
        amount: "800000.00".parse().unwrap(),
        section: SealedSection {
            number: ciphertext("c2VjdGlvbg=="),
            name: ciphertext("planted-ciphertext"),
            beneficiary: ciphertext("YmVuZWZpY2lhcnk="),
            beneficiary_code: None,
        },
        particulars: Particulars::default(),
        secrecy: Secrecy::UntilOpening,
    }
}

pub fn guarantee(platform: &str, number: &str) -> Guarantee {
    Guarantee::apply(GuaranteeId::generate(), PlatformId::new(platform), application(number), long_ago())
}

pub fn terms(number: &str) -> Terms {
    Terms {
        guarantee_number: GuaranteeNumber::new(number),
        premium: Fen::new(320_000).unwrap(),
        rate: Rate("0.004".parse().unwrap()),
        issuer: "海南分公司".to_owned(),
        validity: Validity { from: None, days_after_bid_validity: 28, latest: "2027-12-31".parse().unwrap() },
    }
}

pub const LETTERS: [LetterKind; 2] = [LetterKind::Ciphertext, LetterKind::Merged];

/// The lane of a guarantee.
pub fn lane_of(guarantee: &str) -> Lane {
    Lane::of_guarantee(&GuaranteeId::new(guarantee))
}

/// A job that is due at once.
pub fn job(platform: &str, lane: &str, kind: &str) -> NewJob {
    NewJob {
        platform: PlatformId::new(platform),
        lane: lane_of(lane),
        kind: kind.to_owned(),
        payload: serde_json::json!({ "note": "planted-payload" }),
        deadline: instant("2030-01-01T00:00:00Z"),
        wait: Duration::ZERO,
    }
}

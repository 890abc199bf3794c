//! One connection to either database, and everything in which the two differ.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
#[cfg(feature = "postgres")]
use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, RunQueryDsl as _};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::options::StoreOptions;
use crate::crypto::keyring::{Context, KeyId, Keyring};
use crate::crypto::private_file;
use crate::supervise::panic_text;

/// Runs one query text on whichever database the connection leads to; the text is compiled once for each.
macro_rules! on {
    ($connection:expr, |$link:ident| $body:expr) => {
        match &mut $connection.link {
            $crate::store::connection::Link::Sqlite($link) => $body,
            #[cfg(feature = "postgres")]
            $crate::store::connection::Link::Postgres($link) => $body,
        }
    };
}
pub(super) use on;

/// A connection inside a transaction, with the keyring that seals what may not be stored in the clear.
pub struct Connection {
    pub(super) link: Link,
    fragments: &'static Fragments,
    /// Its keyring, and the way to a second look at the database's keys.
    opener: Opener,
    /// Set where a job was enqueued or became due, so that workers are woken after the commit.
    pub(super) work_is_ready: bool,
    /// Set by the first error that says that the database is gone: the pool drops the connection.
    broken: bool,
}

pub(super) enum Link {
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

/// The fragments of SQL that are not the same on both.
pub(super) struct Fragments {
    /// The database's clock in microseconds since 1970: replicas' own clocks differ.
    pub now: &'static str,
    /// Appended to the selection of the jobs that are about to be claimed.
    pub lock_jobs: &'static str,
    /// The function that finds a text within a text, from 1; 0 where it is not there.
    pub find_text: &'static str,
}

const SQLITE: Fragments = Fragments {
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000",
    lock_jobs: "",
    find_text: "instr",
};
#[cfg(feature = "postgres")]
const POSTGRES: Fragments = Fragments {
    now: "(extract(epoch from clock_timestamp()) * 1000000)::bigint",
    lock_jobs: " FOR UPDATE OF job SKIP LOCKED",
    find_text: "strpos",
};
/// For engines of PostgreSQL's family that can't pass over locked rows: workers wait for each other's claims.
#[cfg(feature = "postgres")]
const POSTGRES_WAITING: Fragments = Fragments { lock_jobs: " FOR UPDATE OF job", ..POSTGRES };

/// Whether a standby answers, or a server that was closed to writes.
#[cfg(feature = "postgres")]
#[derive(diesel::QueryableByName)]
struct ReadOnly {
    #[diesel(sql_type = diesel::sql_types::Text)]
    answer: String,
}

/// What a connection is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    /// SQLite refuses to write on such a connection.
    Read,
}

/// Opens connections: where to, and with which keyring.
#[derive(Clone)]
pub(super) struct Opener {
    pub target: Target,
    pub keyring: Arc<Keyring>,
}

#[derive(Clone)]
pub(super) enum Target {
    Sqlite {
        path: String,
    },
    #[cfg(feature = "postgres")]
    Postgres {
        url: crate::secret::Secret,
        /// [`StoreOptions::skip_locked`].
        skip_locked: bool,
    },
}

impl Target {
    pub fn parse(options: &StoreOptions) -> Result<Self, StoreError> {
        let url = options.url.expose();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            #[cfg(feature = "postgres")]
            return Ok(Self::Postgres {
                url: crate::secret::Secret::new(with_limits(url)),
                skip_locked: options.skip_locked,
            });
            #[cfg(not(feature = "postgres"))]
            return Err(StoreError::Unusable(
                "it names PostgreSQL, and this program was built without it (cargo feature `postgres`)"
                    .to_owned(),
            ));
        }
        match url.strip_prefix("sqlite:").unwrap_or(url) {
            "" | ":memory:" => Err(StoreError::Unusable("expected the path of a file".to_owned())),
            other if other.contains("://") => {
                // What follows may be a password.
                let scheme = other.split("://").next().unwrap_or_default();
                Err(StoreError::Unusable(format!(
                    "expected the path of a file, or postgres://user@host/database, found `{scheme}://`"
                )))
            }
            path => Ok(Self::Sqlite { path: path.to_owned() }),
        }
    }
}

/// How long a connection may take to come about (seconds), how long sent bytes may go unacknowledged
/// (milliseconds), and after how many idle seconds the peer is asked whether it is there. Without these, each of the
/// pool's connections may wait a quarter of an hour for a server that has vanished from the network.
#[cfg(feature = "postgres")]
const LIMITS: [(&str, &str); 4] = [
    ("connect_timeout", "5"),
    ("tcp_user_timeout", "15000"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
];

/// Adds the limits that the settings leave open.
#[cfg(feature = "postgres")]
fn with_limits(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in LIMITS {
        if !url.contains(&format!("{name}=")) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&format!("{name}={value}"));
        }
    }
    url
}

impl Opener {
    pub fn open(&self, purpose: Purpose) -> Result<Connection, StoreError> {
        let (link, fragments) = match &self.target {
            Target::Sqlite { path } => (Link::Sqlite(open_sqlite(path, purpose)?), &SQLITE),
            #[cfg(feature = "postgres")]
            Target::Postgres { url, skip_locked } => {
                let link = PgConnection::establish(url.expose());
                let link = link.map_err(|error| StoreError::Unavailable(error.to_string()))?;
                (Link::Postgres(link), if *skip_locked { &POSTGRES } else { &POSTGRES_WAITING })
            }
        };
        Ok(Connection { link, fragments, opener: self.clone(), work_is_ready: false, broken: false })
    }

    /// Looks for a key that is not here, once for each: another replica may have made it a moment ago. The look has a
    /// connection of its own, since whoever needs the key is in the middle of a transaction.
    fn look_for(&self, key: KeyId) {
        if self.keyring.may_be_new(key)
            && let Err(error) = self.open(Purpose::Read).and_then(|mut connection| connection.load_keys())
        {
            tracing::warn!(%error, key = hex::encode(key), "a key that is not here could not be looked for");
        }
    }
}

fn open_sqlite(path: &str, purpose: Purpose) -> Result<SqliteConnection, StoreError> {
    let unavailable = |error: String| StoreError::Unavailable(format!("`{path}`: {error}"));
    if let Some(folder) = Path::new(path).parent() {
        private_file::make_folder(folder).map_err(|error| unavailable(error.to_string()))?;
    }
    let mut link = SqliteConnection::establish(path).map_err(|error| unavailable(error.to_string()))?;
    // The waiting time comes first: without it, the second of two openers fails at the journal mode. FULL, because
    // NORMAL loses acknowledged rows at a power cut. Larger checkpoints lengthen the slowest writes.
    link.batch_execute(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 1000;",
    )?;
    if purpose == Purpose::Read {
        link.batch_execute("PRAGMA query_only = ON;")?;
    }
    Ok(link)
}

impl Connection {
    pub(super) fn fragments(&self) -> &'static Fragments {
        self.fragments
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.opener.keyring
    }

    /// Seals the content of a column; it opens only in the same place.
    pub(super) fn seal(&self, table: &str, row: &str, column: &str, plaintext: &[u8]) -> Vec<u8> {
        self.keyring().seal(&Context { table, row, column }, plaintext)
    }

    /// Opens what [`Self::seal`] sealed.
    pub(super) fn unseal(
        &self,
        table: &'static str,
        row: &str,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let place = Context { table, row, column };
        if let Some(key) = Keyring::id_of(sealed) {
            self.opener.look_for(key);
        }
        self.keyring().open(&place, sealed).map_err(|error| StoreError::damaged(table, row, error))
    }

    /// The keyed fingerprint of a text ([`Keyring::mark`]), for a column that is searched by what may not stand in it.
    pub(super) fn mark(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        self.keyring().mark(purpose, parts)
    }

    /// The id of the key that seals now.
    pub(super) fn key_id(&self) -> KeyId {
        self.keyring().key_id()
    }

    /// The id of the key that links new entries of the audit trail.
    pub(super) fn linking_id(&self) -> KeyId {
        self.keyring().linking_id()
    }

    /// The code of an entry of the audit trail ([`Keyring::link`]).
    pub(super) fn chain_code(&self, key: KeyId, text: &[u8]) -> Option<[u8; 32]> {
        self.opener.look_for(key);
        self.keyring().link(key, text)
    }

    /// Whether the pool should drop this connection rather than lend it again.
    pub(super) fn is_broken(&mut self) -> bool {
        self.broken || on!(self, |link| AnsiTransactionManager::is_broken_transaction_manager(link))
    }

    /// Asks the database whether it is there.
    pub(super) fn ping(&mut self) -> Result<(), StoreError> {
        on!(self, |link| diesel::sql_query("SELECT 1").execute(link))?;
        Ok(())
    }

    /// Asks the database whether it takes writes. One that has no room for them says so only when it is written to.
    pub(super) fn try_writing(&mut self) -> Result<(), StoreError> {
        match &mut self.link {
            // Writes one page; nobody else uses this number.
            Link::Sqlite(link) => diesel::sql_query("PRAGMA user_version = 0").execute(link)?,
            #[cfg(feature = "postgres")]
            Link::Postgres(link) => {
                let query = diesel::sql_query("SELECT current_setting('transaction_read_only') AS answer");
                let ReadOnly { answer } = query.get_result(link)?;
                if answer != "off" {
                    return Err(StoreError::Unavailable("it takes no writes at present".to_owned()));
                }
                0
            }
        };
        Ok(())
    }

    pub(super) fn begin_writing(&mut self) -> Result<(), StoreError> {
        let begun = match &mut self.link {
            // A deferred BEGIN that reads before it writes fails with "database is locked" under load.
            Link::Sqlite(link) => AnsiTransactionManager::begin_transaction_sql(link, "BEGIN IMMEDIATE"),
            #[cfg(feature = "postgres")]
            Link::Postgres(link) => AnsiTransactionManager::begin_transaction(link),
        };
        self.noticing(begun.map_err(StoreError::from))
    }

    /// Begins a transaction that sees one state of the database throughout.
    pub(super) fn begin_reading(&mut self) -> Result<(), StoreError> {
        let begun = match &mut self.link {
            Link::Sqlite(link) => AnsiTransactionManager::begin_transaction(link),
            #[cfg(feature = "postgres")]
            Link::Postgres(link) => AnsiTransactionManager::begin_transaction_sql(
                link,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            ),
        };
        self.noticing(begun.map_err(StoreError::from))
    }

    /// Begins a savepoint inside the present transaction.
    pub(super) fn begin_nested(&mut self) -> Result<(), StoreError> {
        let begun = on!(self, |link| AnsiTransactionManager::begin_transaction(link));
        self.noticing(begun.map_err(StoreError::from))
    }

    /// Commits the innermost transaction or savepoint.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        let committed = on!(self, |link| AnsiTransactionManager::commit_transaction(link));
        self.noticing(committed.map_err(StoreError::from))
    }

    fn roll_back(&mut self) -> Result<(), StoreError> {
        let undone = on!(self, |link| AnsiTransactionManager::rollback_transaction(link));
        self.noticing(undone.map_err(StoreError::from))
    }

    /// Does the work inside the transaction or savepoint that was just begun, and ends it: committed where the work
    /// succeeded, rolled back where it failed or panicked.
    pub(super) fn conclude<T>(
        &mut self,
        work: &dyn Fn(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let depth = self.depth()?;
        let woken_before = self.work_is_ready;
        let outcome = match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(outcome) => outcome,
            Err(panic) => Err(StoreError::Panicked(panic_text(&*panic).to_owned())),
        };
        let failure = match self.noticing(outcome) {
            Ok(value) => match self.commit() {
                Ok(()) => return Ok(value),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        self.work_is_ready = woken_before;
        while self.depth().is_ok_and(|now| now >= depth) {
            if let Err(error) = self.roll_back() {
                // SQLite has undone the whole transaction by itself, or the server is gone: either way, nothing that
                // was begun on this connection can be trusted.
                self.broken = true;
                return Err(match failure {
                    StoreError::Unavailable(_) => failure,
                    other => StoreError::Unavailable(format!("{other}; and undoing it failed: {error}")),
                });
            }
        }
        Err(failure)
    }

    /// Does part of a transaction as a whole: where the work ends in a failure of its own, nothing that it wrote stays,
    /// and the transaction goes on.
    ///
    /// # Errors
    /// As the work; then nothing of the transaction may be committed.
    pub fn all_or_nothing<T, E>(
        &mut self,
        work: impl Fn(&mut Self) -> Result<Result<T, E>, StoreError>,
    ) -> Result<Result<T, E>, StoreError> {
        let failure = RefCell::new(None);
        self.begin_nested()?;
        let done = self.conclude(&|connection| {
            work(connection)?.map_err(|reason| {
                failure.replace(Some(reason));
                StoreError::Conflict
            })
        });
        match (done, failure.into_inner()) {
            (Err(_), Some(reason)) => Ok(Err(reason)),
            (done, _) => done.map(Ok),
        }
    }

    fn depth(&mut self) -> Result<u32, StoreError> {
        let status: QueryResult<_> =
            on!(self, |link| AnsiTransactionManager::transaction_manager_status_mut(link)
                .transaction_depth());
        Ok(status?.map_or(0, std::num::NonZeroU32::get))
    }

    fn noticing<T>(&mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(outcome, Err(StoreError::Unavailable(_))) {
            self.broken = true;
        }
        outcome
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_vanishes_is_noticed_unless_the_settings_say_otherwise() {
        let limits = "connect_timeout=5&tcp_user_timeout=15000&keepalives_idle=10&keepalives_interval=5";
        assert_eq!(with_limits("postgres://a@b/c"), format!("postgres://a@b/c?{limits}"));
        let own = "postgres://a@b/c?sslmode=require&connect_timeout=60";
        let rest = "tcp_user_timeout=15000&keepalives_idle=10&keepalives_interval=5";
        assert_eq!(with_limits(own), format!("{own}&{rest}"));
    }
}

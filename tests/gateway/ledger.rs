//! Looking into the gateway's database with a connection of the test's own.

use diesel::connection::SimpleConnection as _;
#[cfg(feature = "postgres")]
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _};

/// Everything that a push may change, one line for each row. Messages are not among it: every push leaves one. Nor are
/// the jobs that come back by the clock.
const STATE: &str = "SELECT 'guarantee ' || id || ' ' || stage || ' ' || CAST(version AS TEXT) AS line FROM guarantees
    UNION ALL SELECT 'event ' || guarantee_id || ' ' || CAST(number AS TEXT) || ' ' || kind FROM events
    UNION ALL SELECT 'job ' || id || ' ' || kind || ' ' || state || ' ' || CAST(attempts AS TEXT) FROM jobs
        WHERE kind <> 'round'
    UNION ALL SELECT 'binding ' || interface || ' ' || business_key || ' ' || content || ' ' || message_id FROM bindings
    UNION ALL SELECT 'key ' || guarantee_id || ' ' || purpose || ' ' || CAST(stored_at AS TEXT) FROM wrapped_keys
    UNION ALL SELECT 'document ' || guarantee_id || ' ' || digest FROM documents
    ORDER BY 1";

pub struct Ledger {
    url: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Ledger {
    /// Of the database that the setting `store.url` names.
    pub fn of(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// Changes something behind the gateway's back.
    pub fn execute(&self, sql: &str) {
        match self.url.starts_with("postgres:") {
            #[cfg(feature = "postgres")]
            true => PgConnection::establish(&self.url).unwrap().batch_execute(sql).unwrap(),
            _ => {
                let mut link = SqliteConnection::establish(&self.url).unwrap();
                link.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                link.batch_execute(sql).unwrap();
            }
        }
    }

    /// Tries to change something that a constraint of the database forbids.
    pub fn refuses(&self, sql: &str) {
        let tried = match self.url.starts_with("postgres:") {
            #[cfg(feature = "postgres")]
            true => PgConnection::establish(&self.url).unwrap().batch_execute(sql),
            _ => {
                let mut link = SqliteConnection::establish(&self.url).unwrap();
                link.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                link.batch_execute(sql)
            }
        };
        let refusal = tried.expect_err(sql).to_string();
        assert!(refusal.contains("constraint"), "{sql}: {refusal}");
    }

    /// The column `line` of a query's rows.
    pub fn lines(&self, sql: &str) -> Vec<String> {
        let rows: Vec<Line> = match self.url.starts_with("postgres:") {
            #[cfg(feature = "postgres")]
            true => diesel::sql_query(sql).load(&mut PgConnection::establish(&self.url).unwrap()).unwrap(),
            _ => {
                let mut link = SqliteConnection::establish(&self.url).unwrap();
                link.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                diesel::sql_query(sql).load(&mut link).unwrap()
            }
        };
        rows.into_iter().map(|row| row.line).collect()
    }

    /// Everything that a push may change.
    pub fn state(&self) -> Vec<String> {
        self.lines(STATE)
    }

    /// Rounds aside, of which one is always waiting.
    pub fn unfinished_jobs(&self) -> Vec<String> {
        self.lines("SELECT kind || ' ' || state AS line FROM jobs WHERE state IN ('ready', 'running') AND kind <> 'round'")
    }

    /// The kinds of all jobs that there ever were, sorted; but for those that come back by the clock.
    pub fn jobs(&self) -> Vec<String> {
        self.lines("SELECT kind AS line FROM jobs WHERE kind <> 'round' ORDER BY kind")
    }

    /// The ids of the messages of a request, of which there is one or none.
    pub fn messages(&self, request_id: &str) -> Vec<String> {
        assert!(request_id.chars().all(|it| it.is_ascii_hexdigit() || it == '-'), "{request_id}");
        self.lines(&format!("SELECT id AS line FROM messages WHERE request_id = '{request_id}'"))
    }

    /// How the pushes ended, oldest first.
    pub fn outcomes(&self) -> Vec<String> {
        self.lines("SELECT outcome AS line FROM messages WHERE direction = 'in' ORDER BY at, id")
    }
}

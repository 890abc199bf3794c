//! What is said to PostgreSQL is kept to what its relatives understand too: CockroachDB, YugabyteDB, KingbaseES, openGauss.
//!
//! Every statement that the gateways of this test program send is recorded and judged, and whoever waits for a gateway to
//! come to rest sees to it that nothing was objected to so far: while all platforms live their whole lives, while the core
//! system acts, and while everything goes wrong. The migrations are read from their files.
//!
//! Two judgements. Lists are compared as `= ANY($1)`, which binds an array: the four take arrays as parameters, although
//! columns of arrays are avoided. The table in which the migrations' library notes what it has run has a column of type
//! `TIMESTAMP`: it is the library's own, the four have the type, and nothing of ours reads it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, LazyLock, Mutex};

use baohan_gateway::sandbox::{Act, Fault};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::pg::PgConnection;
use diesel::{Connection as _, RunQueryDsl as _, sql_query};

use crate::ground::fresh_postgres;
use crate::house::{Database, House};

/// What is avoided, as words and signs that follow one another, each list with its reason.
const AVOIDED: &[(&str, &[&str])] = &[
    (
        "not everywhere: workers look for jobs, and are told within their process",
        &["LISTEN", "NOTIFY", "UNLISTEN", "PG_NOTIFY"],
    ),
    (
        "no advisory locks, or locks that lock nothing",
        &[
            "PG_ADVISORY_LOCK",
            "PG_ADVISORY_XACT_LOCK",
            "PG_TRY_ADVISORY_LOCK",
            "PG_TRY_ADVISORY_XACT_LOCK",
            "PG_ADVISORY_UNLOCK",
        ],
    ),
    ("locks of tables are missing or without effect", &["LOCK TABLE", "LOCK IN"]),
    (
        "ids are made by the gateway: counted keys make hot spots, and numbers differ",
        &[
            "SERIAL",
            "BIGSERIAL",
            "SMALLSERIAL",
            "SEQUENCE",
            "NEXTVAL",
            "CURRVAL",
            "SETVAL",
            "IDENTITY",
            "AUTOINCREMENT",
        ],
    ),
    (
        "JSON is text here; its operators differ",
        &["JSON", "JSONB", "->", "->>", "#>", "#>>", "@>", "<@", "?|", "?&"],
    ),
    ("openGauss has another way", &["ON CONFLICT", "ON DUPLICATE", "MERGE INTO"]),
    (
        "no code in the database",
        &["TRIGGER", "FUNCTION", "PROCEDURE", "CALL", "DO", "EXTENSION", "CREATE RULE", "EXECUTE PROCEDURE"],
    ),
    ("types of one's own", &["ENUM", "CREATE TYPE", "CREATE DOMAIN", "COMPOSITE"]),
    ("columns of arrays, and their functions", &["ARRAY", "UNNEST", "[", "]", "ARRAY_AGG", "ALL ("]),
    ("constraints that wait for the end", &["DEFERRABLE", "DEFERRED", "EXCLUDE"]),
    ("tables of a session", &["TEMP", "TEMPORARY", "UNLOGGED"]),
    (
        "columns are TEXT, BIGINT and BYTEA: what others hold differs between engines",
        &[
            "NUMERIC",
            "DECIMAL",
            "TIMESTAMP",
            "TIMESTAMPTZ",
            "DATE",
            "TIME",
            "INTERVAL",
            "BOOLEAN",
            "REAL",
            "FLOAT",
            "DOUBLE",
            "UUID",
            "MONEY",
            "XML",
            "INET",
            "CITEXT",
            "BLOB",
        ],
    ),
    (
        "younger than PostgreSQL 9.2, from which openGauss comes, or nobody else's",
        &[
            "FILTER",
            "LATERAL",
            "TABLESAMPLE",
            "DISTINCT ON",
            "ILIKE",
            "SIMILAR TO",
            "~",
            "~*",
            "GENERATED",
            "INCLUDE",
            "NULLS NOT",
            "MATERIALIZED",
            "CONCURRENTLY",
        ],
    ),
];

/// The library's table, with the one thing in it that is avoided otherwise.
const LIBRARYS: (&str, &str) = ("__diesel_schema_migrations", "TIMESTAMP");

/// Statements as they were sent, each with what is wrong with it.
type Statements = Arc<Mutex<BTreeMap<String, Option<String>>>>;

/// Everything that was sent so far in this process.
static SENT: LazyLock<Statements> = LazyLock::new(Statements::default);

/// Has every connection that is opened from now on recorded, if it leads to PostgreSQL.
pub fn record() {
    set_default_instrumentation(|| Some(Box::new(Recorder { postgres: false, sent: Arc::clone(&SENT) })))
        .unwrap();
}

/// Nothing was sent so far that is avoided.
pub fn assert_all_that_was_sent_is_portable() {
    let objections: Vec<String> = SENT.lock().unwrap().values().flatten().cloned().collect();
    assert!(objections.is_empty(), "{}", objections.join("\n"));
}

struct Recorder {
    postgres: bool,
    sent: Statements,
}

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                self.postgres = url.starts_with("postgres");
            }
            InstrumentationEvent::StartQuery { query, .. } if self.postgres => {
                let mut statement = WithoutBinds::default();
                // It fails where the binds begin.
                let _whole: fmt::Result = write!(statement, "{query}");
                let mut sent = self.sent.lock().unwrap();
                sent.entry(statement.0).or_insert_with_key(|text| objection(text));
            }
            _ => {}
        }
    }
}

/// A statement as diesel shows it, up to its parameters: they may be long, and are not its text.
#[derive(Default)]
struct WithoutBinds(String);

impl fmt::Write for WithoutBinds {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        match text.split_once(" -- binds") {
            Some((before, _)) => {
                self.0.push_str(before);
                Err(fmt::Error)
            }
            None => {
                self.0.push_str(text);
                Ok(())
            }
        }
    }
}

/// The words and signs of a statement, in upper case; not what stands in quotation marks or in a comment.
fn words(sql: &str) -> Vec<String> {
    const SIGNS: &str = "+-*/<>=~!@#%^&|?:";
    let mut words = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '\'' || first == '"' {
            rest.match_indices(first).nth(1).map_or(rest.len(), |(end, _)| end + 1)
        } else {
            let of_one_kind = |c: char| {
                if is_word(first) { is_word(c) } else { SIGNS.contains(first) && SIGNS.contains(c) }
            };
            let length = rest.find(|c| !of_one_kind(c)).unwrap_or(rest.len()).max(first.len_utf8());
            if !first.is_whitespace() {
                words.push(rest[..length].to_uppercase());
            }
            length
        };
        rest = &rest[length..];
    }
    words
}

/// What is wrong with a statement.
fn objection(sql: &str) -> Option<String> {
    let words = words(sql);
    let has = |avoided: &str| {
        let wanted: Vec<&str> = avoided.split(' ').collect();
        words.windows(wanted.len()).any(|window| window == wanted)
    };
    let is_the_librarys = |avoided| avoided == LIBRARYS.1 && sql.contains(LIBRARYS.0);
    let all = AVOIDED.iter().flat_map(|(reason, list)| list.iter().map(move |avoided| (*reason, *avoided)));
    let (reason, avoided) = all.into_iter().find(|(_, it)| has(it) && !is_the_librarys(*it))?;
    Some(format!("`{avoided}` ({reason}): {sql}"))
}

/// The statements that hold this text.
fn sent_with(text: &str) -> Vec<String> {
    SENT.lock().unwrap().keys().filter(|it| it.contains(text)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_sends_nothing_that_is_avoided_and_locks_jobs_only() {
    let house = House::open(Database::Postgres).await;
    house.sandbox.script(vec![Fault::on("baohannotice", Act::Status(500))]);
    house.restored().await;
    house.at_rest().await;
    let all = SENT.lock().unwrap().len();
    assert!(all > 60, "no more than {all} statements were seen");
    for (table, statement) in [("guarantees", "INSERT INTO"), ("jobs", "UPDATE"), ("bindings", "SELECT")] {
        let seen = sent_with(statement).iter().any(|it| it.contains(table));
        assert!(seen, "nothing like `{statement} … {table}` was seen");
    }
    // What has to be switched off for an engine that can't pass over locked rows is the claim: of calls, and of the rest.
    let is_claim = |it: &String| it.starts_with("SELECT job.id, job.platform FROM jobs job");
    let passing = sent_with("SKIP LOCKED");
    assert!(!passing.is_empty() && passing.iter().all(is_claim), "{passing:?}");
    let of_jobs = |it: &String| is_claim(it) || it.starts_with("SELECT \"jobs\".\"deadline\"");
    let locking = sent_with("FOR UPDATE");
    assert!(locking.len() > passing.len() && locking.iter().all(of_jobs), "{locking:?}");
}

#[test]
fn the_migrations_hold_nothing_that_is_avoided() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut statements = 0;
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for step in entries.filter(|path| path.is_dir()) {
        for direction in ["up.sql", "down.sql"] {
            let file = step.join(direction);
            let text = std::fs::read_to_string(&file).unwrap();
            assert_eq!(objection(&text), None, "{}", file.display());
            statements += text.matches(';').count();
        }
    }
    assert!(statements > 40, "{statements}");
}

#[test]
fn each_statement_that_is_avoided_is_found() {
    let url = fresh_postgres();
    let sent = Statements::default();
    let mut link = PgConnection::establish(&url).unwrap();
    link.set_instrumentation(Recorder { postgres: true, sent: Arc::clone(&sent) });
    let offences = [
        "NOTIFY jobs",
        "SELECT pg_advisory_xact_lock(1)",
        "CREATE TABLE one (id BIGSERIAL PRIMARY KEY)",
        "CREATE TABLE two (at TIMESTAMP, list TEXT[], body JSONB)",
        "INSERT INTO two (list) VALUES (NULL) ON CONFLICT DO NOTHING",
        "SELECT body->>'a' FROM two",
        "LOCK TABLE two IN ACCESS EXCLUSIVE MODE",
        "CREATE TEMP TABLE three (id TEXT)",
        "CREATE TYPE mood AS ENUM ('good')",
        "CREATE TABLE four (id TEXT PRIMARY KEY DEFERRABLE)",
        "SELECT count(*) FILTER (WHERE at IS NULL) FROM two",
    ];
    link.begin_test_transaction().unwrap();
    for offence in offences {
        sql_query(offence).execute(&mut link).unwrap();
        let judged = sent.lock().unwrap().get(offence).cloned();
        assert!(judged.flatten().is_some(), "nobody objects to `{offence}`");
    }
    for sound in [
        "SELECT 'LISTEN, NOTIFY and ON CONFLICT', \"SERIAL\" -- JSONB",
        "SELECT \"a\" FROM b WHERE c = ANY($1) AND d || '' = '' AND e <= (extract(epoch from clock_timestamp()) * 1000000)::bigint",
        "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    ] {
        assert_eq!(objection(sound), None);
    }
}

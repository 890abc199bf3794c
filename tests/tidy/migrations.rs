//! Expand, then contract: a migration leaves alone what the program before it uses, as migrations/README.md says.

use crate::tree::{File, files_under};
use crate::{Finding, expect_none};

/// How the first line of a migration begins that takes something away.
const CONTRACTION: &str = "-- contraction since ";

/// What was written before the rule, and why it does no harm.
const ADOPTED: &[(&str, &str, &str)] = &[(
    "migrations/2026-11-22-000007_search/up.sql",
    "DROP INDEX guarantees_stage",
    "an index of the same name takes its place, and no program names an index",
)];

/// Statements without comments, in one line each.
fn statements(sql: &str) -> Vec<String> {
    let code: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let statements = code.join(" ");
    let statements = statements.split(';').map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
    statements.filter(|it| !it.is_empty()).collect()
}

/// What a program that does not know of the statement would stumble over; `before` are the statements before it.
fn harm(statement: &str, before: &[String]) -> Option<&'static str> {
    let upper = statement.to_uppercase();
    let begins = |words: &str| upper.starts_with(words);
    if begins("CREATE TABLE ") || begins("CREATE INDEX ") {
        return None;
    }
    if begins("CREATE UNIQUE INDEX ") {
        // Nobody but the new program writes to a new table.
        let table = upper.split_once(" ON ").and_then(|(_, rest)| rest.split([' ', '(']).next());
        let is_new = |table: &str| {
            before.iter().any(|it| it.to_uppercase().starts_with(&format!("CREATE TABLE {table} ")))
        };
        return (!table.is_some_and(is_new))
            .then_some("the program before may write rows that are not unique");
    }
    if begins("ALTER TABLE ") && upper.contains(" ADD COLUMN ") {
        let required = upper.contains(" NOT NULL") && !upper.contains(" DEFAULT ");
        return required.then_some("the program before does not fill it: NULL, or a DEFAULT");
    }
    if begins("UPDATE ") {
        let bounded = upper.contains(" WHERE ");
        return (!bounded)
            .then_some("it holds every row until the end: say which, or let the program learn it");
    }
    Some("neither CREATE TABLE, CREATE INDEX, ALTER TABLE … ADD COLUMN nor UPDATE")
}

/// The version since which nothing uses what a contraction takes away.
fn contracted_since(sql: &str) -> Option<&str> {
    let marked = sql.lines().next()?.strip_prefix(CONTRACTION)?;
    marked.split_once(':').map(|(version, _)| version)
}

fn number(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(str::parse);
    let mut part = || parts.next()?.ok();
    Some([part()?, part()?, part()?])
}

fn findings(files: &[File], program: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with("/up.sql")) {
        if let Some(since) = contracted_since(&file.text) {
            let released = number(since).zip(number(program)).is_some_and(|(since, program)| since < program);
            if !released {
                let what =
                    format!("takes away what version {since} may still use: expected one before {program}");
                findings.push(Finding::new(&file.path, 1, what));
            }
            continue;
        }
        let all = statements(&file.text);
        for (index, statement) in all.iter().enumerate() {
            let adopted = ADOPTED.iter().any(|(path, what, _)| *path == file.path && what == statement);
            if let Some(harm) = harm(statement, all.get(..index).unwrap_or_default()).filter(|_| !adopted) {
                findings.push(Finding::new(&file.path, 0, format!("`{statement}`: {harm}")));
            }
        }
    }
    findings
}

#[test]
fn a_migration_only_adds() {
    let files = files_under("migrations");
    assert!(files.iter().filter(|file| file.path.ends_with("/up.sql")).count() >= 8);
    expect_none(
        "The version before runs on the same database while an upgrade goes on: see migrations/README.md.",
        &findings(&files, env!("CARGO_PKG_VERSION")),
    );
}

#[test]
fn each_adopted_statement_is_still_there() {
    let files = files_under("migrations");
    for (path, statement, reason) in ADOPTED {
        let file = files.iter().find(|file| file.path == *path);
        let there = file.is_some_and(|file| statements(&file.text).iter().any(|it| it == statement));
        assert!(there && !reason.is_empty(), "{path}: {statement}");
    }
}

#[test]
fn a_migration_that_takes_away_is_found() {
    let found = |sql: &str| findings(&[File::new("migrations/9_x/up.sql", sql)], "0.3.0").len();
    for harmful in [
        "DROP TABLE t;",
        "ALTER TABLE t DROP COLUMN a;",
        "ALTER TABLE t RENAME COLUMN a TO b;",
        "ALTER TABLE t ALTER COLUMN a TYPE BIGINT;",
        "ALTER TABLE t ADD COLUMN a TEXT NOT NULL;",
        "CREATE UNIQUE INDEX u ON t (a);",
        "UPDATE t SET a = 1;",
        "DELETE FROM t WHERE a = 1;",
        "drop index guarantees_stage;",
    ] {
        assert_eq!(found(harmful), 1, "{harmful}");
    }
    for fine in [
        "-- DROP TABLE t;\nCREATE TABLE t (a TEXT NOT NULL, CONSTRAINT u UNIQUE (a));",
        "ALTER TABLE t ADD COLUMN a TEXT; -- DROP it later;\nCREATE INDEX i ON t (a);",
        "ALTER TABLE t ADD COLUMN a BIGINT NOT NULL DEFAULT 0;",
        "CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX u ON t (a) WHERE a IS NOT NULL;",
        "UPDATE t SET a = NULL WHERE a = '';",
        "-- contraction since 0.2.0: nothing reads t.a any more\nALTER TABLE t DROP COLUMN a;",
    ] {
        assert_eq!(found(fine), 0, "{fine}");
    }
    assert_eq!(found("-- contraction since 0.3.0: too early\nALTER TABLE t DROP COLUMN a;"), 1);
    assert_eq!(found("-- contraction since then: no version\nALTER TABLE t DROP COLUMN a;"), 1);
}

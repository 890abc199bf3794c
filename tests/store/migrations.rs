//! The shape of the database: made, unmade, made again, and the same as the program believes.

use std::collections::BTreeMap;

use baohan_gateway::store::StoreOptions;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use futures_util::future::join_all;

use crate::database::{Database, on_both_databases, raw};

/// Everything that the database says of its own shape.
fn dump(db: &Database) -> Vec<String> {
    if db.is_sqlite() {
        return db.lines(
            "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') AS line FROM sqlite_schema ORDER BY 1",
        );
    }
    let mut dump = db.lines(
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' \
                || COALESCE(column_default, '') AS line \
         FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1",
    );
    dump.extend(db.lines(
        "SELECT conname || ' ' || pg_get_constraintdef(oid) AS line FROM pg_constraint \
         WHERE connamespace = 'public'::regnamespace ORDER BY 1",
    ));
    dump.extend(db.lines("SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"));
    dump
}

/// Columns by table, each as `name type` with a question mark where it may be NULL.
fn columns(db: &Database) -> BTreeMap<String, Vec<String>> {
    let lines = if db.is_sqlite() {
        db.lines(
            "SELECT t.name || '.' || c.name || ' ' || c.type || CASE c.\"notnull\" WHEN 1 THEN '' ELSE '?' END \
             AS line FROM sqlite_schema t, pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY t.name, c.cid",
        )
    } else {
        db.lines(
            "SELECT table_name || '.' || column_name || ' ' || upper(data_type) \
                    || CASE is_nullable WHEN 'NO' THEN '' ELSE '?' END AS line \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' \
             ORDER BY table_name, ordinal_position",
        )
    };
    let mut tables = BTreeMap::<_, Vec<_>>::new();
    for line in lines {
        let (table, column) = line.split_once('.').unwrap();
        tables.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    tables
}

/// The same as src/store/schema.rs has it.
fn columns_of_the_program() -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::<_, Vec<_>>::new();
    let mut table = String::new();
    for line in include_str!("../../src/store/schema.rs").lines().map(str::trim) {
        if let Some((column, kind)) = line.split_once(" -> ") {
            let kind = kind.trim_end_matches(',');
            let (kind, nullable) = match kind.strip_prefix("Nullable<") {
                Some(inner) => (inner.trim_end_matches('>'), "?"),
                None => (kind, ""),
            };
            let kind = match kind {
                "Text" => "TEXT",
                "BigInt" => "BIGINT",
                "Binary" => "BYTEA",
                other => panic!("schema.rs has a type that is not portable: {other}"),
            };
            tables.entry(table.clone()).or_default().push(format!("{column} {kind}{nullable}"));
        } else if let Some((name, _)) = line.split_once(" (") {
            table = name.to_owned();
        }
    }
    tables
}

/// The names of all migrations, in order.
pub fn migrations() -> Vec<String> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let folders = folder.map(Result::unwrap).filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn migrate(db: &Database, direction: &str) {
    let folder = FileBasedMigrations::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    raw!(&mut db.raw(), |link| match direction {
        "up" => link.run_pending_migrations(folder).map(|_| ()),
        _ => link.revert_all_migrations(folder).map(|_| ()),
    })
    .unwrap();
}

on_both_databases! {
    async fn migrations_can_be_undone_and_done_again(db: Database) {
        let first = dump(&db);
        assert!(first.len() > 20, "{first:?}");
        migrate(&db, "down");
        assert!(columns(&db).is_empty());
        migrate(&db, "up");
        assert_eq!(dump(&db), first);
    }

    async fn the_program_and_the_database_agree_on_every_column(db: Database) {
        let program = columns_of_the_program();
        assert!(program.len() > 15, "{}", program.len());
        assert_eq!(columns(&db), program);
    }

    async fn nothing_is_pending_after_a_migration(db: Database) {
        assert!(db.store.pending_migrations().await.unwrap().is_empty());
        migrate(&db, "down");
        let all = migrations();
        assert_eq!(db.store.pending_migrations().await.unwrap(), all);
        assert_eq!(db.store.migrate().await.unwrap().len(), all.len());
        assert!(db.store.migrate().await.unwrap().is_empty());
    }

    async fn replicas_may_migrate_together(db: Database) {
        migrate(&db, "down");
        let replicas: Vec<_> = (0..4).map(|_| db.reopen(&StoreOptions::default())).collect();
        for outcome in join_all(replicas.iter().map(|replica| replica.migrate())).await {
            outcome.unwrap();
        }
        assert_eq!(columns(&db), columns_of_the_program());
    }
}

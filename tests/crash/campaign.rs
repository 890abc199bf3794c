//! Campaigns of the program itself: `baohan crash`, with some dozens of kills on the databases, and one that has to fail.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::ground::{Database, on_both_databases};

/// How a campaign ended: its exit code, and what it wrote.
async fn crash(arguments: Vec<String>) -> (Option<i32>, String) {
    let ended = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_baohan")).arg("crash").args(arguments).output().unwrap()
    });
    let ended = ended.await.unwrap();
    let [text, complaint] = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (ended.status.code(), text + &complaint)
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The arguments that name a database, with two processes where they can share it.
fn store(database: Database) -> Vec<String> {
    match database {
        Database::Sqlite => Vec::new(),
        #[cfg(feature = "postgres")]
        Database::Postgres => [words("--replicas 2 --store"), vec![crate::ground::fresh_postgres()]].concat(),
    }
}

on_both_databases! {
    async fn kills_at_drawn_moments_lose_nothing_and_do_nothing_twice(database: Database) {
        let arguments = [words("--cycles 14 --compare-every 7"), store(database)].concat();
        let (code, text) = crash(arguments).await;
        assert_eq!(code, Some(0), "{text}");
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("cycles=14 lost=0 duplicated_effects=0 wire_duplicates="), "{text}");
    }
}

#[tokio::test]
async fn a_gateway_that_forgets_its_database_is_convicted() {
    let folder = tempfile::tempdir().unwrap();
    let forgetful = folder.path().join("forgetful");
    // The settings of the generation come second, and its database lies beside them.
    let program = env!("CARGO_BIN_EXE_baohan");
    let script = format!("#!/bin/sh\nrm -f \"$(dirname \"$4\")\"/baohan.db*\nexec '{program}' \"$@\"\n");
    std::fs::write(&forgetful, script).unwrap();
    std::fs::set_permissions(&forgetful, std::fs::Permissions::from_mode(0o755)).unwrap();
    let kept = folder.path().join("kept");
    let named = [("--beside", &forgetful), ("--folder", &kept)]
        .map(|(name, path)| [name.to_owned(), path.display().to_string()]);
    let (code, text) = crash([words("--cycles 5 --seed 3"), named.concat()].concat()).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("application accepted, no `application-received` stored"), "{text}");
    assert!(
        text.contains("seed 3; everything is kept in ") && kept.join("generation-1/baohan.db").exists(),
        "{text}"
    );
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("cycles=5 lost=") && !last.contains("lost=0"), "{text}");
}

//! A key that came by telephone: an operator opens the guarantee with it.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Output;

use baohan_gateway::clock::Clock;
use baohan_gateway::domain::Stage;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::house::{House, PATIENCE, on_both_databases};

on_both_databases! {
    async fn an_operators_key_restores_a_guarantee_and_a_wrong_one_does_not(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        let key = house.sandbox.application(&applyno).unwrap().key;

        let refused = open(&house, &applyno, &[7; 16]).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stdout).contains("key 不能还原该保函的密文"));
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Issued);

        let accepted = open(&house, &applyno, &key).await;
        assert!(accepted.status.success(), "{accepted:?}");
        let restored = async {
            while house.stored(&applyno).await.unwrap().stage != Stage::Restored {
                Clock::system().wait(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, restored).await.unwrap();
    }
}

/// Runs `baohan decide … open` with a key file that only its owner can read.
async fn open(house: &House, applyno: &str, key: &[u8]) -> Output {
    let file = house.folder.path().join(format!("key-{}", key[0]));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(&file).unwrap();
    std::fs::write(&file, STANDARD.encode(key)).unwrap();
    let (applyno, settings, overrides) =
        (applyno.to_owned(), house.settings.clone(), house.overrides.clone());
    tokio::task::spawn_blocking(move || run(&settings, &overrides, &applyno, &file)).await.unwrap()
}

fn run(settings: &Path, overrides: &Path, applyno: &str, key_file: &Path) -> Output {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_baohan"));
    program.arg("-s").arg(settings).arg("-s").arg(overrides);
    program.args(["decide", "--platform", "hainan", applyno, "open", "--opened-at", "2026-06-24 09:30:00"]);
    program.arg("--key-file").arg(key_file).output().unwrap()
}

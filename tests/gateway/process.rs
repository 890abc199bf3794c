//! The process as other accounts of the machine see it: its files, its memory, its limits.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::house::{Database, House, PATIENCE};
use crate::serving::{Serving, program, said};

/// All files and folders in a folder.
fn everything_in(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything_in(&path, found);
        }
        found.insert(path);
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gateway_writes_is_its_owners_alone_and_its_memory_goes_to_no_file() {
    let house = House::open_with(Database::Sqlite, "").await;
    let (folder, sandbox) = (house.folder, house.sandbox);
    let files = [house.settings, house.overrides];
    let address = house.gateway.address.to_string();
    house.gateway.stop().await;
    for made in ["baohan.db", "baohan.db-wal", "baohan.db-shm"] {
        drop(std::fs::remove_file(folder.path().join(made)));
    }
    std::fs::remove_dir_all(folder.path().join("documents")).unwrap();
    let fallen = folder.path().join("fallen");
    std::fs::create_dir(&fallen).unwrap();
    let mut before = BTreeSet::new();
    everything_in(folder.path(), &mut before);

    // Whoever starts it is careless.
    let careless = "umask 000; ulimit -c \"$(ulimit -H -c)\"; exec \"$0\" \"$@\"";
    let mut start = Command::new("sh");
    start.args(["-c", careless, env!("CARGO_BIN_EXE_baohan"), "serve"]).current_dir(&fallen);
    for file in &files {
        start.arg("--settings").arg(file);
    }
    start.env("BAOHAN__SERVER__LISTEN", &address).env("BAOHAN__TELEMETRY__LOG_FILTER", "info");
    let serving = Serving::of(&mut start);
    let (applyno, answer) = sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    let came =
        sandbox.wait_until(|it| it.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some()), PATIENCE);
    assert!(came.await);

    let mut after = BTreeSet::new();
    everything_in(folder.path(), &mut after);
    let written: Vec<&PathBuf> = after.difference(&before).collect();
    assert!(written.iter().any(|path| path.ends_with("baohan.db")), "{written:?}");
    assert!(written.iter().any(|path| path.starts_with(folder.path().join("documents")) && path.is_file()));
    for path in written {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{}", path.display());
    }

    let process = Path::new("/proc").join(serving.id().to_string());
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>(), ["0", "0", "bytes"]);
    let status = std::fs::read_to_string(process.join("status")).unwrap();
    assert!(status.contains("Umask:\t0077"), "{status}");
    assert!(!String::from_utf8(serving.log()).unwrap().contains("other accounts can reach"));
    serving.abort();
    assert_eq!(std::fs::read_dir(&fallen).unwrap().count(), 0, "it left a core dump");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_other_accounts_can_reach_are_told_at_the_start_and_by_check() {
    let house = House::open_with(Database::Sqlite, "").await;
    let (folder, files) = (house.folder, [house.settings, house.overrides]);
    house.gateway.stop().await;
    let documents = folder.path().join("documents");
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(folder.path(), 0o700);
    set(&documents, 0o755);
    // As long as the folder around lets nobody through, nobody reaches them.
    let checked = String::from_utf8(said(program(&files, &[]).arg("check"))).unwrap();
    assert!(!checked.contains("other accounts can reach"), "{checked}");

    set(folder.path(), 0o755);
    let told = format!("other accounts can reach `{}`", documents.canonicalize().unwrap().display());
    let checked = String::from_utf8(said(program(&files, &[]).arg("check"))).unwrap();
    assert!(checked.contains(&format!("WARN {told}")), "{checked}");
    let serving = Serving::start(
        &files,
        &[
            ("BAOHAN__SERVER__LISTEN", "127.0.0.1:0"),
            ("BAOHAN__TELEMETRY__LOG_FILTER", "info"),
            ("BAOHAN__TELEMETRY__LOG_FORMAT", "json"),
        ],
    );
    let log = String::from_utf8(serving.stop()).unwrap();
    assert!(log.contains(&told) && log.contains("chmod 700"), "{log}");
}

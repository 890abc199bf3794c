//! Data that the version before wrote goes on under this one: on SQLite as it is, on PostgreSQL loaded row by row.
//!
//! `tests/upgrade` holds that data. How it is made stands in [`making`], which runs here too, so that the next version's
//! data can be made as this one's was.

mod making;
mod stored;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::Clock;
use baohan_gateway::gateway::Gateway;
use baohan_gateway::sandbox::tender::Platform;
use baohan_gateway::settings::{self, Settings};
use baohan_gateway::store::Store;
use baohan_gateway::store::survey::Depth;

use crate::core_system::receiver::Receiver;
use crate::ground::{copy_all, keys_and_seal};
use crate::house::{Database, PATIENCE, on_both_databases};
use crate::ledger::Ledger;
use making::{Platforms, UNOPENED, WAITING, application, callbacks};
use stored::Stored;

/// Nothing ends by the clock, however old the data has become; whatever waits is due.
const WAKE: [&str; 2] = [
    "UPDATE jobs SET due_at = 4102444800000000 WHERE kind = 'round'",
    "UPDATE jobs SET due_at = 1 WHERE state IN ('ready', 'running') AND kind <> 'round'",
];

/// A fresh place with the data in it, and settings for this version; the seal is another one by now.
fn moved_in(
    stored: &Stored,
    database: Database,
    platforms: &Platforms,
    listener: &TcpListener,
    told: &Receiver,
) -> (tempfile::TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    copy_all(keys_and_seal(), folder.path());
    stored.unpack(folder.path());
    let address = listener.local_addr().unwrap();
    let file = props::write_settings(folder.path(), address, &platforms.for_settings()).unwrap();
    let overrides = folder.path().join("overrides.toml");
    let store = stored.store_section(database);
    std::fs::write(&overrides, format!("{store}\n{}", callbacks(told.address))).unwrap();
    let settings = settings::load(&[file, overrides]).unwrap();
    (folder, settings)
}

/// Migrates the data, looks at all of it, and lets the gateway go on with what waits.
async fn goes_on(stored: &Stored, database: Database) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = format!("http://{}", listener.local_addr().unwrap());
    let (platforms, told) = (Platforms::start(&gateway).await, Receiver::start());
    let (_folder, settings) = moved_in(stored, database, &platforms, &listener, &told);
    let ledger = Ledger::of(settings.store.url.expose());
    let guarantees = "SELECT application_number || ' ' || stage AS line FROM guarantees ORDER BY 1";
    let before = ledger.lines(guarantees);

    // Nothing is lost, and everything that is sealed opens.
    let keyring = Arc::new(settings.keyring.source().unwrap().keyring().unwrap());
    let store = Store::open(&settings.store, keyring).unwrap();
    store.migrate().await.unwrap();
    let survey = store.survey(Depth::Everything).await.unwrap();
    assert_eq!(survey.faults, Vec::<String>::new());
    for (table, rows) in stored.rows() {
        assert_eq!(survey.rows.get(&table), Some(&rows), "{table}");
    }
    assert_eq!(survey.opened, survey.sealing_keys.values().sum::<u64>());
    assert!(survey.opened > 20 && survey.sealing_keys.len() == 1, "{survey:?}");
    drop(store);
    WAKE.iter().for_each(|statement| ledger.execute(statement));

    // The platform has known both applications all the time.
    let hainan = &platforms.hainan;
    for applyno in [UNOPENED, WAITING] {
        hainan.enter(application(applyno)).unwrap();
    }
    let gateway = Gateway::start_on(listener, settings, Clock::system()).await.unwrap();
    let archive = &gateway.assembly.archive;
    for digest in survey.documents.keys() {
        archive.get(digest).await.unwrap();
    }
    assert_eq!(ledger.lines(guarantees), before);

    let issued = |applyno: &'static str| {
        move |platform: &Platform| platform.delivery(applyno).is_some_and(|it| it.ciphertext.is_some())
    };
    let restored = |applyno: &'static str| {
        move |platform: &Platform| platform.delivery(applyno).is_some_and(|it| it.plaintext.is_some())
    };
    // This one's key is in the data; the platform here has to learn that it once sent it.
    let named = |platform: &Platform| platform.delivery(WAITING).is_some_and(|it| it.baohanno.is_some());
    assert!(hainan.wait_until(named, PATIENCE).await, "{}", journal(hainan));
    hainan.restore(WAITING).await.unwrap();
    assert!(hainan.wait_until(restored(WAITING), PATIENCE).await, "{}", journal(hainan));
    // This one's comes now.
    assert!(hainan.wait_until(issued(UNOPENED), PATIENCE).await, "{}", journal(hainan));
    assert!(hainan.restore(UNOPENED).await.unwrap().is_accepted());
    assert!(hainan.wait_until(restored(UNOPENED), PATIENCE).await, "{}", journal(hainan));
    for applyno in [UNOPENED, WAITING] {
        assert!(hainan.delivery(applyno).unwrap().exactly_once(), "{applyno}");
    }
    told.until(|_| ledger.lines("SELECT id AS line FROM callbacks WHERE delivered_at IS NULL").is_empty())
        .await;
    told.until(|_| ledger.unfinished_jobs().is_empty()).await;
    gateway.stop().await;
}

fn journal(platform: &Platform) -> String {
    let lines: Vec<String> = platform.journal().all().iter().map(ToString::to_string).collect();
    lines.join("\n")
}

on_both_databases! {
    async fn what_the_version_before_has_stored_goes_on(database: Database) {
        let stored = Stored::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade/397e3e2.zip"));
        goes_on(&stored, database).await;
    }
}

/// With BAOHAN_TEST_OLD_PROGRAM, the data comes from that program, and with BAOHAN_TEST_KEEP it is kept in a file of
/// that name: `tests/upgrade/README.md` says when.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "whoever makes the data for the next version says so from outside"
)]
async fn what_this_version_stores_can_be_kept_for_the_next_one() {
    let old_program = std::env::var("BAOHAN_TEST_OLD_PROGRAM").ok();
    let stored = making::make(old_program.as_deref().map(Path::new)).await;
    if let Ok(file) = std::env::var("BAOHAN_TEST_KEEP") {
        stored.write(Path::new(&file));
    }
    goes_on(&stored, Database::Sqlite).await;
}

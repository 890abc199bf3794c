//! Everything is lost but a backup and the keys, which were kept apart: a fresh gateway goes on where the snapshot was
//! taken.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;

use baohan_gateway::clock::Clock;
use baohan_gateway::domain::identity::DocumentDigest;
use baohan_gateway::gateway::Gateway;
use baohan_gateway::seal::{Trust, verify_file};
use baohan_gateway::settings;

use crate::ground::copy_all;
#[cfg(feature = "postgres")]
use crate::ground::store_section;
use crate::house::{Database, House, on_both_databases};
use crate::ledger::Ledger;
use crate::operator::{MANUAL, PAID};
use crate::serving::program;

/// What no transaction leaves behind half done: a line for each row that lacks what was written with it.
const HALF_DONE: &str = "SELECT 'no event: ' || id AS line FROM guarantees g
        WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.guarantee_id = g.id)
    UNION ALL SELECT 'no guarantee: event ' || id FROM events e
        WHERE NOT EXISTS (SELECT 1 FROM guarantees g WHERE g.id = e.guarantee_id)
    UNION ALL SELECT 'no message: ' || business_key FROM bindings b
        WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = b.message_id)
    UNION ALL SELECT 'no binding: ' || id FROM guarantees g
        WHERE NOT EXISTS (SELECT 1 FROM bindings b JOIN messages m ON m.id = b.message_id WHERE m.guarantee_id = g.id)
    UNION ALL SELECT 'no work: ' || id FROM guarantees g
        WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.lane LIKE '%' || g.id || '%')
    ORDER BY 1";

/// Runs `baohan backup` as a process of its own; PostgreSQL's programs are on the path.
async fn backup(settings: &[PathBuf], arguments: &[&Path]) -> Output {
    let mut program = program(settings, &[("PATH", "/usr/local/bin:/usr/bin:/bin")]);
    program.arg("backup").args(arguments);
    tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap()
}

/// What a run printed that ended with this code.
#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

async fn issued(house: &House) -> String {
    let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    house.decided(&applyno, &["approve"]).await;
    house.decided(&applyno, PAID).await;
    house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
    applyno
}

async fn push(house: &House) {
    let (_, answer) = house.sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
}

/// The platform pushes one application after the other, for as long as this is polled.
async fn push_on(house: &House) {
    loop {
        push(house).await;
    }
}

/// Settings for a fresh place: another database and archive, and the keys where they were kept.
fn settings_of_fresh_place(folder: &Path, keys: &Path, database: Database) -> PathBuf {
    let store = match database {
        Database::Sqlite => format!("[store]\nurl = {:?}\n", folder.join("fresh.db")),
        #[cfg(feature = "postgres")]
        Database::Postgres => store_section(database),
    };
    let key = |name: &str| format!("{:?}", keys.join(name));
    let text = format!(
        "{store}\n[archive]\nfolder = {:?}\n[keyring]\nfile = {}\n[seal]\nsigner_key = {}\n\
         signer_certificate = {}\nelectronic_seal = {}\nanchors = {}\n",
        folder.join("fresh-documents"),
        key("keyring.file.key"),
        key("seal.signer_key.pem"),
        key("seal.signer_certificate.pem"),
        key("seal.electronic_seal.esl"),
        key("seal.anchors.pem"),
    );
    let file = folder.join("fresh.toml");
    std::fs::write(&file, text).unwrap();
    file
}

fn flip(file: &Path, index: impl FnOnce(usize) -> usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let index = index(bytes.len());
    bytes[index] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

/// The one file in a tree of folders whose name begins so.
fn file_named(folder: &Path, beginning: &str) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.filter_map(|path| match path.is_dir() {
        true => Some(path)
            .filter(|path| path.file_name().unwrap() != "documents")
            .map(|it| file_named(&it, beginning)),
        false => Some(path).filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(beginning)),
    });
    found.last().unwrap()
}

on_both_databases! {
    async fn a_gateway_that_lost_everything_goes_on_from_a_backup(database: Database) {
        let mut house = House::open_with(database, MANUAL).await;
        let (opened, waiting) = (issued(&house).await, issued(&house).await);
        assert!(house.sandbox.restore(&opened).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&opened).unwrap().plaintext.is_some()).await;
        house.at_rest().await;

        // A first snapshot while nothing happens, a second one while pushes arrive.
        let live = [house.settings.clone(), house.overrides.clone()];
        let apart = tempfile::tempdir().unwrap();
        let (place, keys) = (apart.path().join("backup"), apart.path().join("keys"));
        let to_place = [Path::new("create"), Path::new("--to"), &place];
        ended(&backup(&live, &to_place).await, 0);
        push(&house).await;
        let copying = backup(&live, &to_place);
        let said = tokio::select! {
            copied = copying => ended(&copied, 0),
            () = push_on(&house) => unreachable!("pushes go on as long as the backup takes"),
        };
        assert!(said.contains(" 0 of them new here"), "what the first snapshot has is not copied again: {said}");
        let kept_apart = [Path::new("keys"), Path::new("--to"), &keys];
        ended(&backup(&live, &kept_apart).await, 0);

        // Everything but backup, keys and settings is gone.
        let address = house.gateway.address;
        house.gateway.stop().await;
        for gone in ["documents", "keys"] {
            std::fs::remove_dir_all(house.folder.path().join(gone)).unwrap();
        }
        for gone in ["baohan.db", "baohan.db-wal", "baohan.db-shm", "master.key"] {
            drop(std::fs::remove_file(house.folder.path().join(gone)));
        }

        let fresh = settings_of_fresh_place(house.folder.path(), &keys, database);
        let fresh = [&live[..], &[fresh]].concat();
        let from_place = [Path::new("restore"), Path::new("--from"), &place];
        let said = ended(&backup(&fresh, &from_place).await, 0);
        assert!(said.contains("baohan reconcile import"), "{said}");
        let again = ended(&backup(&fresh, &from_place).await, 2);
        assert!(again.contains("expected no database yet") || again.contains("expected an empty database"), "{again}");

        let settings = settings::load(&fresh).unwrap();
        let ledger = Ledger::of(settings.store.url.expose());
        assert_eq!(ledger.lines(HALF_DONE), Vec::<String>::new());
        let known = ledger.lines("SELECT application_number AS line FROM guarantees");
        assert!(known.contains(&waiting) && known.len() > 2, "{known:?}");

        let listener = TcpListener::bind(address).unwrap();
        house.gateway = Gateway::start_on(listener, settings, Clock::system()).await.unwrap();
        assert!(house.sandbox.restore(&waiting).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&waiting).unwrap().plaintext.is_some()).await;
        for applyno in [&opened, &waiting] {
            assert!(house.sandbox.delivery(applyno).unwrap().exactly_once(), "{applyno}");
        }

        let now = Clock::system().now();
        let letters = ledger.lines("SELECT digest AS line FROM documents WHERE format = 'ofd'");
        assert_eq!(letters.len(), 4, "two letters of each");
        for letter in letters {
            let bytes = house.gateway.assembly.archive.get(&DocumentDigest::new(letter.as_str())).await.unwrap();
            let report = verify_file(&bytes, &Trust::default(), now);
            assert!(report.is_valid(), "{letter}: {report}");
        }
    }

    async fn damage_and_a_wrong_master_key_are_told(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        issued(&house).await;
        let live = [house.settings.clone(), house.overrides.clone()];
        let apart = tempfile::tempdir().unwrap();
        let place = apart.path().join("backup");
        ended(&backup(&live, &[Path::new("create"), Path::new("--to"), &place]).await, 0);
        let said = ended(&backup(&live, &[Path::new("verify"), &place]).await, 0);
        assert!(said.contains("ok   manifest: sealed under this master key") && !said.contains("BAD"), "{said}");

        let other = apart.path().join("other.key");
        baohan_gateway::crypto::keyring::Keyring::generate_file(&other).unwrap();
        let with_other = [Path::new("verify"), &place, Path::new("--master-key"), &other];
        let said = ended(&backup(&[], &with_other).await, 1);
        assert!(said.contains("BAD  wrong master key"), "{said}");
        let without = ended(&backup(&[], &[Path::new("verify"), &place]).await, 0);
        assert!(without.contains("not opened without the master key"), "{without}");

        let half: fn(usize) -> usize = |length| length / 2;
        for (spoiled, index, found) in [
            ("database.", half, "the database was changed"),
            ("documents.txt", |_| 0, "the list of documents was changed"),
        ] {
            let copy = apart.path().join(spoiled);
            std::fs::create_dir(&copy).unwrap();
            copy_all(&place, &copy);
            flip(&file_named(&copy, spoiled), index);
            let said = ended(&backup(&live, &[Path::new("verify"), &copy]).await, 1);
            assert!(said.contains(found), "{spoiled}: {said}");
        }
        let letter = file_named(&place.join("documents"), "");
        flip(&letter, half);
        let said = ended(&backup(&live, &[Path::new("verify"), &place]).await, 1);
        assert!(said.contains(letter.file_name().unwrap().to_str().unwrap()), "{said}");
    }
}

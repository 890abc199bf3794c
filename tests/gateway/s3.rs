//! Documents in an S3-compatible store: a real server program that goes away, comes back, and loses what it had.

mod buckets;
mod server;

use std::collections::BTreeSet;
use std::path::Path;

use baohan_gateway::cli::{check, documents};
use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::domain::identity::DocumentDigest;
use baohan_gateway::sandbox::hainan::{Act, Fault};
use clap::Parser;
use serde_json::Value;

use self::server::{Server, eventually};
use crate::faults::{QUICK, applied, until_stored};
use crate::house::{Database, House, on_both_databases};
use crate::pushes::{client, reply_to};

const OUTAGES: &str = "gw_alarms_total{kind=\"archive-unavailable\"}";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: documents::Args,
}

#[derive(Parser)]
struct CheckLine {
    #[command(flatten)]
    args: check::Args,
}

/// What `baohan documents` says, and whether all was well.
async fn documents(house: &House, line: &[&str]) -> (bool, String) {
    let args = Line::try_parse_from([&["documents"], line].concat()).unwrap().args;
    let mut out = Vec::new();
    let store = &house.gateway.assembly.store;
    let now = house.gateway.assembly.clock.now();
    let sound = documents::run(args, &house.settings(), store, now, &mut out).await.unwrap();
    (sound, String::from_utf8(out).unwrap())
}

/// The same, where all has to be well; yields the last line, which is the sum.
async fn sum_of(house: &House, line: &[&str]) -> String {
    let (sound, said) = documents(house, line).await;
    assert!(sound, "{line:?}: {said}");
    said.lines().last().unwrap().to_owned()
}

async fn letter_of(house: &House, applyno: &str, kind: LetterKind) -> String {
    house.stored(applyno).await.unwrap().letter(kind).unwrap().document.to_string()
}

/// Waits until `/readyz` shows the archive so, and is ready all the same.
async fn shown(house: &House, ok: bool) {
    until_stored("the archive's state is shown", async || {
        let reply = reply_to(client().get(format!("http://{}/readyz", house.gateway.address))).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let archive = body["checks"].as_array().unwrap().iter().find(|it| it["name"] == "archive").cloned();
        archive.filter(|it| it["ok"] == ok)
    })
    .await;
}

async fn delivered(house: &House, applications: &[&str], plaintext: bool) {
    for applyno in applications {
        house
            .until(|platform| {
                platform
                    .delivery(applyno)
                    .is_some_and(|it| it.ciphertext.is_some() && (!plaintext || it.plaintext.is_some()))
            })
            .await;
        house.at_rest().await;
        let delivery = house.sandbox.delivery(applyno).unwrap();
        assert!(delivery.exactly_once(), "{delivery:#?}");
    }
}

/// As a backup has them.
fn files_in(folder: &Path) -> BTreeSet<String> {
    let folders =
        std::fs::read_dir(folder).unwrap().flat_map(|it| std::fs::read_dir(it.unwrap().path()).unwrap());
    folders.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

on_both_databases! {
    async fn a_bucket_that_is_away_delays_letters_and_nothing_else(database: Database) {
        let mut server = Server::start().await;
        server.make_bucket().await;
        let patient = QUICK.replace("repeat_last = 100", "repeat_last = 5000");
        let house = House::archiving_elsewhere(database, &format!("{patient}{}", server.section())).await;
        let first = house.issued().await;
        shown(&house, true).await;
        assert_eq!(house.counted(OUTAGES), 0);

        // It hangs: it takes connections and says nothing. Applications and keys are taken all the same.
        server.signal("STOP");
        let second = applied(&house.sandbox).await;
        assert!(house.sandbox.restore(&first).await.unwrap().is_accepted());
        eventually("the outage is noticed", || house.counted(OUTAGES) == 1).await;
        shown(&house, false).await;
        eventually("the outage is measured", || house.counted("gw_archive_unavailable_seconds") > 0).await;
        assert!(house.sandbox.delivery(&second).is_none_or(|it| it.ciphertext.is_none()));
        server.signal("CONT");
        delivered(&house, &[&first], true).await;
        delivered(&house, &[&second], false).await;
        eventually("its end is noticed", || house.counted("gw_archive_unavailable_seconds") == 0).await;

        // A copy in a folder, for the disaster below.
        let copy = house.folder.path().join("copy");
        std::fs::create_dir(&copy).unwrap();
        let copied = sum_of(&house, &["copy", "--to", copy.to_str().unwrap()]).await;
        assert_eq!(copied, "3 documents: 0 whole, 3 copied, 0 missing, 0 damaged, 0 unread");
        assert_eq!(files_in(&copy).len(), 3);

        // It is gone; then it is back without its bucket, which is no better; then it has an empty one.
        let outages = house.counted(OUTAGES);
        server.kill();
        let third = applied(&house.sandbox).await;
        eventually("it is away again", || house.counted(OUTAGES) > outages).await;
        server.start_again().await;
        eventually("it is asked again", || server.log().contains(" 404 ")).await;
        shown(&house, false).await;
        server.make_bucket().await;
        delivered(&house, &[&third], false).await;
        shown(&house, true).await;

        // What it has lost is told by guarantee, and comes back from the copy.
        let (sound, said) = documents(&house, &["check"]).await;
        assert!(!sound && said.contains("4 documents: 1 whole, 0 repaired, 3 missing, 0 damaged, 0 unread"), "{said}");
        let guarantee = house.stored(&first).await.unwrap();
        for (kind, what) in [(LetterKind::Ciphertext, "ciphertext"), (LetterKind::Merged, "merged")] {
            let digest = letter_of(&house, &first, kind).await;
            let (id, number) = (&guarantee.id, guarantee.number().unwrap());
            let line = format!("missing: {digest}, {what} letter (ofd) of guarantee {id} (number {number})\n");
            assert!(said.contains(&line), "{line}{said}");
        }
        let repaired = sum_of(&house, &["check", "--repair-from", copy.to_str().unwrap()]).await;
        assert_eq!(repaired, "4 documents: 1 whole, 3 repaired, 0 missing, 0 damaged, 0 unread");
        let whole = sum_of(&house, &["check"]).await;
        assert_eq!(whole, "4 documents: 4 whole, 0 repaired, 0 missing, 0 damaged, 0 unread");
    }

    async fn an_installation_moves_into_a_bucket_and_back_while_it_runs(database: Database) {
        let server = Server::start().await;
        server.make_bucket().await;
        let house = House::open_with(database, QUICK).await;
        let first = house.issued().await;
        let licence = house.folder.path().join("licence.pdf");
        std::fs::write(&licence, b"%PDF-1.7 made up").unwrap();
        let dossier = house.folder.path().join("dossier.json");
        std::fs::write(&dossier, r#"{"contact": {}, "licence": "licence.pdf"}"#).unwrap();
        house.decided(&first, &["dossier", dossier.to_str().unwrap()]).await;
        let bucket = house.folder.path().join("bucket.toml");
        std::fs::write(&bucket, format!("[server]\nunknown = 1\n{}", server.section())).unwrap();
        let bucket = bucket.to_str().unwrap();

        let (sound, said) = documents(&house, &["copy", "--to", bucket]).await;
        assert!(sound && said.contains("2 documents: 0 whole, 2 copied"), "{said}");
        // It goes on where it was.
        let second = house.issued().await;
        let said = sum_of(&house, &["copy", "--to", bucket]).await;
        assert!(said.starts_with("3 documents: 2 whole, 1 copied"), "{said}");

        // Damage of the same length is seen by whoever reads.
        let digest = letter_of(&house, &second, LetterKind::Ciphertext).await;
        let file = house.settings().archive.folder.join(&digest[..2]).join(&digest);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[100] ^= 1;
        server.spoil(&digest, bytes.clone()).await;
        let said = sum_of(&house, &["copy", "--to", bucket, "--by-size"]).await;
        assert!(said.starts_with("3 documents: 3 whole, 0 copied"), "{said}");
        let said = sum_of(&house, &["copy", "--to", bucket]).await;
        assert!(said.starts_with("3 documents: 2 whole, 1 copied"), "{said}");
        server.spoil(&digest, b"cut".to_vec()).await;
        let said = sum_of(&house, &["copy", "--to", bucket, "--by-size"]).await;
        assert!(said.starts_with("3 documents: 2 whole, 1 copied"), "{said}");

        // The other way round.
        std::fs::write(&file, &bytes).unwrap();
        let (sound, said) = documents(&house, &["check"]).await;
        assert!(!sound && said.contains(&format!("damaged: {digest}, ciphertext letter (ofd) of")), "{said}");
        let paper = house.stored(&first).await.unwrap().papers().next().unwrap().document.to_string();
        std::fs::remove_file(house.settings().archive.folder.join(&paper[..2]).join(&paper)).unwrap();
        let (sound, said) = documents(&house, &["check"]).await;
        assert!(!sound && said.contains(&format!("missing: {paper}, paper of guarantee")), "{said}");
        let said = sum_of(&house, &["copy", "--from", bucket]).await;
        assert!(said.starts_with("3 documents: 1 whole, 2 copied"), "{said}");
        assert!(sum_of(&house, &["check"]).await.starts_with("3 documents: 3 whole"));
    }

    async fn documents_that_an_earlier_version_kept_in_the_clear_are_sealed_while_the_gateway_runs(database: Database) {
        let server = Server::start().await;
        server.make_bucket().await;
        let house = House::open_with(database, QUICK).await;
        let (first, second) = (house.issued().await, house.issued().await);
        let bucket = house.folder.path().join("bucket.toml");
        std::fs::write(&bucket, server.section()).unwrap();
        let bucket = bucket.to_str().unwrap();
        sum_of(&house, &["copy", "--to", bucket]).await;

        let digest = DocumentDigest::new(letter_of(&house, &first, LetterKind::Ciphertext).await);
        let letter = house.gateway.assembly.archive.get(&digest).await.unwrap();
        let file = house.settings().archive.folder.join(&digest.as_str()[..2]).join(digest.as_str());
        std::fs::write(&file, &letter).unwrap();
        server.spoil(digest.as_str(), letter.clone()).await;

        let key = hex::encode(house.gateway.assembly.store.keyring().key_id());
        for place in [&[][..], &["--place", bucket]] {
            let line = |command| [&[command], place].concat();
            let (readable, said) = documents(&house, &line("keys")).await;
            let shown = format!("key {key}: 1 documents (seals now)\nin the clear: 1 documents");
            assert!(readable && said.contains(&shown), "{said}");
            let said = sum_of(&house, &line("reseal")).await;
            assert!(said.starts_with("2 documents: 1 sealed already, 1 sealed anew, 0 gone"), "{said}");
            let said = sum_of(&house, &line("reseal")).await;
            assert!(said.starts_with("2 documents: 2 sealed already, 0 sealed anew"), "{said}");
            let (_, said) = documents(&house, &line("keys")).await;
            assert!(said.ends_with(&format!("key {key}: 2 documents (seals now)\n")), "{said}");
        }
        assert!(!std::fs::read(&file).unwrap().windows(64).any(|it| it == &letter[..64]));
        let acts = house.trail().await.into_iter().filter(|entry| entry.action == "documents.reseal").count();
        assert_eq!(acts, 4);
        // What cannot be verified is told and left as it is.
        std::fs::write(&file, b"something else").unwrap();
        let (complete, said) = documents(&house, &["reseal"]).await;
        assert!(!complete && said.contains(&format!("BAD  {digest}: ")) && said.contains(" 1 damaged"), "{said}");
        assert_eq!(std::fs::read(&file).unwrap(), b"something else");
        std::fs::write(&file, &letter).unwrap();

        // A letter in the clear is as good as any other until then.
        for applyno in [&first, &second] {
            assert!(house.sandbox.restore(applyno).await.unwrap().is_accepted());
        }
        delivered(&house, &[&first, &second], true).await;
    }

    async fn a_letter_that_was_lost_is_alarmed_once_and_goes_out_when_it_is_back(database: Database) {
        let server = Server::start().await;
        server.make_bucket().await;
        let patient = QUICK.replace("repeat_last = 100", "repeat_last = 5000");
        let house = House::archiving_elsewhere(database, &format!("{patient}{}", server.section())).await;
        // The letter is archived while its notice waits for the platform.
        house.sandbox.script(vec![Fault::on("baohannotice", Act::Status(503)).always()]);
        let applyno = applied(&house.sandbox).await;
        let digest = until_stored("the letter is sealed", async || {
            let guarantee = house.stored(&applyno).await?;
            Some(guarantee.letter(LetterKind::Ciphertext)?.document.to_string())
        })
        .await;
        let whole = house.gateway.assembly.archive.get(&DocumentDigest::new(&digest)).await.unwrap();
        server.spoil(&digest, b"something else".to_vec()).await;
        house.sandbox.script(Vec::new());
        let damaged = "gw_alarms_total{kind=\"document-damaged\"}";
        eventually("the damage is seen", || house.counted(damaged) == 1).await;
        let gets = || server.log().matches(&format!("GET /{}/", server::BUCKET)).count();
        let before = gets();
        eventually("the job tries again", || gets() > before + 3).await;
        assert_eq!((house.counted(damaged), house.counted(OUTAGES)), (1, 0));
        assert!(house.sandbox.delivery(&applyno).is_none_or(|it| it.ciphertext.is_none_or(|it| it.completions == 0)));
        server.spoil(&digest, whole).await;
        delivered(&house, &[&applyno], false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_with_a_bucket_are_checked_by_using_it() {
    let mut server = Server::start().await;
    server.make_bucket().await;
    let house = House::archiving_elsewhere(Database::Sqlite, &server.section()).await;
    let say = async || {
        let args = CheckLine::try_parse_from(["check"]).unwrap().args;
        let mut out = Vec::new();
        let sound = check::run(args, house.settings(), &mut out).await.unwrap();
        (sound, String::from_utf8(out).unwrap())
    };
    let (sound, said) = say().await;
    let line = format!(
        "ok   archive: bucket letters of {} under gateway/documents can be written and read\n",
        server.url()
    );
    assert!(sound && said.contains(&line), "{said}");
    server.kill();
    let (sound, said) = say().await;
    let line = format!(
        "BAD  archive: the archive can't be used: {} can't be reached: Connection refused",
        server.url()
    );
    assert!(!sound && said.contains(&line), "{said}");
}

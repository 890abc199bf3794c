//! A whole section is opened at once, and what the letters of before and after say.

use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::Clock;
use baohan_gateway::crypto::certificate::Certificate;
use baohan_gateway::crypto::sm3;
use baohan_gateway::document::ofd::package::{Limits, Package};
use baohan_gateway::sandbox::hainan::{Application, Delivery};
use baohan_gateway::seal::verify::{Trust, Verdict, verify};

use crate::house::{House, on_both_databases};

/// More than jobs may run at the same time, so that some openings have to wait for others.
const SECTION: u32 = 12;
const FEW_SLOTS: &str = "[jobs.worker]\nhouse_slots = 3\ncalls_per_platform = 3\n";

/// The text of a letter's pages, without white space.
fn text(package: &Package) -> String {
    let pages = package.files().filter(|(path, _)| path.ends_with("Content.xml"));
    let mut text = String::new();
    for (_, page) in pages {
        for piece in str::from_utf8(page).unwrap().split("<ofd:TextCode ").skip(1) {
            let (_, piece) = piece.split_once('>').unwrap();
            text.push_str(piece.split_once("</ofd:TextCode>").unwrap().0);
        }
    }
    text.split_whitespace().collect()
}

fn opened(document: &[u8]) -> Package {
    Package::from_zip(document, &Limits::default()).unwrap()
}

/// What stood sealed in the application and is plain after the opening.
fn secrets(application: &Application) -> [String; 3] {
    [&application.section_number, &application.section_name, &application.beneficiary]
        .map(|it| it.split_whitespace().collect())
}

fn assert_ciphertext_letter_holds_no_plaintext(document: &[u8], application: &Application) {
    let package = opened(document);
    let text = text(&package);
    for secret in secrets(application) {
        assert!(!text.contains(&secret), "{secret} is on a page");
        for (path, bytes) in package.files() {
            assert!(!String::from_utf8_lossy(bytes).contains(&secret), "{secret} is in {path}");
        }
    }
    assert!(text.contains(&application.sealed().unwrap().zbr));
}

fn assert_merged_letter_has_both(document: &[u8], before: &[u8], application: &Application) {
    let package = opened(document);
    let (text, sealed) = (text(&package), application.sealed().unwrap());
    for shown in secrets(application).iter().chain([&sealed.biaoduanno, &sealed.biaoduanname, &sealed.zbr]) {
        assert!(text.contains(shown.as_str()), "{shown} is on no page");
    }
    let entry = str::from_utf8(package.file("OFD.xml").unwrap()).unwrap();
    let digest = hex::encode(sm3::digest(before));
    assert!(entry.contains(&format!("Name=\"密文保函SM3\">{digest}</")), "{entry}");
    for attachment in ["plaintext_letter.xml", "ciphertext_letter.xml"] {
        assert!(package.files().any(|(path, _)| path.ends_with(attachment)), "no {attachment}");
    }
}

fn assert_sealed(document: &[u8], trust: &Trust) {
    let report = verify(document, trust, Clock::system().now());
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.failures());
}

on_both_databases! {
    async fn a_section_that_is_opened_at_once_is_delivered_exactly_once(database: Database) {
        let house = House::open_with(database, FEW_SLOTS).await;
        for (applyno, answer) in house.sandbox.apply_many(SECTION).await {
            assert!(answer.unwrap().is_accepted(), "{applyno}");
        }
        let all = |arrived: fn(&Delivery) -> bool| {
            house.until(move |platform| platform.deliveries().iter().all(arrived))
        };
        all(|delivery| delivery.ciphertext.is_some()).await;
        let answers = house.sandbox.open_section().await;
        assert_eq!(answers.len(), house.sandbox.applications().len());
        for (applyno, answer) in answers {
            assert!(answer.unwrap().is_accepted(), "{applyno}");
        }
        all(|delivery| delivery.plaintext.is_some()).await;
        house.at_rest().await;
        for delivery in house.sandbox.deliveries() {
            assert!(delivery.exactly_once(), "{}", delivery.applyno);
        }
        assert!(house.ledger().lines("SELECT id AS line FROM jobs WHERE state <> 'done' AND kind <> 'round'").is_empty());
        assert!(house.ledger().lines("SELECT id AS line FROM guarantees WHERE deadline IS NOT NULL").is_empty());
    }

    async fn letters_say_what_they_may_and_are_sealed(database: Database) {
        let house = House::open(database).await;
        let root = std::fs::read_to_string(house.folder.path().join(props::ROOT_CERTIFICATE)).unwrap();
        let trust = Trust { anchors: vec![Certificate::from_pem(&root).unwrap()] };
        let applyno = house.restored().await;
        let application = house.sandbox.application(&applyno).unwrap();
        let delivery = house.sandbox.delivery(&applyno).unwrap();
        let (before, after) = (delivery.ciphertext.unwrap().document, delivery.plaintext.unwrap().document);
        assert_ciphertext_letter_holds_no_plaintext(&before, &application);
        assert_merged_letter_has_both(&after, &before, &application);
        assert_sealed(&before, &trust);
        assert_sealed(&after, &trust);
        let mut forged = after.to_vec();
        let middle = forged.len() / 2;
        forged[middle] ^= 1;
        assert_ne!(verify(&forged, &trust, Clock::system().now()).verdict, Verdict::Valid);
        // What the platform has is what the archive has.
        let letter = house.stored(&applyno).await.unwrap().issued_letter.unwrap().document;
        let archived = house.gateway.assembly.archive.get(&letter).await.unwrap();
        assert!(archived == *before);
    }
}

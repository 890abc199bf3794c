//! Letters whose signing key is not in the gateway: in a signing service, or in a file as an authority hands it out.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use baohan_gateway::clock::Clock;
use baohan_gateway::crypto::certificate::Certificate;
use baohan_gateway::crypto::second_opinion::KeyPair;
use baohan_gateway::gateway;
use baohan_gateway::sandbox::signing_service::{
    CERTIFICATE, SIGNATURE, SigningService, SigningServiceOptions, read_key,
};
use baohan_gateway::sandbox::{Act, Fault};
use baohan_gateway::seal::{Trust, verify_file};
use baohan_gateway::settings::SealOptions;
use baohan_gateway::store::jobs::JobState;
use baohan_gateway::telemetry::Metrics;
use serde_json::Value;

use crate::faults::{QUICK, applied, jobs_in, until_stored};
use crate::house::{Database, House, on_both_databases};

const TOKEN: &str = "signing-t0ken-of-this-test";

/// The institution's key moves into a service; its certificate stays.
fn service(folder: &Path, key: impl FnOnce(&str) -> KeyPair) -> SigningService {
    let text = |name: &str| std::fs::read_to_string(folder.join("keys").join(name)).unwrap();
    let key = key(&text("signer.key.pem"));
    std::fs::remove_file(folder.join("keys/signer.key.pem")).unwrap();
    let options = SigningServiceOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        name: "保函专用章".to_owned(),
        token: TOKEN.to_owned(),
        key,
        certificate: text("signer.cert.pem"),
        raw: false,
    };
    SigningService::start(options, &Clock::system()).unwrap()
}

fn the_same(pem: &str) -> KeyPair {
    read_key(pem).unwrap()
}

fn section(service: &SigningService) -> String {
    format!(
        "[seal.service]\nurl = \"{}\"\nkey = \"保函专用章\"\ntoken = \"{TOKEN}\"\ntimeout = \"5s\"\nattempts = 2\n",
        service.url()
    )
}

/// Names the certificate, so that the service need not be asked for it.
fn pinned(folder: &Path) -> String {
    format!("[seal]\nsigner_certificate = {:?}\n", folder.join("keys/signer.cert.pem"))
}

/// Whether seal and signature of a letter are genuine.
fn is_genuine(house: &House, letter: &[u8]) -> bool {
    let root = std::fs::read_to_string(house.folder.path().join("keys/root.cert.pem")).unwrap();
    let trust = Trust { anchors: vec![Certificate::from_pem(&root).unwrap()] };
    verify_file(letter, &trust, Clock::system().now()).is_valid()
}

/// The bodies of the requests for signatures.
fn signature_requests(service: &SigningService) -> Vec<Value> {
    let asked = service.journal();
    let signatures = asked.iter().filter(|asked| asked.path.ends_with("/signatures"));
    signatures.map(|asked| serde_json::from_slice(&asked.body).unwrap()).collect()
}

on_both_databases! {
    async fn letters_are_sealed_by_a_service_that_gets_digests_only(database: Database) {
        let started = OnceLock::new();
        let house = House::signing_with(database, QUICK, |folder| {
            section(started.get_or_init(|| service(folder, the_same)))
        })
        .await;
        let service = started.get().unwrap();
        let applyno = house.restored().await;
        let delivery = house.sandbox.delivery(&applyno).unwrap();
        for letter in [delivery.ciphertext.unwrap(), delivery.plaintext.unwrap()] {
            assert!(is_genuine(&house, &letter.document));
        }
        // The certificate once at the start, then 32 bytes for each letter, and nothing else of it.
        let asked = service.journal();
        assert!(asked[0].body.is_empty() && asked.iter().skip(1).all(|asked| asked.path.ends_with("/signatures")));
        let requests = signature_requests(service);
        assert_eq!(requests.len(), 2);
        for request in requests {
            let members: Vec<&str> = request.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, ["algorithm", "digest", "digest_of", "request_id"]);
            assert_eq!(request["digest"].as_str().unwrap().len(), 44, "32 bytes as Base64");
        }
        assert_eq!(house.counted(r#"gw_outside_signatures_total{source="service",result="ok"}"#), 2);
    }

    async fn while_the_service_is_away_letters_wait_and_are_made_once_it_is_back(database: Database) {
        let started = OnceLock::new();
        let house = House::signing_with(database, QUICK, |folder| {
            let service = started.get_or_init(|| {
                let service = service(folder, the_same);
                // Away from the start: the gateway comes up all the same, because it knows the certificate.
                let away = |interface| Fault::on(interface, Act::Status(503)).always();
                service.script(vec![away(CERTIFICATE), away(SIGNATURE)]);
                service
            });
            format!("{}{}", pinned(folder), section(service))
        })
        .await;
        let service = started.get().unwrap();
        let applyno = applied(&house.sandbox).await;
        let waiting = until_stored("the letter waits for another attempt", async || {
            let jobs = [jobs_in(&house, JobState::Ready).await, jobs_in(&house, JobState::Running).await].concat();
            jobs.into_iter().find(|job| job.kind == "make-letter" && job.attempts > 1)
        })
        .await;
        let detail = waiting.detail.unwrap();
        assert!(detail.contains("the signing service http://127.0.0.1") && detail.contains("503"), "{detail}");
        assert!(!detail.contains(TOKEN));
        assert!(house.sandbox.delivery(&applyno).is_none_or(|delivery| delivery.ciphertext.is_none()));

        service.script(Vec::new());
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
        let letter = house.sandbox.delivery(&applyno).unwrap().ciphertext.unwrap();
        assert!(is_genuine(&house, &letter.document));
        let unavailable = r#"gw_outside_signatures_total{source="service",result="unavailable"}"#;
        assert!(house.counted(unavailable) >= 1);
    }

    async fn what_a_service_signs_with_another_key_is_never_delivered(database: Database) {
        let started = OnceLock::new();
        let house = House::signing_with(database, QUICK, |folder| {
            section(started.get_or_init(|| service(folder, |_| KeyPair::generate().unwrap())))
        })
        .await;
        let applyno = applied(&house.sandbox).await;
        let tried = until_stored("the letter is tried again", async || {
            let jobs = [jobs_in(&house, JobState::Ready).await, jobs_in(&house, JobState::Running).await].concat();
            jobs.into_iter().find(|job| job.kind == "make-letter" && job.attempts > 2)
        })
        .await;
        let detail = tried.detail.unwrap();
        assert!(detail.contains("returned a signature that is not by the key of the certificate"), "{detail}");
        assert!(house.sandbox.delivery(&applyno).is_none_or(|delivery| delivery.ciphertext.is_none()));
        assert!(house.counted(r#"gw_alarms_total{kind="wrong_signature"}"#) >= 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wrong_signature_costs_an_attempt_and_no_letter() {
    let started = OnceLock::new();
    let house = House::signing_with(Database::Sqlite, QUICK, |folder| {
        let service = started.get_or_init(|| service(folder, the_same));
        service.script(vec![Fault::on(SIGNATURE, Act::WrongSignature)]);
        section(service)
    })
    .await;
    let applyno = house.issued().await;
    assert!(is_genuine(&house, &house.sandbox.delivery(&applyno).unwrap().ciphertext.unwrap().document));
    assert_eq!(signature_requests(started.get().unwrap()).len(), 2);
    assert_eq!(house.counted(r#"gw_outside_signatures_total{source="service",result="wrong"}"#), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_signatures_do_not_hold_up_the_letters_behind_them() {
    let started = OnceLock::new();
    let house = House::signing_with(Database::Sqlite, QUICK, |folder| {
        let service = started.get_or_init(|| service(folder, the_same));
        // The first signatures take longer than anybody waits here, more of them than the machine has cores.
        let hung = |nth| Fault::on(SIGNATURE, Act::Late(600_000)).nth(nth);
        service.script((1..=u32::try_from(cores()).unwrap()).map(hung).collect());
        section(service).replace("\"5s\"", "\"10m\"").replace("attempts = 2", "attempts = 1")
    })
    .await;
    for _ in 0..cores() {
        applied(&house.sandbox).await;
    }
    until_stored("as many signatures as cores are waited for", async || {
        let running = jobs_in(&house, JobState::Running).await;
        (running.iter().filter(|job| job.kind == "make-letter").count() == cores()).then_some(())
    })
    .await;
    house.issued().await;
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_a_pkcs12_file_signs_letters() {
    let house = House::signing_with(Database::Sqlite, QUICK, |folder| {
        let keys = folder.join("keys");
        std::fs::write(keys.join("password"), "口令 with a blank").unwrap();
        let mut openssl = Command::new("openssl");
        openssl.current_dir(&keys).args(["pkcs12", "-export", "-passout", "file:password"]);
        openssl.args(["-inkey", "signer.key.pem", "-in", "signer.cert.pem", "-out", "signer.p12"]);
        assert!(openssl.status().unwrap().success());
        std::fs::remove_file(keys.join("signer.key.pem")).unwrap();
        let (file, password) = (keys.join("signer.p12"), keys.join("password"));
        format!("[seal]\nsigner_pkcs12 = {file:?}\npkcs12_password_file = {password:?}\n")
    })
    .await;
    let applyno = house.issued().await;
    assert!(is_genuine(&house, &house.sandbox.delivery(&applyno).unwrap().ciphertext.unwrap().document));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_the_seal_does_not_name_is_refused_whoever_tells_it() {
    let house = House::open(Database::Sqlite).await;
    let keys = house.folder.path().join("keys");
    std::fs::copy(keys.join("sealer.cert.pem"), keys.join("signer.cert.pem")).unwrap();
    let service = service(house.folder.path(), the_same);
    let options: SealOptions = toml::from_str(&format!(
        "electronic_seal = {:?}\n{}",
        keys.join("seal.esl"),
        section(&service).replace("seal.service", "service")
    ))
    .unwrap();
    let (clock, metrics) = (Clock::system(), Metrics::new());
    let said = format!("{:#}", gateway::sealer(&options, &clock, &metrics).await.err().unwrap());
    assert!(said.contains("seal.electronic_seal") && said.contains("may not be used by"), "{said}");
    service.stop().await;
    let said = format!("{:#}", gateway::sealer(&options, &clock, &metrics).await.err().unwrap());
    assert!(said.contains("seal.signer_certificate could name it") && said.contains("connect"), "{said}");
}

//! What must not be seen by those who read the database, the archive, the log or the metrics: a sealed section before
//! its opening, keys and secrets ever, and people's data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::{Clock, to_wire};
use baohan_gateway::crypto::keyring::Keyring;
use baohan_gateway::crypto::sm2::PrivateKey;
use baohan_gateway::crypto::sm3;
use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::domain::identity::{ApplicationNumber, PlatformId};
use baohan_gateway::sandbox::hainan::{Application, Delivery, read_faults};
use baohan_gateway::settings::{self, Settings};
use baohan_gateway::store::keys::Purpose;
use baohan_gateway::store::{Archive, Store, deliveries, guarantees, keys};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
#[cfg(feature = "postgres")]
use diesel::prelude::*;

use crate::house::{House, PATIENCE, on_both_databases};
use crate::serving::{Serving, program, said};
use crate::traces::{Planted, Traces};

const CONTACT: &str = "欧阳守密";
const PHONE: &str = "13957924680";
/// As the simulated platform asks for invoices and claims.
const INVOICE_ACCOUNT: &str = "46050100163600009876";
const CLAIM_ACCOUNT: &str = "46050100163600001234";
const CLAIMANT_PHONE: &str = "13900001111";
/// As the institution answers the claim.
const PAYEE_PHONE: &str = "13688997755";
const PAYEE_ACCOUNT: &str = "6222021001987654321";

/// Files that are secret by themselves and lie apart from the data.
const KEY_FILES: [&str; 3] = ["keys", "master.key", "hainan.appsecret"];

on_both_databases! {
    async fn sealed_sections_keys_and_personal_data_show_nowhere(database: Database) {
        let quick = "[jobs.ordinary]\ndelays = [\"100ms\"]\nrepeat_last = 9\njitter_percent = 0";
        let house = House::open_with(database, quick).await;
        let (folder, sandbox) = (house.folder, house.sandbox);
        let files = [house.settings, house.overrides];
        // The same house, this time as a process whose log is open to the last detail.
        let address = house.gateway.address.to_string();
        house.gateway.stop().await;
        let variables = [
            ("BAOHAN__SERVER__LISTEN", address.as_str()),
            ("BAOHAN__TELEMETRY__LOG_FILTER", "trace"),
            ("BAOHAN__TELEMETRY__LOG_FORMAT", "json"),
        ];
        let serving = Serving::start(&files, &variables);

        let application = application(sandbox.generate());
        let section = section(&application);
        let applyno = application.applyno.clone();
        let faults = folder.path().join("faults.toml");
        std::fs::write(&faults, FAULTS).unwrap();
        sandbox.script(read_faults(&faults).unwrap());

        // What is refused is not told any further either.
        let long = Application { applyno: "TBHN1".to_owned(), jbrphone: PHONE.repeat(9), ..application.clone() };
        assert_eq!(sandbox.apply(long).await.unwrap().code, "0");
        let secret = house.credentials.appsecret.expose();
        for body in [unsealed(&application, secret), unsealed(&application, "another secret"), cut(&application)] {
            assert_eq!(sandbox.push_raw("baohanapply", body).await.unwrap().code, "0");
        }

        assert!(sandbox.apply(application.clone()).await.unwrap().is_accepted());
        let until = async |condition: fn(&Delivery) -> bool| {
            let came = sandbox.wait_until(|it| it.delivery(&applyno).is_some_and(|it| condition(&it)), PATIENCE);
            assert!(came.await, "{}", String::from_utf8_lossy(&serving.log()));
        };
        until(|it| it.ciphertext.is_some()).await;

        let secrets = secrets(folder.path(), secret);
        let people = people();
        let before = traces(&files, folder.path(), &serving).await;
        let known = Planted::new("the application's number", &applyno);
        let of_database = |place: &&str| place.contains("baohan.db") || place.starts_with("table");
        assert!(before.places(&known).iter().any(of_database), "{:?}", before.places(&known));
        assert!(before.places(&known).contains(&"log"), "{:?}", before.places(&known));
        before.assert_free_of(&section, |_| false);
        before.assert_free_of(&secrets, |_| false);
        before.assert_free_of(&people, |_| false);
        before.assert_free_of(&[Planted::new("the section's key", application.key)], |_| false);
        drop(before);

        let wrong = sandbox.restore_with_wrong_key(&applyno).await.unwrap();
        assert_eq!(wrong.code, "0");
        assert!(sandbox.restore(&applyno).await.unwrap().is_accepted());
        until(|it| it.plaintext.is_some()).await;
        assert!(sandbox.invoice(&applyno, "1").await.unwrap().is_accepted());
        assert!(sandbox.claim(&applyno).await.unwrap().is_accepted());
        let result = folder.path().join("result.json");
        std::fs::write(&result, claim_result()).unwrap();
        let decided = ["claim".as_ref(), result.as_os_str()];
        let decided = said(decide(&files, &variables, &applyno).args(decided));
        std::fs::remove_file(&result).unwrap();
        until(|it| it.notices.contains_key("claimsresultnotice")).await;

        let mut keys = stored_keys(&files, &applyno).await;
        assert_eq!(keys[0].bytes, application.key, "what is looked for is what was stored");
        keys.extend(secrets);
        let mut after = traces(&files, folder.path(), &serving).await;
        after.add("command", &decided);
        after.add("log at the end", &serving.stop());
        after.assert_free_of(&keys, |_| false);
        after.assert_free_of(&people, |_| false);
        // What has been delivered in the clear lies sealed in the archive.
        after.assert_free_of(&section, |_| false);
        let mut delivered = Traces::default();
        for (kind, letter) in letters(&files, &applyno).await {
            delivered.add(kind, &letter);
        }
        for planted in &section {
            assert!(delivered.places(planted).iter().all(|it| it.contains("merged")), "{}", planted.what);
            assert!(!delivered.places(planted).is_empty(), "{} is not in the merged letter", planted.what);
        }
        assert!(delivered.places(&known).iter().any(|it| it.contains("ciphertext!Doc_0/Pages")));
        sandbox.stop().await;
    }
}

/// Failures on the way, since failures are what logs are full of.
const FAULTS: &str = r#"
[[fault]]
interface = "baohannotice"
act = { status = 500 }
[[fault]]
interface = "uploadbaohanfile"
act = "reset"
[[fault]]
interface = "baohanfilecompletenotice"
act = { refuse = "解密失败" }
[[fault]]
interface = "claimsresultnotice"
act = "html200"
"#;

fn application(made_up: Application) -> Application {
    Application {
        jbrname: CONTACT.to_owned(),
        jbrphone: PHONE.to_owned(),
        section_number: "HNGZ-BAOMI-7Q4Z8".to_owned(),
        section_name: "琼海市潭门镇渔港防波堤加固工程施工二标段".to_owned(),
        beneficiary: "琼海市潭门渔港建设指挥部".to_owned(),
        ..made_up
    }
}

fn section(application: &Application) -> Vec<Planted> {
    vec![
        Planted::new("the section's number", &application.section_number),
        Planted::new("the section's name", &application.section_name),
        Planted::new("the beneficiary", &application.beneficiary),
        Planted::new("the beneficiary's code", application.beneficiary_code.as_ref().unwrap()),
    ]
}

fn people() -> Vec<Planted> {
    vec![
        Planted::new("the contact's name", CONTACT),
        Planted::new("the contact's phone", PHONE),
        Planted::new("the invoice's account", INVOICE_ACCOUNT),
        Planted::new("the claim's account", CLAIM_ACCOUNT),
        Planted::new("the claimant's phone", CLAIMANT_PHONE),
        Planted::new("the payee's phone", PAYEE_PHONE),
        Planted::new("the payee's account", PAYEE_ACCOUNT),
    ]
}

/// A push that is signed but not encrypted, as a platform might send by mistake.
fn unsealed(application: &Application, appsecret: &str) -> Vec<u8> {
    let now = to_wire(Clock::system().now());
    let mut fields = vec![
        ("appkey", "HN_DEMO_0001"),
        ("applyno", "TBHN2"),
        ("biaoduanname", application.section_name.as_str()),
        ("biaoduanno", &application.section_number),
        ("biddercode", &application.biddercode),
        ("biddername", &application.biddername),
        ("bzjamount", &application.bond),
        ("jbrname", &application.jbrname),
        ("jbrphone", &application.jbrphone),
        ("platformcode", "460000"),
        ("timestamp", &now),
        ("zbr", &application.beneficiary),
    ];
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let sign = hex::encode(sm3::digest(format!("{}&appsecret={appsecret}", pairs.join("&")).as_bytes()));
    fields.push(("sign", &sign));
    let object: serde_json::Map<_, _> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    serde_json::to_vec(&object).unwrap()
}

/// The same, broken off inside a text.
fn cut(application: &Application) -> Vec<u8> {
    let mut body = unsealed(application, "any");
    body.truncate(body.len() - 20);
    body
}

fn claim_result() -> String {
    serde_json::json!({
        "status": "paid",
        "remark": null,
        "payer": {
            "code": "91460000MA0EXAMP7X",
            "contact": { "name": CONTACT, "phone": PHONE },
            "account": { "holder": props::INSTITUTION, "number": INVOICE_ACCOUNT, "bank": "示例银行海口分行" },
        },
        "beneficiary": {
            "code": "11460000MA0EXAMP7X",
            "contact": { "name": CONTACT, "phone": PAYEE_PHONE },
            "account": { "holder": "某单位", "number": PAYEE_ACCOUNT, "bank": "示例银行琼海支行" },
        },
        "amount": 1_000_000,
    })
    .to_string()
}

fn decide(files: &[PathBuf], variables: &[(&str, &str)], applyno: &str) -> std::process::Command {
    let mut command = program(files, variables);
    command.args(["decide", "--platform", "hainan", applyno]);
    command
}

/// What the institution must keep to itself for ever.
fn secrets(folder: &Path, appsecret: &str) -> Vec<Planted> {
    let master = std::fs::read_to_string(folder.join("master.key")).unwrap();
    let master = hex::decode(master.lines().last().unwrap()).unwrap();
    let signer = std::fs::read_to_string(folder.join("keys/signer.key.pem")).unwrap();
    let der: String = signer.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(der).unwrap();
    let d: [u8; 32] = der[36..68].try_into().unwrap();
    assert_eq!(*PrivateKey::from_bytes(&d).unwrap().to_pem(), *signer, "this is the key's own number");
    vec![
        Planted::new("the appsecret", appsecret),
        Planted::new("the master key", master),
        Planted::new("the signing key", d),
    ]
}

/// Everything that others may come to see.
async fn traces(files: &[PathBuf], folder: &Path, serving: &Serving) -> Traces {
    let mut traces = Traces::default();
    traces.add_folder(folder, &KEY_FILES);
    add_tables(files, &mut traces);
    traces.add("log", &serving.log());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = client.get(format!("http://{}/metrics", serving.metrics)).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("gw_outbound_attempts_total"), "{page}");
    traces.add("metrics", page.as_bytes());
    traces
}

/// SQLite's tables are in the folder.
#[cfg(not(feature = "postgres"))]
pub fn add_tables(_: &[PathBuf], _: &mut Traces) {}

#[cfg(feature = "postgres")]
pub fn add_tables(files: &[PathBuf], traces: &mut Traces) {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text)]
        line: String,
    }
    let settings = settings::load(files).unwrap();
    let url = settings.store.url.expose();
    if !url.starts_with("postgres") {
        return;
    }
    let mut link = PgConnection::establish(url).unwrap();
    let mut lines = |sql: &str| -> Vec<Line> { diesel::sql_query(sql).load(&mut link).unwrap() };
    let tables = lines(
        "SELECT CAST(table_name AS TEXT) AS line FROM information_schema.tables WHERE table_schema = 'public'",
    );
    assert!(tables.len() > 8);
    for Line { line: table } in tables {
        for row in lines(&format!("SELECT CAST(row_to_json(t) AS TEXT) AS line FROM {table} t")) {
            traces.add(format!("table {table}"), row.line.as_bytes());
        }
    }
}

/// A second way into the database, with the master key.
async fn stored(files: &[PathBuf], applyno: &str) -> (Store, guarantees::Stored) {
    let settings: Settings = settings::load(files).unwrap();
    let keyring = settings.keyring.source().unwrap().keyring().unwrap();
    let store = Store::open(&settings.store, Arc::new(keyring)).unwrap();
    let (platform, number) = (PlatformId::new("hainan"), ApplicationNumber::new(applyno));
    let found = store.read(move |c| guarantees::find_by_application(c, &platform, &number)).await;
    (store, found.unwrap().unwrap())
}

/// The key of the section, and the keys and initialisation vectors of both uploaded files.
async fn stored_keys(files: &[PathBuf], applyno: &str) -> Vec<Planted> {
    let (store, found) = stored(files, applyno).await;
    let id = found.guarantee.id;
    store
        .read(move |c| {
            let mut all = Vec::new();
            let restoration = keys::find(c, &id, Purpose::Restoration)?.unwrap();
            all.push(Planted::new("the section's key", restoration));
            for letter in [LetterKind::Ciphertext, LetterKind::Merged] {
                let file_key = deliveries::find(c, &id, letter)?.unwrap().file_key;
                all.push(Planted::new("a file's key", &file_key[..16]));
            }
            Ok(all)
        })
        .await
        .unwrap()
}

/// Both letters, as the platform has got them.
async fn letters(files: &[PathBuf], applyno: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (store, found) = stored(files, applyno).await;
    let archive = Archive::open(&settings::load(files).unwrap().archive, store.keyring()).unwrap();
    let mut letters = Vec::new();
    for kind in [LetterKind::Ciphertext, LetterKind::Merged] {
        let digest = &found.guarantee.letter(kind).unwrap().document;
        letters.push((kind.name(), archive.get(digest).await.unwrap()));
    }
    letters
}

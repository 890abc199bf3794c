//! What must not be seen by those who read the database, the archive, the log or the metrics: a sealed section before
//! its opening, keys and secrets ever, and people's data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use baohan_gateway::access::Role;
use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::{Clock, to_wire};
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
use reqwest::StatusCode;
use serde_json::json;

use crate::console::CONSOLE;
use crate::console::guest::{Device, Guest, PASSWORD};
use crate::core_system::receiver::SECRETS;
use crate::core_system::{API, Core};
use crate::house::{Database, House, PATIENCE, on_both_databases};
use crate::remains;
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
/// As the core system hands it in.
const REPRESENTATIVE: &str = "慕容守信";
const REPRESENTATIVE_ID: &str = "350627197803147519";
const REPRESENTATIVE_PHONE: &str = "13774659318";
const MAIL: &str = "ouyang.shoumi@example.com";
const PAPER: &str = "%PDF-1.7\n营业执照副本复印件，编号闽漳七四一九八六\n%%EOF\n";
/// What somebody typed a line too high.
const MISPLACED_PASSWORD: &str = "wei-du-zhi-ji-2046";
const REDIRECT_SECRET: &str = "9c1d6f0b7e2a48d5bf3760c4e1a95d28";

/// Files that are secret by themselves and lie apart from the data.
const KEY_FILES: [&str; 4] = ["keys", "master.key", "hainan.appsecret", "overrides.toml"];

on_both_databases! {
    async fn sealed_sections_keys_and_personal_data_show_nowhere(database: Database) {
        let house = House::open_with(database, &settings_on_top()).await;
        let initial = house.invite("ouyang", &[Role::Operations]).await;
        let (core, mut guest) = (house.core().await, house.guest());
        let console = house.gateway.console_address().unwrap().to_string();
        let interface = house.gateway.core_system_address().unwrap().to_string();
        let (folder, sandbox) = (house.folder, house.sandbox);
        let files = [house.settings, house.overrides];
        // The same house, this time as a process whose log is open to the last detail.
        let address = house.gateway.address.to_string();
        house.gateway.stop().await;
        let temporary = folder.path().join("temporary");
        std::fs::create_dir(&temporary).unwrap();
        let variables = [
            ("BAOHAN__SERVER__LISTEN", address.as_str()),
            ("BAOHAN__API__LISTEN", interface.as_str()),
            ("BAOHAN__CONSOLE__LISTEN", console.as_str()),
            ("BAOHAN__TELEMETRY__LOG_FILTER", "trace"),
            ("BAOHAN__TELEMETRY__LOG_FORMAT", "json"),
            ("TMPDIR", temporary.to_str().unwrap()),
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

        let mut secrets = secrets(folder.path(), secret);
        secrets.extend(operator(&mut guest, &initial).await);
        secrets.push(Planted::new("the core system's key", &core.key));
        let id = stored(&files, &applyno).await.1.guarantee.id.to_string();
        dossier(&core, &id).await;
        let people = people();
        let before = remains::of(&files, folder.path(), &KEY_FILES, &serving).await;
        // Wherever something is looked for, something can be found.
        let known = Planted::new("the application's number", &applyno);
        let places = before.places(&known);
        for looked_at in seen_through(database) {
            assert!(places.iter().any(|place| place.contains(looked_at)), "{looked_at}: {places:?}");
        }
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
        let copied = back_up(&files, &folder.path().join("backup"));

        let mut keys = stored_keys(&files, &applyno).await;
        assert_eq!(keys[0].bytes, application.key, "what is looked for is what was stored");
        keys.extend(secrets);
        let mut after = remains::of(&files, folder.path(), &KEY_FILES, &serving).await;
        after.add("command", &decided);
        after.add("backup's dump", &copied);
        after.add("log at the end", &serving.stop());
        after.add_folder(&temporary, &[]);
        assert!(after.places(&known).iter().any(|place| place.contains("backup")));
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

        // Had anything of it been left there, it would have been found.
        for planted in keys.iter().chain(&people).chain(&section) {
            let left = temporary.join("left");
            std::fs::write(&left, [b"1234567", planted.bytes.as_slice(), b"890"].concat()).unwrap();
            let mut traces = Traces::default();
            traces.add_folder(&temporary, &[]);
            let hits = traces.hits(std::slice::from_ref(planted), |_| false);
            assert_eq!(hits, [format!("{} in {}", planted.what, left.display())]);
        }
        sandbox.stop().await;
    }
}

/// A console, an interface for the core system, and callbacks that nobody takes.
fn settings_on_top() -> String {
    format!(
        "{API}{CONSOLE}[callbacks]\nurl = \"http://127.0.0.1:1/callbacks\"\nsecret = \"whsec_{}\"\n\
         [redirects]\nsecret = {REDIRECT_SECRET:?}\n\
         [jobs.ordinary]\ndelays = [\"100ms\"]\nrepeat_last = 9\njitter_percent = 0\n",
        SECRETS[0]
    )
}

/// Parts of the names of places that hold the application's number in the clear.
fn seen_through(database: Database) -> &'static [&'static str] {
    match database {
        Database::Sqlite => &["baohan.db", "log"],
        #[cfg(feature = "postgres")]
        Database::Postgres => &["table guarantees", "log"],
    }
}

/// Somebody signs in for the first time, after typing a password where the name belongs; yields what only they may know.
async fn operator(guest: &mut Guest, initial: &str) -> Vec<Planted> {
    assert_eq!(guest.show(MISPLACED_PASSWORD, "x").await.status, StatusCode::UNAUTHORIZED);
    guest.show("ouyang", initial).await;
    let step = guest.cookies["baohan-step"].clone();
    guest.step("/sign-in/new-password", &[("password", PASSWORD), ("again", PASSWORD)]).await;
    let page = guest.get("/sign-in/enrolment").await;
    let shown = page.between("<code id=\"secret\">", "</code>").replace(' ', "");
    let code = Device::of(&shown).code_at(Clock::system().now());
    let page = guest.step("/sign-in/enrolment", &[("code", &code)]).await;
    let recovery = page.between("<li>", "</li>").to_owned();
    assert_eq!(guest.get("/queue").await.status, StatusCode::OK);
    vec![
        Planted::new("a password in the wrong place", MISPLACED_PASSWORD),
        Planted::new("an initial password", initial),
        Planted::new("a password", PASSWORD),
        Planted::new("a device's secret", shown),
        Planted::new("a recovery code", recovery),
        Planted::new("a step's cookie", step),
        Planted::new("a session's cookie", &guest.cookies["baohan"]),
    ]
}

/// The core system hands in what it knows of the applicant, at first in a form that is refused.
async fn dossier(core: &Core, id: &str) {
    let licence = core.upload("?name=licence.pdf", "application/pdf", PAPER.as_bytes()).await;
    let papers = json!({ "licence": { "digest": licence.body["digest"], "name": "licence.pdf" } });
    let refused = json!({ "contact": { "name": CONTACT, "telephone": PHONE } });
    assert_eq!(
        core.post(&format!("/guarantees/{id}/dossier"), refused).await.status,
        StatusCode::BAD_REQUEST
    );
    let whole = json!({
        "contact": { "name": CONTACT, "phone": PHONE },
        "legal_representative": { "name": REPRESENTATIVE, "phone": REPRESENTATIVE_PHONE },
        "legal_representative_id": REPRESENTATIVE_ID,
        "email": MAIL,
        "papers": papers,
    });
    core.act(id, "dossier", whole).await;
}

/// `baohan backup create`; yields what it said, and a compressed dump as text.
fn back_up(files: &[PathBuf], to: &Path) -> Vec<u8> {
    let mut create = std::process::Command::new(env!("CARGO_BIN_EXE_baohan"));
    for file in files {
        create.arg("--settings").arg(file);
    }
    let mut all = said(create.args(["backup", "create", "--to"]).arg(to));
    for snapshot in std::fs::read_dir(to).unwrap() {
        let dump = snapshot.unwrap().path().join("database.dump");
        if dump.exists() {
            all.extend(said(std::process::Command::new("pg_restore").arg("--file=-").arg(dump)));
        }
    }
    all
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
        Planted::new("the representative's name", REPRESENTATIVE),
        Planted::new("the representative's number", REPRESENTATIVE_ID),
        Planted::new("the representative's phone", REPRESENTATIVE_PHONE),
        Planted::new("the contact's mail", MAIL),
        Planted::new("what a paper says", "编号闽漳七四一九八六"),
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
    json!({
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
        Planted::new("the secret of callbacks", STANDARD.decode(SECRETS[0]).unwrap()),
        Planted::new("the secret of redirects", REDIRECT_SECRET),
    ]
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

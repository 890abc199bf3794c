//! `baohan check`, and `baohan serve` where it must not start: both say the same of the same settings.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;

use crate::demonstration::House;
use crate::program::{Running, baohan, program, refused, refused_to_serve};

#[test]
fn sound_settings_are_explained_platform_by_platform() {
    let house = House::new();
    let said = house.run(&["check"]).succeeded();
    for expected in [
        "ok   master key",
        "ok   seal",
        "ok   templates and fonts",
        "migrations to run at start: 0",
        "hainan speaks hainan-2024",
        "/platforms/hainan/baohanapply",
        "(A.1 投保申请)",
        "/rest/gbsapi/uploadbaohanfile",
        "ciphertext letter: notice, then upload",
        "rate 0.004",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert!(!said.contains("BAD"), "{said}");
}

#[test]
fn a_platform_that_does_not_answer_is_told_from_one_that_does() {
    let house = House::new();
    // The demonstration's platform has gone.
    let said = house.run(&["check", "--connect"]);
    assert!(said.code == 1 && said.out.contains("BAD    connection: could not connect"), "{said:?}");
}

#[test]
fn looking_at_a_house_without_a_database_makes_none() {
    let house = House::new();
    std::fs::remove_file(house.path("baohan.db")).unwrap();
    let said = house.run(&["check"]).succeeded();
    assert!(said.contains("the database file will be made"), "{said}");
    assert!(!house.path("baohan.db").exists());
}

/// What is broken, and words that must be in the complaint: the key, the file, what was expected.
type Case = (&'static str, fn(&House), &'static [&'static str]);

/// Settings that can't even be read.
const UNREADABLE: &[Case] = &[
    (
        "an unknown key",
        |house| house.edit("metrics_listen =", "metric_listen ="),
        &["telemetry", "`metric_listen`", "baohan.toml", "`metrics_listen`"],
    ),
    (
        "a missing key",
        |house| house.edit("appkey = \"HN_DEMO_0001\"\n", ""),
        &["platforms.hainan.wire", "missing field `appkey`"],
    ),
    (
        "a wrong word",
        |house| house.edit("mode = \"automatic\"", "mode = \"sometimes\""),
        &["platforms.hainan.underwriting.mode", "baohan.toml", "`automatic`", "`sometimes`"],
    ),
    (
        "a wrong number",
        |house| house.edit("rate = \"0.004\"", "rate = \"much\""),
        &["platforms.hainan.underwriting.rate", "baohan.toml", "\"much\""],
    ),
    ("no TOML", |house| house.edit("[server]", "[server"), &["settings", "baohan.toml", "line 2"]),
    (
        "a secret's file that is missing",
        |house| std::fs::remove_file(house.path("hainan.appsecret")).unwrap(),
        &["platforms.hainan.wire.appsecret", "appsecret`", "expected a secret"],
    ),
];

/// Settings that name what can't be used. Those of one row are also broken together, for a check tells of all at once.
const UNUSABLE: &[&[Case]] = &[
    &[
        (
            "a master key that is missing",
            |house| std::fs::remove_file(house.path("master.key")).unwrap(),
            &["keyring.file", "master.key`", "baohan keys generate master"],
        ),
        (
            "a signing key that is missing",
            |house| std::fs::remove_file(house.path("keys/signer.key.pem")).unwrap(),
            &["seal.signer_key", "signer.key.pem`"],
        ),
        (
            "a template that Typst can't read",
            |house| own_template(house, "#let x = (\n"),
            &["documents", "bid-bond.typ` line"],
        ),
        (
            "a dialect that nobody knows",
            |house| house.edit("\"hainan-2024\"", "\"hainan-2042\""),
            &["platforms.hainan.wire.dialect", "`hainan-2042`", "hainan-2024"],
        ),
        (
            "a log filter that can't be read",
            |house| house.edit("log_filter = \"info\"", "log_filter = \"warn,=\""),
            &["telemetry.log_filter", "`warn,=`", "expected directives"],
        ),
        (
            "a certificate authority's file that is missing",
            |house| house.edit("[institution]", "[delivery]\nca_file = \"nowhere.pem\"\n[institution]"),
            &["delivery.ca_file", "`nowhere.pem`"],
        ),
    ],
    &[
        (
            "a master key that others can read",
            |house| set_mode(house, "master.key", 0o644),
            &["keyring.file", "master.key`", "only its owner", "mode 0644", "chmod 600"],
        ),
        (
            "a signing key that others can read",
            |house| set_mode(house, "keys/signer.key.pem", 0o640),
            &["seal.signer_key", "signer.key.pem`", "only its owner", "mode 0640"],
        ),
        (
            "a template with a character that no font draws",
            |house| own_template(house, "🦄\n"),
            &["documents", "no font draws `🦄` (U+1F984)", "fonts folder"],
        ),
    ],
    &[
        (
            "a master key of another form",
            |house| std::fs::write(house.path("master.key"), "0011\n").unwrap(),
            &["keyring.file", "master.key`, line 1", "64 hex digits", "found 4"],
        ),
        (
            "a signing key of somebody else",
            |house| house.edit("keys/signer.key.pem", "keys/sealer.key.pem"),
            &["seal.signer_key", "sealer.key.pem`", "signer.cert.pem`", "another key"],
        ),
        (
            "a template that leaves no place for the seal",
            |house| {
                own_template(house, "");
                let shared = include_str!("../../templates/letter.typ");
                std::fs::write(house.path("templates/letter.typ"), shared.replace("<seal>", "<sael>"))
                    .unwrap();
            },
            &["documents", "bid-bond.typ`", "<seal>"],
        ),
    ],
    &[
        (
            "a key where a certificate belongs",
            |house| house.edit("keys/signer.cert.pem", "keys/signer.key.pem"),
            &["seal.signer_certificate", "signer.key.pem`", "certificate"],
        ),
        (
            "an institution whose name no font draws",
            |house| house.edit("name = \"示例财产", "name = \"示例🦄财产"),
            &["institution", "no font draws `🦄`"],
        ),
        (
            "a database of a kind that is not supported",
            |house| {
                house.edit(&format!("url = {:?}", house.path("baohan.db")), "url = \"mysql://host/database\"")
            },
            &["store.url", "postgres://", "`mysql://`"],
        ),
    ],
    &[(
        "two places of the signing key",
        |house| house.edit("[seal]", "[seal]\nsigner_pkcs12 = \"signer.p12\"\npkcs12_password = \"x\""),
        &["seal: expected one place", "`seal.signer_key` and `seal.signer_pkcs12`"],
    )],
    &[(
        "a device's library that is none",
        |house| {
            house.edit("signer_key =", "# signer_key =");
            let library = house.path("keys/signer.cert.pem");
            house.edit(
                "[downloads]",
                &format!("[seal.device]\nlibrary = {library:?}\nkey_index = 1\n[downloads]"),
            );
        },
        &["seal.device.library", "signer.cert.pem`", "can't be loaded"],
    )],
    &[(
        "a signing service that would be spoken to in the clear",
        |house| {
            house.edit("signer_key =", "# signer_key =");
            let service = "[seal.service]\nurl = \"http://sign.example.com\"\nkey = \"k\"\ntoken = \"t\"\n";
            house.edit("[downloads]", &format!("{service}[downloads]"));
        },
        &["seal.service.url", "expected `https`"],
    )],
    &[(
        "a certificate of the core system's listener that is missing",
        |house| with_tls(house, "nowhere.pem", "keys/signer.key.pem", ""),
        &["api.tls.certificate", "nowhere.pem`"],
    )],
    &[(
        "a key of the core system's listener that is none for TLS",
        |house| with_tls(house, "keys/pdf.cert.pem", "master.key", ""),
        &["api.tls.key", "master.key`", "private key"],
    )],
    &[(
        "a key of the core system's listener that belongs to another certificate",
        |house| with_tls(house, "keys/pdf.cert.pem", "keys/signer.key.pem", ""),
        &["api.tls.key", "signer.key.pem`"],
    )],
    &[(
        "authorities of the core system that are none",
        |house| with_tls(house, "keys/pdf.cert.pem", "keys/pdf.key.pem", "keys/seal.png"),
        &["api.tls.client_ca", "seal.png`", "PEM"],
    )],
    &[(
        "a seal that was made for another certificate",
        |house| {
            house.edit("keys/signer.key.pem", "keys/sealer.key.pem");
            house.edit("keys/signer.cert.pem", "keys/sealer.cert.pem");
        },
        &["seal.electronic_seal", "seal.esl`", "may not be used by", "制章者"],
    )],
    &[(
        "a picture where a seal belongs",
        |house| house.edit("keys/seal.esl", "keys/seal.png"),
        &["seal.electronic_seal", "seal.png`", "electronic seal"],
    )],
];

/// A simulated signing service with the house's own key, and the settings that go with it.
fn signing_service(house: &House) -> Running {
    std::fs::write(house.path("token"), "t0ken\n").unwrap();
    let (key, certificate, token) =
        (house.path("keys/signer.key.pem"), house.path("keys/signer.cert.pem"), house.path("token"));
    let mut service = program(&["sandbox", "signing-service", "--listen", "127.0.0.1:0"]);
    service.args(["--key-file".as_ref(), key.as_os_str(), "--certificate".as_ref(), certificate.as_os_str()]);
    service.args(["--token-file".as_ref(), token.as_os_str()]);
    let mut service = Running(service.spawn().unwrap());
    let mut said = BufReader::new(service.0.stdout.take().unwrap()).lines();
    let url = said.next().unwrap().unwrap().replace("seal.service.url", "url");
    house.edit("signer_key =", "# signer_key =");
    house.edit(
        "[downloads]",
        &format!("[seal.service]\n{url}\nkey = \"seal\"\ntoken_file = {token:?}\n[downloads]"),
    );
    service
}

#[test]
fn a_check_has_the_signer_try_itself_wherever_it_is() {
    let house = House::new();
    assert!(house.run(&["check"]).succeeded().contains("ok   signer: the key in"));
    let service = signing_service(&house);
    std::fs::remove_file(house.path("keys/signer.key.pem")).unwrap();
    let said = house.run(&["check"]).succeeded();
    assert!(said.contains("ok   signer: the signing service http://127.0.0.1:"), "{said}");

    // The certificate is known, so that the gateway would start; that nothing can be signed is said by the check.
    drop(service);
    let said = house.run(&["check"]);
    assert!(said.code == 1 && said.out.contains("ok   seal"), "{said:?}");
    assert!(
        said.out.contains("BAD  signer: the signing service") && said.out.contains("could not connect"),
        "{said:?}"
    );
    assert!(!said.out.contains("t0ken"), "{said:?}");
}

fn set_mode(house: &House, file: &str, mode: u32) {
    std::fs::set_permissions(house.path(file), std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Puts an own template into the settings: the built-in one with a text in front.
fn own_template(house: &House, before: &str) {
    let folder = house.path("templates");
    std::fs::create_dir(&folder).unwrap();
    let built_in = include_str!("../../templates/bid-bond.typ");
    std::fs::write(folder.join("bid-bond.typ"), format!("{before}{built_in}")).unwrap();
    let documents = format!("[documents]\ntemplates_folder = {folder:?}\n[institution]");
    house.edit("[institution]", &documents);
}

/// Gives the core system's listener TLS with these files.
fn with_tls(house: &House, certificate: &str, key: &str, client_ca: &str) {
    let line = |name: &str, file: &str| format!("{name} = {:?}\n", house.path(file));
    let client_ca = if client_ca.is_empty() { String::new() } else { line("client_ca", client_ca) };
    let files = [line("certificate", certificate), line("key", key), client_ca].concat();
    house.edit("[institution]", &format!("[api]\nlisten = \"127.0.0.1:0\"\n[api.tls]\n{files}[institution]"));
}

#[test]
fn settings_that_cannot_be_read_fail_the_check_and_the_start_with_the_same_words() {
    let rows = UNREADABLE.iter().map(std::slice::from_ref);
    let faults: Vec<String> = rows.flat_map(unlike).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_cannot_be_used_fails_the_check_and_the_start_with_the_same_words() {
    let faults: Vec<String> = UNUSABLE.iter().flat_map(|row| unlike(row)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with how both commands take a row of broken settings.
fn unlike(row: &[Case]) -> Vec<String> {
    let mut faults = Vec::new();
    let all = House::new();
    row.iter().for_each(|(_, spoil, _)| spoil(&all));
    let checked = all.run(&["check"]);
    let report = anywhere(&all, format!("{}{}", checked.out, checked.complaint));
    for (what, spoil, expected) in row {
        let house = House::new();
        spoil(&house);
        let served = refused_to_serve(&house.settings());
        if served.code != 2 || checked.code == 0 {
            faults.push(format!("{what}: serve ends with {}, check with {}", served.code, checked.code));
        }
        let complaint = anywhere(&house, served.complaint);
        let complaint = complaint.trim().trim_start_matches("baohan: ");
        for word in expected.iter().filter(|word| !complaint.contains(**word)) {
            faults.push(format!("{what}: `{word}` is not in: {complaint}"));
        }
        if !report.contains(complaint) {
            faults.push(format!("{what}: serve says: {complaint}\n  and check says: {report}"));
        }
    }
    faults
}

/// What was said, whatever the folder's name. A path may be shown from the root or from where the program runs.
fn anywhere(house: &House, said: String) -> String {
    let folder = house.path("");
    said.replace(folder.file_name().unwrap().to_str().unwrap(), "HOUSE")
}

#[test]
fn an_address_in_use_is_named() {
    let house = House::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (key, variable) in [
        ("server.listen", "BAOHAN__SERVER__LISTEN"),
        ("telemetry.metrics_listen", "BAOHAN__TELEMETRY__METRICS_LISTEN"),
    ] {
        let settings = house.settings();
        let mut serve = program(&["serve".as_ref(), "--settings".as_ref(), settings.as_os_str()]);
        serve.env(variable, &address).env("BAOHAN__TELEMETRY__LOG_FORMAT", "json");
        let refused = refused(serve);
        assert_eq!(refused.code, 2);
        assert!(refused.complaint.contains(key) && refused.complaint.contains(&address), "{refused:?}");
    }
}

#[test]
fn settings_that_are_not_there_are_named() {
    let missing = baohan(&["check", "--settings", "nowhere.toml"]);
    assert!(missing.code == 2 && missing.complaint.contains("nowhere.toml"), "{missing:?}");
}

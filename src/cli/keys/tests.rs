//! The command as a person uses it.

use clap::Parser;

use super::*;
use crate::crypto::certificate::verify_chain;

const NOW: &str = "2026-06-01T04:00:00Z";

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    keys: Args,
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn keys(arguments: &[&str]) -> anyhow::Result<String> {
    let program = Program::try_parse_from([&["keys"], arguments].concat())?;
    let Command::Files(command) = program.keys.command else { panic!("expected one that needs files only") };
    let mut out = Vec::new();
    on_files(command, &mut out, now())?;
    Ok(String::from_utf8(out)?)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn demonstration_keys_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let keys = demonstration_keys(folder.path(), "海南某某财产保险股份有限公司", now()).unwrap();
    let certificate = |path: &Path| Certificate::from_pem(&text(path)).unwrap();
    let root = certificate(&keys.root_cert);
    for (key, path) in [(&keys.sealer_key, &keys.sealer_cert), (&keys.signer_key, &keys.signer_cert)] {
        let leaf = certificate(path);
        assert_eq!(verify_chain(&leaf, std::slice::from_ref(&root), now()), Ok(()));
        assert!(leaf.may_sign() && !leaf.is_ca());
        let key =
            PrivateKey::from_pem(std::str::from_utf8(&private_file::read(key).unwrap()).unwrap()).unwrap();
        assert_eq!(Ok(key.public_key()), leaf.public_key());
    }
    let key = crate::crypto::international::PrivateKey::from_file(&keys.pdf_key).unwrap();
    let signer = crate::seal::pdf::InternationalSigner::new(key, vec![certificate(&keys.pdf_cert)]).unwrap();
    assert_eq!(signer.certificate().verify_signature(signer.certificate().key()), Ok(()));
    let name = certificate(&keys.signer_cert).subject_common_name();
    assert_eq!(signer.certificate().subject_common_name(), name);
    assert_eq!(name.as_deref(), Some("海南某某财产保险股份有限公司"));
    assert!(demonstration_keys(folder.path(), "另一家", now()).is_err(), "nothing is overwritten");
}

#[tokio::test]
async fn demonstration_keys_come_with_a_seal_under_the_names_that_the_settings_expect() {
    let folder = tempfile::tempdir().unwrap();
    keys(&["generate", "demo", folder.path().to_str().unwrap(), "--institution", "某某保险"]).unwrap();
    let usual = crate::settings::SealOptions {
        electronic_seal: "data/keys/seal.esl".into(),
        signer_key: None,
        signer_certificate: None,
        signer_pkcs12: None,
        pkcs12_password: None,
        service: None,
        device: None,
        pdf_key: None,
        pdf_certificates: None,
        anchors: None,
    };
    let here = |path: &Path| folder.path().join(path.strip_prefix("data/keys").unwrap());
    let crate::settings::KeySource::Pem { key, certificate } = usual.key_source().unwrap() else {
        panic!("the usual place is a PEM file")
    };
    let options = crate::settings::SealOptions {
        electronic_seal: here(&usual.electronic_seal),
        signer_key: Some(here(key)),
        signer_certificate: Some(here(certificate)),
        ..usual.clone()
    };
    let metrics = crate::telemetry::Metrics::new();
    let sealer = crate::gateway::sealer(&options, &crate::clock::Clock::system(), &metrics).await.unwrap();
    let (from, until) = sealer.validity();
    assert!(from <= now() && now() < until);
}

#[test]
fn a_folder_is_listed_with_owners_days_and_fingerprints() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    keys(&["generate", "demo", dir, "--institution", "某某保险"]).unwrap();
    keys(&["generate", "master", folder.path().join("master.key").to_str().unwrap()]).unwrap();
    keys(&["generate", "sm2", folder.path().join("new/folder/a.key.pem").to_str().unwrap()]).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "call Wang").unwrap();
    let listed = keys(&["list", dir]).unwrap();
    let line = |name: &str| listed.lines().find(|line| line.starts_with(name)).unwrap();
    assert_eq!(line("master.key"), "master.key  master key");
    assert_eq!(line("notes.txt"), "notes.txt  not a key or certificate");
    assert!(line("root.cert.pem").contains("authority certificate  CN=电子保函演示根证书"));
    let certificate = line("signer.cert.pem");
    assert!(certificate.contains("CN=某某保险,O=某某保险,C=CN"), "{certificate}");
    assert!(certificate.contains("2026-05-31 to 2029-05-31  1095 days left"), "{certificate}");
    let (_, print) = line("signer.key.pem").split_once("SM3:").unwrap();
    assert!(certificate.ends_with(print), "{listed}");
    assert!(!line("sealer.cert.pem").ends_with(print));
}

#[test]
fn keys_for_pdf_are_imported_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demonstration_keys(&folder.path().join("demo"), "某某保险", now()).unwrap();
    let to = folder.path().join("to");
    let to = to.to_str().unwrap();
    for (path, kind) in [(&demo.pdf_key, "private key (RSA or ECDSA)"), (&demo.pdf_cert, "certificate")] {
        let said = keys(&["import", path.to_str().unwrap(), "--to", to, "--name", "pdf"]).unwrap();
        assert!(said.starts_with(&format!("{kind} written to")), "{said}");
    }
    assert_eq!(text(&Path::new(to).join("pdf.key.pem")), text(&demo.pdf_key));
    let listed = keys(&["list", to]).unwrap();
    assert!(listed.contains("pdf.key.pem  private key (RSA or ECDSA)"), "{listed}");
    assert!(listed.contains("pdf.cert.pem  certificate  CN=某某保险"), "{listed}");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_pointed_out() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key.pem");
    keys(&["generate", "sm2", path.to_str().unwrap()]).unwrap();
    let list = || keys(&["list", folder.path().to_str().unwrap()]).unwrap();
    assert!(!list().contains("MODE"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(list().contains("MODE 0644: others can read it"));
}

#[test]
fn days_are_counted_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let paths = demonstration_keys(folder.path(), "某某保险", now()).unwrap();
    let certificate = Certificate::from_pem(&text(&paths.signer_cert)).unwrap();
    let second = jiff::SignedDuration::from_secs(1);
    assert_eq!(days_left(&certificate, certificate.not_after()), "0 days left");
    assert_eq!(days_left(&certificate, certificate.not_after() + second), "EXPIRED");
    assert_eq!(days_left(&certificate, certificate.not_before() - second), "NOT YET VALID");
}

#[test]
fn whatever_is_handed_over_is_imported_as_pem_and_no_key_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate();
    let pem = key.to_pem();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let demo = demonstration_keys(&folder.path().join("demo"), "某某保险", now()).unwrap();
    let certificate = Certificate::from_pem(&text(&demo.signer_cert)).unwrap();
    let to = folder.path().join("imported");
    let handed = folder.path().join("handed");
    for (index, (content, kind, ending)) in [
        (pem.as_bytes(), "private key", "key"),
        (body.as_bytes(), "private key", "key"),
        (hex::encode(key.public_key().to_sec1()).as_bytes(), "public key", "pub"),
        (key.public_key().to_pem().as_bytes(), "public key", "pub"),
        (certificate.der(), "certificate", "cert"),
        (certificate.to_pem().as_bytes(), "certificate", "cert"),
    ]
    .into_iter()
    .enumerate()
    {
        std::fs::write(&handed, content).unwrap();
        let name = format!("n{index}");
        let arguments = ["import", handed.to_str().unwrap(), "--to", to.to_str().unwrap(), "--name", &name];
        let said = keys(&arguments).unwrap();
        let path = to.join(format!("{name}.{ending}.pem"));
        assert!(said.starts_with(&format!("{kind} written to {}", path.display())), "{said}");
        assert!(said.contains("fingerprint: SM3:"), "{said}");
        match ending {
            "key" => {
                assert_eq!(private_file::read(&path).unwrap().as_slice(), pem.as_bytes());
                assert!(
                    !body
                        .as_bytes()
                        .windows(16)
                        .any(|part| said.as_bytes().windows(16).any(|other| other == part))
                );
            }
            "cert" => {
                assert_eq!(text(&path), certificate.to_pem());
                assert!(said.contains("CN=某某保险") && said.contains("2026-05-31 to 2029-05-31"), "{said}");
            }
            _ => assert_eq!(text(&path), key.public_key().to_pem()),
        }
        assert!(keys(&arguments).is_err(), "nothing is overwritten");
    }
}

#[test]
fn what_cannot_be_imported_is_said_without_repeating_it() {
    let folder = tempfile::tempdir().unwrap();
    let handed = folder.path().join("handed");
    let import = |name: &str| {
        let to = folder.path().join("to");
        keys(&["import", handed.to_str().unwrap(), "--to", to.to_str().unwrap(), "--name", name])
    };
    for (content, expected) in [
        ("hunter2", "expected an SM2 key or certificate"),
        ("", "expected an SM2 key or certificate"),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "without a password",
        ),
        ("# baohan master key\n00", "is a master key"),
    ] {
        std::fs::write(&handed, content).unwrap();
        let complaint = format!("{:#}", import("name").unwrap_err());
        assert!(complaint.contains(expected), "{complaint}");
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
    for name in ["", "../name", ".name", "a/b"] {
        assert!(format!("{:#}", import(name).unwrap_err()).contains("--name"), "{name}");
    }
}

#[test]
fn the_command_line_is_sound() {
    use clap::CommandFactory;
    Program::command().debug_assert();
}

#[test]
fn a_pkcs12_file_gives_its_key_and_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let demo = demonstration_keys(folder.path(), "某某保险", now()).unwrap();
    let (key, certificate) = (demo.signer_key.display().to_string(), demo.signer_cert.display().to_string());
    let export = ["pkcs12", "-export", "-inkey", &key, "-in", &certificate, "-passout", "pass:two words"];
    let file = crate::crypto::openssl::run(&export, b"");
    std::fs::write(path("signer.p12"), file).unwrap();
    std::fs::write(path("password"), "two words\n").unwrap();
    let import = |password: &[&str]| {
        let (file, to) = (path("signer.p12"), path("imported"));
        keys(&[&["import", &file, "--to", &to, "--name", "own"], password].concat())
    };
    let without = import(&[]).unwrap_err().to_string();
    assert!(without.contains("--password-file"), "{without}");
    std::fs::write(path("wrong"), "three words").unwrap();
    let wrong = format!("{:#}", import(&["--password-file", &path("wrong")]).unwrap_err());
    assert!(wrong.contains("the password is wrong") && !wrong.contains("three"), "{wrong}");

    let said = import(&["--password-file", &path("password")]).unwrap();
    assert!(said.contains("CN=某某保险"), "{said}");
    assert_eq!(text(&folder.path().join("imported/own.cert.pem")), text(&demo.signer_cert));
    assert_eq!(text(&folder.path().join("imported/own.key.pem")), text(&demo.signer_key));
}

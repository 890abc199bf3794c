//! `baohan keys`.

use std::path::Path;
use std::process::Command;

use crate::program::baohan;

fn keys(folder: &Path, arguments: &[&str]) -> crate::program::Ran {
    let arguments: Vec<String> =
        arguments.iter().map(|it| it.replace("{}", &folder.display().to_string())).collect();
    baohan(&[vec!["keys".to_owned()], arguments].concat())
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn generated_keys_are_their_owners_alone_and_never_overwritten_or_shown() {
    let folder = tempfile::tempdir().unwrap();
    let said = keys(folder.path(), &["generate", "master", "{}/master.key"]).succeeded();
    let key = std::fs::read_to_string(folder.path().join("master.key")).unwrap();
    let number = key.lines().last().unwrap();
    assert_eq!(number.len(), 64);
    assert!(said.contains("master.key") && !said.contains(number), "{said}");

    let said = keys(folder.path(), &["generate", "sm2", "{}/own.key.pem"]).succeeded();
    assert!(said.contains("public key:  04") && said.contains("fingerprint: SM3:"), "{said}");
    for file in ["master.key", "own.key.pem"] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
    let before = std::fs::read(folder.path().join("own.key.pem")).unwrap();
    for what in [["master", "{}/master.key"], ["sm2", "{}/own.key.pem"]] {
        let again = keys(folder.path(), &[["generate"].as_slice(), &what].concat());
        assert!(again.code == 2 && again.complaint.contains("must not exist yet"), "{again:?}");
    }
    assert_eq!(std::fs::read(folder.path().join("own.key.pem")).unwrap(), before);
}

#[test]
fn an_sm2_key_is_one_that_openssl_reads() {
    let folder = tempfile::tempdir().unwrap();
    let said = keys(folder.path(), &["generate", "sm2", "{}/own.key.pem"]).succeeded();
    let read = Command::new("openssl")
        .args(["pkey", "-pubout", "-outform", "DER", "-in"])
        .arg(folder.path().join("own.key.pem"))
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert!(said.contains(&hex::encode(&read.stdout[read.stdout.len() - 65..])), "{said}");
}

#[test]
fn demonstration_keys_are_listed_and_a_key_that_was_handed_over_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    keys(folder.path(), &["generate", "demo", "{}/demo", "--institution", "某某财产保险股份有限公司"])
        .succeeded();
    let listed = keys(folder.path(), &["list", "{}/demo"]).succeeded();
    // The electronic seal and its picture lie beside them.
    let known = listed.lines().filter(|line| !line.ends_with("not a key or certificate"));
    assert_eq!(known.count(), 7, "{listed}");
    let line = |name: &str| listed.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("signer.cert.pem").contains("CN=某某财产保险股份有限公司"), "{listed}");
    assert!(line("signer.cert.pem").contains("days left") && line("signer.key.pem").contains("private key"));

    let import = ["import", "{}/demo/signer.key.pem", "--to", "{}/own", "--name", "signer"];
    let said = keys(folder.path(), &import).succeeded();
    assert!(said.starts_with("private key written to"), "{said}");
    assert_eq!(mode(&folder.path().join("own/signer.key.pem")), 0o600);
    let (_, print) = said.trim().rsplit_once("SM3:").unwrap();
    assert!(line("signer.cert.pem").contains(print), "key and certificate bear the same fingerprint");

    std::fs::write(folder.path().join("notes"), "hunter2").unwrap();
    let wrong = keys(folder.path(), &["import", "{}/notes", "--to", "{}/own", "--name", "x"]);
    assert!(wrong.code == 2 && wrong.complaint.contains("notes` cannot be imported"), "{wrong:?}");
    assert!(!wrong.complaint.contains("hunter2"));
}

//! `baohan keys`.

use std::path::Path;
use std::process::Command;

use crate::demonstration::House;
use crate::program::{baohan, program};

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

/// The words of the line that begins so.
fn words<'a>(text: &'a str, beginning: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.starts_with(beginning)).expect(text);
    line.split_whitespace().collect()
}

/// The data key that seals: its id and the number of values under it.
fn sealing(house: &House) -> (String, u64) {
    let status = house.run(&["keys", "status"]).succeeded();
    let line = status.lines().rfind(|line| line.contains("  sealing  ") && line.contains("  active  "));
    let words: Vec<&str> = line.expect(&status).split_whitespace().collect();
    (words[0].to_owned(), words.last().unwrap().parse().unwrap())
}

fn acts(house: &House) -> String {
    house.run(&["audit", "list"]).succeeded()
}

#[test]
fn keys_are_replaced_values_sealed_anew_and_the_former_key_destroyed_at_the_command_line() {
    let house = House::new();
    let (former, values) = sealing(&house);
    assert!(values > 20, "{values}");
    house.edit("[keyring]\n", "[keyring]\nactivation = \"0s\"\nretain_days = 0\n");
    let said = house.run(&["keys", "rotate"]).succeeded();
    let new = words(&said, "sealing key ")[2].to_owned();
    assert!(said.contains(&format!("sealing key {former} is retired")), "{said}");
    let documents = house.run(&["keys", "destroy", &former]);
    assert!(documents.code == 1 && documents.out.contains("baohan documents reseal"), "{documents:?}");
    house.run(&["documents", "reseal"]).succeeded();
    let early = house.run(&["keys", "destroy", &former]);
    assert!(early.code == 1 && early.out.contains("baohan keys reseal"), "{early:?}");
    assert!(early.out.contains("guarantees.body "), "{early:?}");
    // The act of replacing the key was the last thing that it sealed.
    let said = house.run(&["keys", "reseal"]).succeeded();
    assert!(said.contains(&format!("{} values sealed anew, 0 written by others", values + 1)), "{said}");
    let (present, under_it) = sealing(&house);
    assert_eq!(present, new);
    // Each act is a value itself.
    assert!(under_it >= values, "{under_it}");
    house.run(&["keys", "destroy", &former]).succeeded();
    let status = house.run(&["keys", "status"]).succeeded();
    assert_eq!(words(&status, &former)[2], "destroyed");
    let wrong = house.run(&["keys", "destroy", "secret"]);
    assert!(wrong.code == 2 && wrong.complaint.contains("8 hex digits"), "{wrong:?}");

    house.run(&["keys", "rotate", "--key-encryption"]).succeeded();
    house.run(&["keys", "rotate", "--auditing"]).succeeded();
    house.run(&["keys", "destroy", "--key-encryption", "1"]).succeeded();
    let in_use = house.run(&["keys", "destroy", "--key-encryption", "2"]);
    assert!(in_use.code == 1 && in_use.out.contains("in use"), "{in_use:?}");
    let acts = acts(&house);
    for act in ["key.rotate", "key.reseal", "key.destroy"] {
        assert!(acts.contains(act), "{act}: {acts}");
    }
    house.run(&["audit", "verify"]).succeeded();
    assert!(house.run(&["check"]).out.contains("ok   master key"));
}

#[test]
fn the_master_key_is_replaced_by_two_halves_and_the_old_one_opens_nothing() {
    let house = House::new();
    let path = |name: &str| house.path(name).display().to_string();
    let (one, other) = (path("one.half"), path("other.half"));
    house.run(&["keys", "generate", "halves", &one, &other]).succeeded();
    assert_eq!((mode(&house.path("one.half")), mode(&house.path("other.half"))), (0o600, 0o600));
    let place = format!("halves:{one},{other}");
    let said = house.run(&["keys", "rewrap", "--to", &place]).succeeded();
    assert!(said.contains("1 key-encryption keys are wrapped"), "{said}");
    let again = house.run(&["keys", "rewrap", "--to", &place]).succeeded();
    assert!(again.contains("already"), "{again}");
    let old = house.run(&["users", "list"]);
    assert!(old.code == 2 && old.complaint.contains("wrapped under the master key"), "{old:?}");

    let text = std::fs::read_to_string(house.settings()).unwrap();
    let file = text.lines().skip_while(|line| *line != "[keyring]").nth(1).unwrap().to_owned();
    house.edit(&file, &format!("halves = [{one:?}, {other:?}]"));
    house.run(&["users", "list"]).succeeded();
    assert!(acts(&house).contains("key.rewrap"));
    house.run(&["audit", "verify"]).succeeded();
    let same = house.run(&["check"]);
    assert!(same.out.contains("ok   master key: the halves"), "{same:?}");

    house.edit(&format!("halves = [{one:?}, {other:?}]"), &format!("halves = [{one:?}, {one:?}]"));
    let twice = house.run(&["keys", "status"]);
    assert!(twice.code == 2 && twice.complaint.contains("the same half"), "{twice:?}");
    house.edit("[keyring]\n", "[keyring]\nenv = \"MASTER\"\n");
    let two = house.run(&["keys", "status"]);
    assert!(two.code == 2 && two.complaint.contains("`keyring.env` and `keyring.halves`"), "{two:?}");
}

#[test]
fn the_master_key_comes_from_a_variable_or_a_credential_of_systemd() {
    let house = House::new();
    let text = std::fs::read_to_string(house.settings()).unwrap();
    let file = text.lines().skip_while(|line| *line != "[keyring]").nth(1).unwrap().to_owned();
    let key = std::fs::read_to_string(house.path("master.key")).unwrap();
    let digits = key.lines().last().unwrap().to_owned();
    let settings = house.settings();
    let list = |variable: Option<(&str, &str)>| {
        let mut users =
            program(&["--settings".as_ref(), settings.as_os_str(), "users".as_ref(), "list".as_ref()]);
        users.envs(variable);
        let output = users.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    house.edit(&file, "env = \"BAOHAN_MASTER\"");
    assert!(list(Some(("BAOHAN_MASTER", &digits))).0);
    let (sound, complaint) = list(None);
    assert!(!sound && complaint.contains("variable `BAOHAN_MASTER`, found none"), "{complaint}");
    let (sound, complaint) = list(Some(("BAOHAN_MASTER", "5a5a")));
    assert!(
        !sound && complaint.contains("64 hex digits, found 4") && !complaint.contains("5a5a"),
        "{complaint}"
    );

    house.edit("env = \"BAOHAN_MASTER\"", "credential = \"master\"");
    std::fs::write(house.path("master"), &digits).unwrap();
    let folder = house.path("").display().to_string();
    assert!(list(Some(("CREDENTIALS_DIRECTORY", &folder))).0);
    let (sound, complaint) = list(None);
    assert!(!sound && complaint.contains("CREDENTIALS_DIRECTORY"), "{complaint}");
    let (sound, complaint) = list(Some(("CREDENTIALS_DIRECTORY", "/nowhere")));
    assert!(!sound && complaint.contains("LoadCredentialEncrypted=master"), "{complaint}");
}

#[test]
fn a_secret_is_sealed_for_its_place_in_the_settings_and_opens_nowhere_else() {
    let house = House::new();
    let secret = house.path("secret");
    let planted = "whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg==";
    std::fs::write(&secret, format!("{planted}\n")).unwrap();
    let file = secret.display().to_string();
    let seal = ["keys", "seal-secret", &file, "--for", "callbacks.secret"];
    let sealed = house.run(&seal).succeeded();
    let sealed = sealed.trim();
    assert!(sealed.starts_with("sealed:") && !sealed.contains(planted), "{sealed}");
    let text = std::fs::read_to_string(house.settings()).unwrap();
    std::fs::write(house.settings(), format!("{text}\n[redirects]\nsecret = {sealed:?}\n")).unwrap();
    let moved = house.run(&["users", "list"]);
    assert!(moved.code == 2 && moved.complaint.contains("`redirects.secret`"), "{moved:?}");
    assert!(moved.complaint.contains("sealed for another key of the settings"), "{moved:?}");
    house.edit("[redirects]\n", "[callbacks]\nurl = \"https://core.example.com\"\n");
    house.run(&["users", "list"]).succeeded();
    let nothing = house.run(&["keys", "seal-secret"]);
    assert!(nothing.code == 2 && nothing.complaint.contains("found nothing"), "{nothing:?}");
}

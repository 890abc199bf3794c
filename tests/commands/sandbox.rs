//! `baohan sandbox`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::program::{Running, baohan, program};

#[test]
fn a_sandbox_says_where_it_listens_and_what_it_can_be_told() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "demo\n").unwrap();
    let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--appsecret-file"].map(AsRef::as_ref);
    let mut process = Running(program(&[&arguments[..], &[secret.as_os_str()]].concat()).spawn().unwrap());
    let mut said = BufReader::new(process.0.stdout.take().unwrap()).lines();
    assert!(said.next().unwrap().unwrap().contains("/rest/gbsapi"));
    let told = said.next().unwrap().unwrap();
    let (_, address) = told.rsplit_once("curl http://").unwrap();

    let mut connection = TcpStream::connect(address.trim_end_matches('/')).unwrap();
    write!(connection, "GET / HTTP/1.1\r\nHost: platform\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    for route in ["/acts/apply", "/acts/open", "/faults", "/journal"] {
        assert!(answer.contains(route), "{answer}");
    }
}

#[test]
fn a_sandbox_without_a_secret_or_with_a_bad_fault_script_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("faults.toml");
    std::fs::write(&script, "[[fault]]\nact = \"explode\"\n").unwrap();
    let arguments =
        ["sandbox", "--listen", "127.0.0.1:0", "--appsecret", "demo", "--faults"].map(AsRef::as_ref);
    let bad = baohan(&[&arguments[..], &[script.as_os_str()]].concat());
    assert!(
        bad.code == 2 && bad.complaint.contains("faults.toml") && bad.complaint.contains("explode"),
        "{bad:?}"
    );
    let none = baohan(&["sandbox", "--listen", "127.0.0.1:0"]);
    assert!(none.code == 2 && none.complaint.contains("--appsecret-file"), "{none:?}");
}

//! The `openssl` program as a third opinion in tests.

use std::io::Write;
use std::process::{Command, Stdio};

/// What `openssl` prints for `input`; a failure of the program fails the test with its own words.
pub fn run(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    match try_run(arguments, input) {
        Ok(output) => output,
        Err(complaint) => panic!("openssl {arguments:?}: {complaint}"),
    }
}

/// As [`run`], for a program that may refuse.
pub fn try_run(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the `openssl` program, version 3, is needed for this test");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // The program may have answered without reading everything, which is its right.
    drop(writer.join().unwrap());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(output.stdout) } else { Err(said) }
}

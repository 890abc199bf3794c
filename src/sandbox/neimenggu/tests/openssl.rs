//! The `openssl` program as a third reading of SM2: it opens what the platform pushes, and the platform opens what it
//! encrypts.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::institution::{INSTITUTION_KEY, Scene};
use crate::crypto::second_opinion::KeyPair;

/// `SEQUENCE { ecPublicKey, SM2 }` in front of a public key's bit string.
const PUBLIC_PREFIX: &str = "3059301306072a8648ce3d020106082a811ccf5501822d034200";
/// A PKCS#8 key up to the 32 bytes of the private number, and what stands between it and the point.
const PRIVATE_PREFIX: &str = "308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420";
const PRIVATE_MIDDLE: &str = "a144034200";

/// `openssl pkeyutl` with a key in a file, since it takes only the text from its standard input.
fn pkeyutl(arguments: &[&str], key: &[u8], input: &[u8]) -> Vec<u8> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(key).unwrap();
    let mut child = Command::new("openssl")
        .args(["pkeyutl", "-keyform", "DER", "-inkey"])
        .arg(file.path())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the `openssl` program, version 3, is needed for this test");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..128 => vec![tag, u8::try_from(length).unwrap()],
        128..256 => vec![tag, 0x81, u8::try_from(length).unwrap()],
        _ => vec![tag, 0x82, u8::try_from(length / 256).unwrap(), u8::try_from(length % 256).unwrap()],
    };
    [header, content.to_vec()].concat()
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap();
    let sign = if bytes[start] & 0x80 == 0 { vec![] } else { vec![0] };
    der(2, &[sign.as_slice(), &bytes[start..]].concat())
}

/// `04‖C1‖C3‖C2` as the ASN.1 of GM/T 0009, which is all that openssl knows.
fn to_asn1(raw: &[u8]) -> Vec<u8> {
    let parts = [integer(&raw[1..33]), integer(&raw[33..65]), der(4, &raw[65..97]), der(4, &raw[97..])];
    der(0x30, &parts.concat())
}

/// One element of ASN.1: its content, and what follows.
fn element(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, start) = match bytes[1] {
        0x81 => (usize::from(bytes[2]), 3),
        0x82 => (usize::from(bytes[2]) * 256 + usize::from(bytes[3]), 4),
        short => (usize::from(short), 2),
    };
    bytes[start..].split_at(length)
}

fn from_asn1(asn1: &[u8]) -> Vec<u8> {
    let (body, _) = element(asn1);
    let (x, rest) = element(body);
    let (y, rest) = element(rest);
    let (digest, rest) = element(rest);
    let (text, _) = element(rest);
    let coordinate = |number: &[u8]| {
        let number = &number[number.len().saturating_sub(32)..];
        [vec![0; 32 - number.len()], number.to_vec()].concat()
    };
    [&[4], coordinate(x).as_slice(), &coordinate(y), digest, text].concat()
}

fn private_key(number: &str) -> Vec<u8> {
    let bytes: [u8; 32] = hex::decode(number).unwrap().try_into().unwrap();
    let point = hex::encode(KeyPair::from_private_bytes(&bytes).unwrap().public_sec1());
    hex::decode([PRIVATE_PREFIX, number, PRIVATE_MIDDLE, &point].concat()).unwrap()
}

#[tokio::test]
async fn openssl_opens_an_application_that_the_platform_pushes() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let push = scene.last_push();
    let data = BASE64.decode(push.envelope["data"].as_str().unwrap()).unwrap();
    let plain = pkeyutl(&["-decrypt"], &private_key(INSTITUTION_KEY), &to_asn1(&data));
    let message: Value = serde_json::from_slice(&plain).unwrap();
    for (name, value) in application.fields() {
        assert_eq!(message[&name], value, "{name}");
    }
}

#[tokio::test]
async fn the_platform_opens_a_notice_that_openssl_has_encrypted() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let key = [hex::decode(PUBLIC_PREFIX).unwrap(), scene.sandbox.public_key().to_vec()].concat();
    let message = format!(r#"{{"applicationId":"{}","applicationStatus":"01"}}"#, application.application_id);
    let raw = from_asn1(&pkeyutl(&["-encrypt", "-pubin"], &key, message.as_bytes()));
    let envelope = scene.envelope_of("PREP102", BASE64.encode(raw));
    assert_eq!(scene.post("PREP102", &envelope).await["code"], "000");
    assert_eq!(scene.sandbox.delivery(&application.application_id).unwrap().states(), ["01"]);
}

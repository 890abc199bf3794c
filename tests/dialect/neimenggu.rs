//! Inner Mongolia's side of a conversation, with another library's cryptography (libsm) and the `openssl` program.

use std::io::Write;
use std::process::{Command, Stdio};

use baohan_gateway::clock;
use baohan_gateway::crypto::second_opinion::{self, KeyPair};
use baohan_gateway::dialect::{Opened, PlatformOptions, Profile, Rejection, Table};
use baohan_gateway::domain::identity::PlatformId;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

pub const TABLE: &str = include_str!("../../src/dialect/tables/neimenggu-2024.toml");
pub const APPLICATION: &str = include_str!("../inputs/neimenggu/01-PREP101.json");
pub const WITHDRAWAL: &str = include_str!("../inputs/neimenggu/02-PREP109.json");
const CREDENTIALS: &str = include_str!("../inputs/neimenggu/credentials.json");

pub const MSGCODE: &str = "adfd95a4b3634b58b0cf3b8c67b18a29";

pub fn credential(name: &str) -> String {
    let credentials: Value = serde_json::from_str(CREDENTIALS).unwrap();
    credentials[name].as_str().unwrap().to_owned()
}

/// What every platform of this dialect must set, and what is `extra`; sections stand at its end.
pub fn settings(extra: &str) -> String {
    let [appid, appkey, appsecret] = ["appid", "appkey", "appsecret"].map(credential);
    let (private, public) =
        (credential("institution_private_key_pem"), credential("platform_public_key_pem"));
    format!(
        "dialect = 'neimenggu-2024'\ntitle = '内蒙古'\nappid = '{appid}'\nappkey = '{appkey}'\n\
         appsecret = '{appsecret}'\nbase_url = 'https://platform.example/api'\n\
         private_key = '''{private}'''\npublic_key = '''{public}'''\n{extra}"
    )
}

pub fn of(table: &str, settings: &str) -> Result<Profile, String> {
    // An unsound table is told before settings are looked at, which then may be none.
    Table::parse("test.toml", table).map_err(|error| error.to_string())?;
    with_options(table, &toml::from_str(settings).unwrap())
}

pub fn with_options(table: &str, options: &PlatformOptions) -> Result<Profile, String> {
    let table = Table::parse("test.toml", table).map_err(|error| error.to_string())?;
    Profile::new(PlatformId::new("nm"), &table, options).map_err(|error| error.to_string())
}

pub fn neimenggu_with(extra: &str) -> Profile {
    of(TABLE, &settings(extra)).unwrap()
}

pub fn neimenggu() -> Profile {
    neimenggu_with("")
}

/// The pair of keys in a PEM of PKCS#8.
pub fn key_pair(credential_name: &str) -> KeyPair {
    let pem = credential(credential_name);
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64_STANDARD.decode(body).unwrap();
    KeyPair::from_private_bytes(der[36..68].try_into().unwrap()).unwrap()
}

pub fn institution() -> KeyPair {
    key_pair("institution_private_key_pem")
}

pub fn platform() -> KeyPair {
    key_pair("platform_private_key_pem")
}

pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

pub fn from_base64(text: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap()
}

/// SM3 in hexadecimal, as the `openssl` program has it.
pub fn openssl_sm3(text: &str) -> String {
    let mut child = Command::new("openssl")
        .args(["dgst", "-sm3", "-r"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

/// 9.3.2
pub fn sign(data: &str, reqtime: &str) -> String {
    openssl_sm3(&format!("{data}&{reqtime}&{}&{}", credential("appkey"), credential("appsecret")))
}

/// A request with this ciphertext, digested.
pub fn request(transcode: &str, reqtime: &str, data: &str) -> Value {
    json!({
        "transcode": transcode, "msgcode": MSGCODE, "appid": credential("appid"), "reqtime": reqtime,
        "version": "v1.0", "data": data, "sign": sign(data, reqtime),
    })
}

/// A request that is encrypted to the institution.
pub fn encrypted(transcode: &str, message: &str) -> Value {
    let ciphertext = second_opinion::encrypt(&institution().public_sec1(), message.as_bytes()).unwrap();
    request(transcode, "20241118093000", &base64(&ciphertext))
}

/// A request in a digital envelope (9.3.3), whose key is encrypted in this form.
pub fn enveloped(transcode: &str, message: &[u8], key: &[u8; 16], material: &[u8]) -> Value {
    let data = second_opinion::sm4_ecb_encrypt(key, message).unwrap();
    let wrapped = second_opinion::encrypt(&institution().public_sec1(), material).unwrap();
    let mut request = request(transcode, "20241118093000", &base64(&data));
    request["sign"] = Value::from(base64(&wrapped));
    request
}

/// The message in a request of the platform's.
pub fn message_in(sample: &str) -> Value {
    let request: Value = serde_json::from_str(sample).unwrap();
    let plain = institution().decrypt_c1c3c2(&from_base64(&request["data"])).unwrap();
    serde_json::from_slice(&plain).unwrap()
}

/// A minute after the samples of the application were sent.
pub fn now() -> Timestamp {
    clock::from_wire("2024-11-18 09:31:00").unwrap()
}

pub fn open(profile: &Profile, request: &Value) -> Result<Opened, Rejection> {
    profile.open(None, Some("application/json"), request.to_string().as_bytes(), now())
}

pub fn tolerances(opened: &Opened) -> Vec<String> {
    opened.tolerances.iter().map(ToString::to_string).collect()
}

/// The code of the answer to a push that was refused, and its message.
pub fn refused(profile: &Profile, request: &Value) -> (String, String) {
    let rejection = open(profile, request).unwrap_err();
    let answer =
        profile.failure(rejection.interface.as_deref(), rejection.kind.failure(), &rejection.message);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
    (answer["code"].as_str().unwrap().to_owned(), answer["message"].as_str().unwrap().to_owned())
}

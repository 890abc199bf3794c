//! Platforms to test with, and an own reading of how their messages are signed.

use baohan_gateway::clock;
use baohan_gateway::crypto::sm3;
use baohan_gateway::dialect::{Opened, PlatformOptions, Profile, Registry, Rejection, Table};
use baohan_gateway::domain::identity::PlatformId;
use jiff::Timestamp;
use serde_json::Value;

pub const APPLICATION: &str = include_str!("../inputs/hainan/01-baohanapply.json");
pub const RESTORATION: &str = include_str!("../inputs/hainan/02-baohanrestore.json");
pub const INVOICE: &str = include_str!("../inputs/hainan/03-invoiceapply.json");
pub const CLAIM: &str = include_str!("../inputs/hainan/04-claimsnotice.json");
pub const SURRENDER: &str = include_str!("../inputs/hainan/05-quitapply.json");
pub const CANCELLATION: &str = include_str!("../inputs/hainan/06-canclenotice.json");
pub const WAIVER: &str = include_str!("../inputs/hainan/07-giveupapply.json");
const CREDENTIALS: &str = include_str!("../inputs/hainan/credentials.json");

pub const GUARANTEE: &str = "BH2024060300000001";

pub fn credential(name: &str) -> String {
    let credentials: Value = serde_json::from_str(CREDENTIALS).unwrap();
    credentials[name].as_str().unwrap().to_owned()
}

pub fn options(extra: &str) -> PlatformOptions {
    let (key, secret) = (credential("appkey"), credential("appsecret"));
    // Keys come before sections, so a section in `extra` must stand at its end.
    toml::from_str(&format!(
        "dialect = 'hainan-2024'\ntitle = '海南'\nappkey = '{key}'\nappsecret = '{secret}'\n\
         base_url = 'https://platform.example/rest/gbsapi/'\n{extra}"
    ))
    .unwrap()
}

pub fn hainan_with(extra: &str) -> Profile {
    let registry = Registry::built_in().unwrap();
    let table = registry.table("hainan-2024").unwrap();
    Profile::new(PlatformId::new("hainan"), table, &options(extra)).unwrap()
}

pub fn hainan() -> Profile {
    hainan_with("")
}

/// A platform whose table is the text.
pub fn of(table: &str, options: &str) -> Profile {
    let table = Table::parse("test.toml", table).unwrap();
    Profile::new(PlatformId::new("test"), &table, &toml::from_str(options).unwrap()).unwrap()
}

/// The digest as the specification says (5.3.3), over string members.
pub fn digest(message: &Value, secret: &str) -> String {
    let mut fields: Vec<(&str, &str)> = message
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .collect();
    fields.sort_unstable();
    let joined: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    hex(&sm3::digest(format!("{}&appsecret={secret}", joined.join("&")).as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A sample with members changed (or with `null` taken out) and signed anew.
pub fn altered(sample: &str, changes: &[(&str, &str)]) -> String {
    let mut message: Value = serde_json::from_str(&sample.replace("{{baohanno}}", GUARANTEE)).unwrap();
    let members = message.as_object_mut().unwrap();
    for (name, value) in changes {
        members.insert((*name).to_owned(), Value::from(*value));
    }
    signed(message)
}

pub fn without(sample: &str, names: &[&str]) -> String {
    let mut message: Value = serde_json::from_str(&sample.replace("{{baohanno}}", GUARANTEE)).unwrap();
    for name in names {
        message.as_object_mut().unwrap().remove(*name).unwrap();
    }
    signed(message)
}

fn signed(mut message: Value) -> String {
    message["sign"] = Value::from(digest(&message, &credential("appsecret")));
    message.to_string()
}

/// The moment a minute after a sample was sent.
pub fn soon_after(body: &str) -> Timestamp {
    let message: Value = serde_json::from_str(body).unwrap();
    let sent = clock::from_wire(message["timestamp"].as_str().unwrap()).unwrap();
    sent.checked_add(jiff::SignedDuration::from_mins(1)).unwrap()
}

pub fn open(profile: &Profile, interface: &str, body: &str) -> Result<Opened, Rejection> {
    let now = clock::from_wire("2024-06-03 09:16:00").unwrap();
    profile.open(Some(interface), Some("application/json"), body.as_bytes(), now)
}

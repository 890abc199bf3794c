//! What a message with a wrong digest costs: the same, wherever the digest is wrong, and nothing behind it.

use serde_json::{Map, Value};

use super::*;
use crate::crypto::effort::{Effort, measure};
use crate::crypto::sm2::PrivateKey;
use crate::dialect::options::KeySource;
use crate::dialect::registry::Registry;
use crate::dialect::table::Table;
use crate::domain::identity::PlatformId;

const JSON: &str = "application/json";

fn profile(table: &Table, digest: &str) -> Profile {
    let mut options = format!(
        "dialect = '{}'\ntitle = 'x'\nappsecret = 'a secret'\nappkey = 'ours'\n\
         base_url = 'https://platform.example/'\n",
        table.id
    );
    if table.interfaces.iter().flat_map(|interface| &interface.answer).any(|row| row.on_success) {
        options.push_str("redirect_url = 'https://insurer.example/pay?id={application}'\n");
    }
    if table.cipher.key_source == KeySource::Agreed {
        options.push_str("agreed_key = '00112233445566778899aabbccddeeff'\n");
    }
    if table.wrapper.is_some() {
        let (own, theirs) = (PrivateKey::generate(), PrivateKey::generate().public_key());
        let (own, theirs) = (own.to_pem(), theirs.to_pem());
        let keys = format!("appid = 'ours'\nprivate_key = '''{}'''\npublic_key = '''{theirs}'''\n", *own);
        options.push_str(&keys);
    }
    options.push_str(digest);
    Profile::new(PlatformId::new("test"), table, &toml::from_str(&options).unwrap()).unwrap()
}

/// A message in which nothing but the digest could be right, and one field is empty, which digests treat in several ways.
fn message(table: &Table, profile: &Profile, interface: &Interface) -> Map<String, Value> {
    let fields = table.wrapper.as_ref().map_or(&interface.fields, |wrapper| &wrapper.fields);
    let mut message: Map<String, Value> = fields
        .iter()
        .filter(|field| field.name != profile.envelope.digest)
        .map(|field| (field.name.clone(), Value::from("\u{7}不是值")))
        .collect();
    message.insert("empty".to_owned(), Value::from(""));
    message.insert(profile.envelope.app_key.clone(), Value::from("ours"));
    if let Some(name) = &profile.envelope.interface {
        message.insert(name.clone(), Value::from(interface.name.as_str()));
    }
    message
}

fn right_digest(profile: &Profile, message: &Map<String, Value>) -> String {
    let text = Value::Object(message.clone()).to_string();
    let members = lexeme::members(&text).unwrap();
    profile.digester.sign(&signed(&members), &text)
}

/// What opening the message with this digest comes to and costs.
fn opened(
    profile: &Profile,
    interface: &Interface,
    message: &Map<String, Value>,
    digest: &str,
) -> (RejectionKind, String, Effort) {
    let mut message = message.clone();
    let header = profile.digest_header().map(|_| digest);
    if header.is_none() {
        message.insert(profile.envelope.digest.clone(), Value::from(digest));
    }
    let body = Value::Object(message).to_string();
    let now = "2026-11-22T04:05:06Z".parse().unwrap();
    let path = Some(interface.path());
    let (outcome, effort) = measure(|| profile.open_signed(path, Some(JSON), body.as_bytes(), header, now));
    let rejection = outcome.unwrap_err();
    (rejection.kind, rejection.message, effort)
}

/// The digest with another character at that place, of the same alphabet.
fn wrong_at(digest: &str, at: usize) -> String {
    let other = if digest.as_bytes()[at] == b'0' { "1" } else { "0" };
    format!("{}{other}{}", &digest[..at], &digest[at + 1..])
}

#[test]
fn a_wrong_digest_costs_the_same_wherever_it_is_wrong_and_nothing_is_done_behind_it() {
    let registry = Registry::built_in().unwrap();
    let mut opened_wrongly = 0;
    for table in registry.tables() {
        let digests =
            ["", "digest.algorithm = 'hmac-sm3'\ndigest.frame = '{fields}'\n", "digest.algorithm = 'md5'\n"];
        for digest in digests.into_iter().take(if table.wrapper.is_some() { 1 } else { 3 }) {
            let profile = profile(table, digest);
            for interface in profile.inbound() {
                let message = message(table, &profile, interface);
                let right = right_digest(&profile, &message);
                let places = [0, right.len() / 2, right.len() - 1];
                let [first, middle, last] =
                    places.map(|at| opened(&profile, interface, &message, &wrong_at(&right, at)));
                let what = format!("{} {} {digest}", table.id, interface.name);
                assert_eq!(first.0, RejectionKind::BadDigest, "{what}");
                assert_eq!((&first, &first), (&middle, &last), "{what}");
                let Effort { hashed, compared, deciphered, private_key } = first.2;
                assert!(hashed > 0 && compared >= right.len() / 2, "{what}: {:?}", first.2);
                assert_eq!((deciphered, private_key), (0, 0), "{what}: something was decrypted");
                // With the right digest it goes on, and finds something else to be wrong.
                let (kind, _, _) = opened(&profile, interface, &message, &right);
                assert_ne!(kind, RejectionKind::BadDigest, "{what}");
                opened_wrongly += 1;
            }
        }
    }
    assert_eq!(opened_wrongly, 3 * (7 + 7 + 5 + 7) + 6);
}

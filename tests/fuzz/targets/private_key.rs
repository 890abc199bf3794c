//! Private keys as institutions are handed them: text, DER, PKCS#12 (the first byte says which). What is read is written
//! and read again as the same, and no refusal repeats the key.

use std::hint::black_box;

use baohan_gateway::crypto::international;
use baohan_gateway::crypto::pkcs12::Pkcs12;
use baohan_gateway::crypto::sm2::PrivateKey;

use crate::platforms::choice;

pub fn run(input: &[u8]) {
    let [form, bytes @ ..] = input else { return };
    let text = String::from_utf8_lossy(bytes);
    match choice(*form, 4) {
        0 => match PrivateKey::from_text(&text) {
            Ok(key) => check(&key),
            Err(refusal) => {
                let said = refusal.to_string();
                assert!(said.chars().count() < 200, "{said}");
                assert!(text.trim().len() < 24 || !said.contains(text.trim()), "{said}");
            }
        },
        1 => {
            if let Ok(key) = PrivateKey::from_der(bytes) {
                check(&key);
            }
        }
        2 => {
            if let Ok(key) = international::PrivateKey::from_pem(&text) {
                let pem = key.to_pem().unwrap();
                let again = international::PrivateKey::from_pem(&pem).expect("the PEM of a key is none");
                assert_eq!(again.public_spki_der().unwrap(), key.public_spki_der().unwrap());
            }
        }
        _ => {
            black_box(Pkcs12::is_likely(bytes));
            if let Ok(opened) = Pkcs12::open(bytes, "correct horse") {
                check(&opened.key);
            }
        }
    }
}

fn check(key: &PrivateKey) {
    let again = PrivateKey::from_pem(&key.to_pem()).expect("the PEM of a key is none");
    assert_eq!(again.public_key(), key.public_key());
}

//! Certificates, as DER or as text (the first byte says which), and the path from one to the next.

use std::hint::black_box;

use baohan_gateway::crypto::certificate::{Certificate, verify_chain, verify_path};
use baohan_gateway::crypto::sm2::PublicKey;

use crate::platforms::{choice, now};

pub fn run(input: &[u8]) {
    let [form, bytes @ ..] = input else { return };
    match choice(*form, 3) {
        0 => {
            if let Ok(certificate) = Certificate::from_der(bytes) {
                assert_eq!(certificate.der(), bytes);
                examine(&certificate);
            }
        }
        1 => {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(all) = Certificate::all_from_pem(&text) {
                for pair in all.windows(2).take(4) {
                    drop(pair[0].verify_signature(pair[1].key()));
                }
                all.iter().take(4).for_each(examine);
                if let Some((first, others)) = all.split_first() {
                    drop(verify_path(first, others, others, now()));
                    drop(verify_chain(first, others, now()));
                }
            }
        }
        _ => {
            if let Ok(certificate) = Certificate::from_text(&String::from_utf8_lossy(bytes)) {
                examine(&certificate);
            }
        }
    }
}

/// Whatever can be asked of a certificate; its PEM is the same certificate.
fn examine(certificate: &Certificate) {
    drop((certificate.subject(), certificate.issuer(), certificate.subject_common_name()));
    drop((certificate.serial_hex(), certificate.not_before(), certificate.not_after()));
    drop((certificate.issuer_and_serial_der(), certificate.subject_key_identifier()));
    black_box((certificate.is_ca(), certificate.may_sign(), certificate.fingerprint()));
    drop(certificate.verify_signature(certificate.key()));
    let again = Certificate::from_pem(&certificate.to_pem()).expect("the PEM of a certificate is none");
    assert_eq!(again.der(), certificate.der());
    if let Ok(key) = certificate.public_key() {
        assert_eq!(PublicKey::from_sec1(&key.to_sec1()), Ok(key));
    }
}

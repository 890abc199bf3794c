//! Certificates against the `openssl` program, and what makes one untrusted.

use std::path::{Path, PathBuf};

use super::*;
use crate::crypto::openssl;
use crate::crypto::sm2::PrivateKey;

const VALIDITY: (&str, &str) = ("2026-01-01T00:00:00Z", "2029-01-01T00:00:00Z");
const DISTID: &str = "distid:1234567812345678";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn validity() -> Validity {
    Validity { not_before: instant(VALIDITY.0), not_after: instant(VALIDITY.1) }
}

fn subject(name: &str) -> Subject {
    Subject {
        common_name: name.to_owned(), organization: "海南某某财产保险股份有限公司, \"+A\"".to_owned()
    }
}

fn root() -> Issuer {
    Issuer::self_signed(&subject("演示根证书"), PrivateKey::generate(), validity()).unwrap()
}

fn leaf(root: &Issuer) -> (PrivateKey, Certificate) {
    let key = PrivateKey::generate();
    let certificate = root.issue(&subject("某某保险"), &key.public_key(), validity()).unwrap();
    (key, certificate)
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_certificate_says_what_it_was_issued_with() {
    let root = root();
    let (key, leaf) = leaf(&root);
    assert_eq!(leaf.subject_common_name().as_deref(), Some("某某保险"));
    assert_eq!(leaf.subject(), "CN=某某保险,O=海南某某财产保险股份有限公司\\, \\\"\\+A\\\",C=CN");
    assert_eq!(leaf.issuer(), root.certificate().subject());
    assert_eq!((leaf.not_before(), leaf.not_after()), (instant(VALIDITY.0), instant(VALIDITY.1)));
    assert_eq!(leaf.public_key(), key.public_key());
    assert!(root.certificate().is_ca() && !leaf.is_ca());
    assert!(leaf.may_sign() && !root.certificate().may_sign());
    assert!(leaf.serial_hex().len() >= 32);
    assert_ne!(leaf.serial_hex(), root.certificate().serial_hex());
}

#[test]
fn every_form_of_a_certificate_is_read_as_the_same() {
    let (_, leaf) = leaf(&root());
    assert_eq!(Certificate::from_der(leaf.der()).unwrap(), leaf);
    assert_eq!(Certificate::from_pem(&leaf.to_pem()).unwrap(), leaf);
    assert_eq!(Certificate::from_text(&hex::encode(leaf.der())).unwrap(), leaf);
    let body: String = leaf.to_pem().lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(Certificate::from_text(&body).unwrap(), leaf);
    let two = leaf.to_pem() + &leaf.to_pem();
    assert_eq!(Certificate::all_from_pem(&two).unwrap(), [leaf.clone(), leaf]);
}

#[test]
fn openssl_reads_and_verifies_what_is_issued() {
    let root = root();
    let (key, leaf) = leaf(&root);
    let folder = tempfile::tempdir().unwrap();
    let root_file = write(folder.path(), "root.pem", &root.certificate().to_pem());
    let leaf_file = write(folder.path(), "leaf.pem", &leaf.to_pem());
    let (root_file, leaf_file) = (root_file.to_str().unwrap(), leaf_file.to_str().unwrap());

    let text =
        openssl::run(&["x509", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus", "-in", leaf_file], b"");
    let text = String::from_utf8(text).unwrap();
    for expected in [
        "Signature Algorithm: SM2-with-SM3",
        "Public Key Algorithm: id-ecPublicKey",
        "ASN1 OID: SM2",
        "X509v3 Key Usage: critical",
        "Digital Signature, Non Repudiation",
        "CN=某某保险",
        "Not After : Jan  1 00:00:00 2029 GMT",
        &hex::encode(&key.public_key().to_sec1()[1..8]),
    ] {
        let wanted = expected.replace(':', "");
        assert!(text.replace(':', "").contains(&wanted), "{expected}\n{text}");
    }

    let at = instant("2026-06-01T00:00:00Z").as_second().to_string();
    let verify = |anchor: &str, id: &str| {
        openssl::try_run(&["verify", "-attime", &at, "-vfyopt", id, "-CAfile", anchor, leaf_file], b"")
    };
    assert_eq!(verify(root_file, DISTID).map(|_| ()), Ok(()));
    assert!(verify(root_file, "distid:other").is_err(), "the user id is part of the signature");
    let other = write(folder.path(), "other.pem", &self::root().certificate().to_pem());
    assert!(verify(other.to_str().unwrap(), DISTID).is_err());
}

#[test]
fn a_certificate_that_openssl_made_is_read_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate();
    let key_file = write(folder.path(), "key.pem", &key.to_pem());
    let arguments =
        ["req", "-x509", "-sm3", "-subj", "/CN=made elsewhere", "-days", "10", "-sigopt", DISTID, "-key"];
    let pem = openssl::run(&[arguments.as_slice(), &[key_file.to_str().unwrap()]].concat(), b"");
    let certificate = Certificate::from_pem(&String::from_utf8(pem).unwrap()).unwrap();
    assert_eq!(certificate.public_key(), key.public_key());
    assert_eq!(certificate.verify_signature(&key.public_key()), Ok(()));
}

#[test]
fn another_algorithm_is_refused_by_name() {
    let arguments =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"];
    let pem = openssl::run(&[arguments.as_slice(), &["-keyout", "/dev/null"]].concat(), b"");
    let refused = Certificate::from_pem(&String::from_utf8(pem).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("certificate of `CN=x`: expected an SM2 public key"), "{refused}");
}

#[test]
fn a_chain_holds_at_its_time_and_under_its_root_only() {
    let (root, other) = (root(), root());
    let (_, leaf) = leaf(&root);
    let anchors = [other.certificate().clone(), root.certificate().clone()];
    let verified = |at: &str| verify_chain(&leaf, &anchors, instant(at));
    assert_eq!(verified("2026-01-01T00:00:00Z"), Ok(()));
    assert_eq!(verified("2029-01-01T00:00:00.9Z"), Ok(()));
    assert!(matches!(verified("2025-12-31T23:59:59Z"), Err(CertificateError::NotYetValid { .. })));
    assert!(matches!(verified("2029-01-01T00:00:01Z"), Err(CertificateError::Expired { .. })));
    let at = instant("2026-06-01T00:00:00Z");
    // The other root bears the same name.
    assert!(matches!(verify_chain(&leaf, &anchors[..1], at), Err(CertificateError::Signature { .. })));
    assert!(matches!(verify_chain(&leaf, &[], at), Err(CertificateError::UnknownIssuer { .. })));
    assert_eq!(verify_chain(&leaf, std::slice::from_ref(&leaf), at), Ok(()));
}

#[test]
fn an_end_certificate_issues_nothing() {
    let root = root();
    let (key, leaf) = leaf(&root);
    let pretender = Issuer { certificate: leaf.clone(), key };
    let forged =
        pretender.issue(&subject("forged"), &PrivateKey::generate().public_key(), validity()).unwrap();
    let refused = verify_chain(&forged, &[leaf], instant("2026-06-01T00:00:00Z"));
    assert!(matches!(refused, Err(CertificateError::NotAnIssuer { .. })), "{refused:?}");
}

#[test]
fn no_changed_byte_goes_unnoticed_and_no_cut_panics() {
    let root = root();
    let (_, leaf) = leaf(&root);
    let issuer = root.certificate().public_key();
    for index in 0..leaf.der().len() {
        let mut changed = leaf.der().to_vec();
        changed[index] ^= 1;
        let accepted =
            Certificate::from_der(&changed).is_ok_and(|read| read.verify_signature(&issuer).is_ok());
        assert!(!accepted, "byte {index}");
        assert!(Certificate::from_der(&leaf.der()[..index]).is_err());
    }
    assert!(Certificate::from_der(&[leaf.der(), &[0]].concat()).is_err());
}

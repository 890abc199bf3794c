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
    root_until("2040-01-01T00:00:00Z")
}

fn root_until(end: &str) -> Issuer {
    let validity = Validity { not_before: instant("2025-01-01T00:00:00Z"), not_after: instant(end) };
    Issuer::self_signed(&subject("演示根证书"), PrivateKey::generate(), validity).unwrap()
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
    assert_eq!(leaf.public_key(), Ok(key.public_key()));
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
    assert_eq!(certificate.public_key(), Ok(key.public_key()));
    assert_eq!(certificate.verify_signature(&SubjectKey::Sm2(key.public_key())), Ok(()));
}

#[test]
fn a_key_of_an_unknown_algorithm_is_refused_by_name() {
    let arguments =
        ["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-keyout", "/dev/null"];
    let pem = openssl::run(&arguments, b"");
    let refused = Certificate::from_pem(&String::from_utf8(pem).unwrap()).unwrap_err();
    assert!(
        refused.to_string().contains("certificate of `CN=x`: expected a public key of SM2, RSA"),
        "{refused}"
    );
}

#[test]
fn certificates_of_rsa_and_ecdsa_keys_are_read_and_verified() {
    for kind in ["rsa:2048", "rsa:3072", "ec:P-256", "ec:P-384", "ec:P-521"] {
        let (algorithm, size) = kind.split_once(':').unwrap();
        let curve = format!("ec_paramgen_curve:{size}");
        let key = if algorithm == "ec" { vec!["ec", "-pkeyopt", &curve] } else { vec![kind] };
        for digest in ["-sha256", "-sha384", "-sha512"] {
            let arguments = [
                &["req", "-x509", digest, "-nodes", "-subj", "/CN=x", "-keyout", "/dev/null", "-newkey"],
                key.as_slice(),
            ];
            let pem = openssl::run(&arguments.concat(), b"");
            let certificate = Certificate::from_pem(&String::from_utf8(pem).unwrap()).unwrap();
            assert_eq!(certificate.verify_signature(certificate.key()), Ok(()), "{kind} {digest}");
            assert!(matches!(certificate.public_key(), Err(CertificateError::NotSm2 { .. })));
            let mut changed = certificate.der().to_vec();
            *changed.last_mut().unwrap() ^= 1;
            let changed = Certificate::from_der(&changed).unwrap();
            assert!(changed.verify_signature(certificate.key()).is_err(), "{kind} {digest}");
        }
    }
}

#[test]
fn openssl_verifies_a_self_issued_certificate() {
    use crate::crypto::international;
    let folder = tempfile::tempdir().unwrap();
    for key in [international::PrivateKey::generate_rsa(), international::PrivateKey::generate_p256()] {
        let certificate = self_issued(&subject("某某保险"), &key.unwrap(), validity()).unwrap();
        assert_eq!(certificate.verify_signature(certificate.key()), Ok(()));
        assert!(certificate.may_sign() && !certificate.is_ca());
        let file = write(folder.path(), "self.pem", &certificate.to_pem());
        let file = file.to_str().unwrap();
        let at = instant(VALIDITY.0).as_second().to_string();
        openssl::run(
            &["verify", "-check_ss_sig", "-partial_chain", "-attime", &at, "-CAfile", file, file],
            b"",
        );
    }
}

/// A root, two authorities below it and a leaf, each issued by the one before; an authority allows so many below it.
fn path_of_four(allowed: usize) -> [Certificate; 4] {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let extensions =
        format!("basicConstraints=critical,CA:TRUE,pathlen:{allowed}\nkeyUsage=critical,keyCertSign\n");
    let extensions = write(folder.path(), "extensions", &extensions);
    let names = ["root", "first", "second", "leaf"];
    for (index, name) in names.into_iter().enumerate() {
        let (subject, key, file) = (format!("/CN={name}"), path(&format!("{name}.key")), path(name));
        let request =
            ["req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", &key, "-out", &file];
        openssl::run(&request, b"");
        let mut sign = vec!["x509", "-req", "-days", "2", "-in", &file];
        let issuer = names[index.saturating_sub(1)];
        let (issuer_key, issuer_file) = (path(&format!("{issuer}.key")), path(&format!("{issuer}.pem")));
        if index == 0 {
            sign.extend(["-signkey", &key]);
        } else {
            sign.extend(["-CA", &issuer_file, "-CAkey", &issuer_key, "-CAcreateserial"]);
        }
        if name != "leaf" {
            sign.extend(["-extfile", extensions.to_str().unwrap()]);
        }
        let pem = openssl::run(&sign, b"");
        std::fs::write(path(&format!("{name}.pem")), pem).unwrap();
    }
    let read = |name: &str| {
        Certificate::from_pem(&std::fs::read_to_string(path(&format!("{name}.pem"))).unwrap()).unwrap()
    };
    names.map(read)
}

#[test]
fn issuers_that_came_along_lead_to_the_root_in_any_order() {
    let [root, first, second, leaf] = path_of_four(2);
    let at = leaf.not_before();
    let anchors = std::slice::from_ref(&root);
    let two = [second.clone(), first.clone(), leaf.clone()];
    assert_eq!(verify_path(&leaf, &two, anchors, at), Ok(()));
    assert!(matches!(
        verify_path(&leaf, &two[..1], anchors, at),
        Err(CertificateError::UnknownIssuer { .. })
    ));
    assert!(verify_chain(&leaf, anchors, at).is_err());
    assert_eq!(verify_path(&leaf, &two, &[first], at), Ok(()));
    let strangers = [root_until("2040-01-01T00:00:00Z").certificate().clone()];
    assert!(verify_path(&leaf, &two, &strangers, at).is_err());
}

#[test]
fn a_root_is_asked_how_many_authorities_it_allows_below_it() {
    let [root, first, second, leaf] = path_of_four(1);
    let refused = verify_path(&leaf, &[first, second], &[root], leaf.not_before());
    assert!(matches!(refused, Err(CertificateError::TooLong { .. })), "{refused:?}");
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
fn a_root_that_has_expired_vouches_for_nobody() {
    let root = root_until("2026-06-01T00:00:00Z");
    let (_, leaf) = leaf(&root);
    let verified = |at: &str| verify_chain(&leaf, std::slice::from_ref(root.certificate()), instant(at));
    assert_eq!(verified("2026-06-01T00:00:00Z"), Ok(()));
    assert!(matches!(verified("2026-06-02T00:00:00Z"), Err(CertificateError::Expired { .. })));
}

#[test]
fn a_critical_extension_that_is_not_understood_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = write(folder.path(), "key.pem", &PrivateKey::generate().to_pem());
    for (extension, understood) in [("1.2.3.4=DER:05:00", true), ("1.2.3.4=critical,DER:05:00", false)] {
        let arguments =
            ["req", "-x509", "-sm3", "-subj", "/CN=x", "-sigopt", DISTID, "-addext", extension, "-key"];
        let pem = openssl::run(&[arguments.as_slice(), &[key_file.to_str().unwrap()]].concat(), b"");
        let certificate = Certificate::from_pem(&String::from_utf8(pem).unwrap()).unwrap();
        let verified =
            verify_chain(&certificate, std::slice::from_ref(&certificate), certificate.not_before());
        assert_eq!(verified.is_ok(), understood, "{verified:?}");
    }
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
    let issuer = root.certificate().key();
    for index in 0..leaf.der().len() {
        let mut changed = leaf.der().to_vec();
        changed[index] ^= 1;
        let accepted =
            Certificate::from_der(&changed).is_ok_and(|read| read.verify_signature(issuer).is_ok());
        assert!(!accepted, "byte {index}");
        assert!(Certificate::from_der(&leaf.der()[..index]).is_err());
    }
    assert!(Certificate::from_der(&[leaf.der(), &[0]].concat()).is_err());
}

/// The same certificate, taken apart and put together again with something else.
fn rebuilt(
    certificate: &Certificate,
    change: impl FnOnce(&mut Vec<Vec<u8>>),
) -> Result<Certificate, CertificateError> {
    use der::asn1::AnyRef;
    let outer = AnyRef::from_der(certificate.der()).unwrap();
    let mut reader = SliceReader::new(outer.value()).unwrap();
    let mut parts: Vec<Vec<u8>> = (0..3).map(|_| reader.tlv_bytes().unwrap().to_vec()).collect();
    change(&mut parts);
    let whole = AnyRef::new(der::Tag::Sequence, &parts.concat()).unwrap().to_der().unwrap();
    Certificate::from_der(&whole)
}

#[test]
fn what_the_issuer_has_not_signed_cannot_be_changed() {
    let root = root();
    let (_, leaf) = leaf(&root);
    let verified = |certificate: &Certificate| certificate.verify_signature(root.certificate().key());
    assert_eq!(verified(&rebuilt(&leaf, |_| ()).unwrap()), Ok(()));
    // The algorithm outside the signed part, with parameters that it does not have there.
    let with_parameters = rebuilt(&leaf, |parts| {
        let identifier = parts[1][2..].to_vec();
        parts[1] = [&[0x30, u8::try_from(identifier.len() + 2).unwrap()], &identifier[..], &[5, 0]].concat();
    });
    assert!(matches!(verified(&with_parameters.unwrap()), Err(CertificateError::Signature { .. })));
    // Another encoding of the same signature, or of the whole.
    let padded = rebuilt(&leaf, |parts| parts[2].push(0));
    assert!(matches!(padded, Err(CertificateError::Malformed(_))));
    let &[0x30, 0x82, high, low, ref content @ ..] = leaf.der() else { panic!("not a usual length") };
    let long_form = [&[0x30, 0x83, 0, high, low], content].concat();
    for ber in [long_form, [&[0x30, 0x80], content, &[0, 0]].concat(), [leaf.der(), &[0]].concat()] {
        assert!(matches!(Certificate::from_der(&ber), Err(CertificateError::Malformed(_))));
    }
}

#[test]
fn a_signer_is_named_by_its_issuer_and_serial_number_or_by_its_key() {
    let root = root();
    let (_, leaf) = leaf(&root);
    let (issuer, serial) = leaf.issuer_and_serial_der().unwrap();
    assert_eq!(x509_cert::name::Name::from_der(&issuer).unwrap().to_string(), leaf.issuer());
    assert_eq!(serial[..2], [2, u8::try_from(serial.len() - 2).unwrap()]);
    let digits = hex::encode(&serial[2..]);
    assert_eq!(digits.trim_start_matches('0'), leaf.serial_hex().trim_start_matches('0'));

    let own = leaf.subject_key_identifier().unwrap();
    let above = root.certificate().subject_key_identifier().unwrap();
    assert_eq!((own.len(), above.len()), (20, 20));
    assert_ne!(own, above);
    let extensions = "subjectKeyIdentifier,authorityKeyIdentifier";
    let said = openssl::run(&["x509", "-noout", "-ext", extensions], leaf.to_pem().as_bytes());
    let said = String::from_utf8(said).unwrap().replace(':', "").to_lowercase();
    let (first, second) = said.split_once("authority").unwrap();
    assert!(first.contains(&hex::encode(own)) && second.contains(&hex::encode(above)), "{said}");
}

#[test]
fn a_key_does_what_its_certificate_lets_it_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = write(folder.path(), "key.pem", &PrivateKey::generate().to_pem());
    let made = |constraints: &str, usage: Option<&str>| {
        let constraints = format!("basicConstraints=critical,{constraints}");
        let usage = usage.map(|usage| format!("keyUsage=critical,{usage}"));
        let mut arguments = vec!["req", "-x509", "-sm3", "-subj", "/CN=x", "-sigopt", DISTID];
        arguments.extend(["-key", key_file.to_str().unwrap(), "-addext", &constraints]);
        arguments.extend(usage.iter().flat_map(|usage| ["-addext", usage.as_str()]));
        Certificate::from_pem(&String::from_utf8(openssl::run(&arguments, b"")).unwrap()).unwrap()
    };
    for (constraints, usage, issues, signs) in [
        ("CA:TRUE", Some("keyCertSign"), true, false),
        ("CA:TRUE", Some("cRLSign,digitalSignature"), false, true),
        ("CA:TRUE", Some("nonRepudiation"), false, true),
        ("CA:TRUE", None, true, true),
        ("CA:FALSE", Some("keyCertSign"), false, false),
        ("CA:FALSE", Some("keyEncipherment"), false, false),
        ("CA:FALSE", None, false, true),
    ] {
        let certificate = made(constraints, usage);
        let found = (certificate.is_ca(), certificate.may_sign());
        assert_eq!(found, (issues, signs), "{constraints} {usage:?}");
    }
}

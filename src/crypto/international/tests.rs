//! RSA and ECDSA keys against the `openssl` program.

use std::path::Path;

use super::*;
use crate::crypto::certificate::{Certificate, Subject, SubjectKey, Validity, self_issued};
use crate::crypto::digest::DigestAlgorithm;
use crate::crypto::openssl;
use crate::crypto::signature_algorithm::SignatureAlgorithm;

fn write(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn certificate(key: &PrivateKey) -> Certificate {
    let subject = Subject { common_name: "某某保险".to_owned(), organization: "某某保险".to_owned() };
    let validity = Validity {
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: "2029-01-01T00:00:00Z".parse().unwrap(),
    };
    self_issued(&subject, key, validity).unwrap()
}

#[test]
fn openssl_verifies_what_is_signed_and_a_changed_message_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for key in [PrivateKey::generate_rsa().unwrap(), PrivateKey::generate_p256().unwrap()] {
        let signature = key.sign(b"letter").unwrap();
        let public = openssl::run(&["pkey", "-pubin", "-inform", "DER"], &key.public_spki_der().unwrap());
        let (public, value) =
            (write(folder.path(), "public", &public), write(folder.path(), "value", &signature));
        let arguments = ["dgst", "-sha256", "-verify", &public, "-signature", &value];
        openssl::run(&arguments, b"letter");
        assert!(openssl::try_run(&arguments, b"lettre").is_err());

        let SubjectKey::International(public) = certificate(&key).key().clone() else { panic!("{key:?}") };
        assert_eq!(public.verify(key.algorithm(), b"letter", &signature), Ok(()));
        assert!(public.verify(key.algorithm(), b"lettre", &signature).is_err());
        assert!(public.verify(SignatureAlgorithm::Sm2WithSm3, b"letter", &signature).is_err());
        assert!(
            public
                .verify(SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha256), b"letter", &signature)
                .is_err()
        );
    }
}

#[test]
fn keys_are_read_in_every_form_that_openssl_writes() {
    let folder = tempfile::tempdir().unwrap();
    for key in [PrivateKey::generate_rsa().unwrap(), PrivateKey::generate_p256().unwrap()] {
        let pem = key.to_pem().unwrap();
        let same = |pem: &[u8]| {
            let read = PrivateKey::from_pem(std::str::from_utf8(pem).unwrap()).unwrap();
            read.public_spki_der().unwrap() == key.public_spki_der().unwrap()
        };
        assert!(same(pem.as_bytes()));
        assert!(same(&openssl::run(&["pkey"], pem.as_bytes())));
        assert!(same(&openssl::run(&["pkey", "-traditional"], pem.as_bytes())));
        let locked = openssl::run(&["pkey", "-aes256", "-passout", "pass:x"], pem.as_bytes());
        let refused = PrivateKey::from_pem(std::str::from_utf8(&locked).unwrap());
        assert_eq!(refused.unwrap_err(), PrivateKeyError::Encrypted);

        let file = folder.path().join("key.pem");
        crate::crypto::private_file::write_new(&file, pem.as_bytes()).unwrap();
        assert!(PrivateKey::from_file(&file).is_ok());
        std::fs::remove_file(&file).unwrap();
    }
    let sm2 = crate::crypto::sm2::PrivateKey::generate().to_pem();
    for other in [sm2.as_str(), "", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert_eq!(PrivateKey::from_pem(other).unwrap_err(), PrivateKeyError::Form);
    }
}

#[test]
fn short_rsa_keys_are_refused() {
    let pem = openssl::run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], b"");
    assert_eq!(PrivateKey::from_pem(std::str::from_utf8(&pem).unwrap()).unwrap_err(), PrivateKeyError::Form);
}

#[test]
fn what_openssl_signs_with_pss_is_verified_under_its_own_digest_only() {
    let folder = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate_rsa().unwrap();
    let file = write(folder.path(), "key.pem", key.to_pem().unwrap().as_bytes());
    let SubjectKey::International(public) = certificate(&key).key().clone() else { panic!("{key:?}") };
    let digests = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
    for digest in digests {
        let option = format!("-{}", digest.name().to_lowercase().replace("sha-", "sha"));
        let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
        let arguments = [&["dgst", option.as_str()], pss.as_slice(), &["-sign", &file]].concat();
        let signature = openssl::run(&arguments, b"letter");
        for other in digests {
            let verified = public.verify(SignatureAlgorithm::RsaPss(other), b"letter", &signature);
            assert_eq!(verified.is_ok(), other == digest, "{digest:?} as {other:?}");
        }
    }
}

//! PKCS#12 files (RFC 7292, `.p12` and `.pfx`), in which authorities hand out a signing key with its certificate.

use std::fmt;

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;

use super::certificate::Certificate;
use super::sm2::PrivateKey;

/// Wraps a file anew, into the form that every program reads.
const REMEDY: &str =
    "`openssl pkcs12 -legacy -in FILE -nodes | openssl pkcs12 -export -out NEW` writes it in one that is";

/// Why a file gives no signing key. Says nothing of what is inside.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs12Error {
    #[error("PKCS#12: the password is wrong, or the file was altered")]
    Password,
    #[error("PKCS#12: expected a file in DER; {0}. If the file is in another form, {REMEDY}")]
    Malformed(String),
    #[error("PKCS#12: the file is protected in a way that is not supported; {REMEDY}")]
    Protection,
    #[error("PKCS#12: expected one SM2 private key, found {sm2} among {all} keys{encryption}")]
    Keys { sm2: usize, all: usize, encryption: &'static str },
    #[error("PKCS#12: expected at most one certificate of the key, found {0}")]
    Certificates(usize),
}

/// What a file holds for signing.
pub struct Pkcs12 {
    pub key: PrivateKey,
    /// The certificate of the key, if it is in the file.
    pub certificate: Option<Certificate>,
}

impl Pkcs12 {
    /// Whether bytes begin as such a file does: a sequence whose first member is the version, 3.
    pub fn is_likely(bytes: &[u8]) -> bool {
        let body = match bytes {
            [0x30, 0x80, rest @ ..] => rest,
            [0x30, length, rest @ ..] if *length < 0x80 => rest,
            [0x30, length, rest @ ..] => rest.get(usize::from(length & 0x7f)..).unwrap_or_default(),
            _ => return false,
        };
        body.starts_with(&[0x02, 0x01, 0x03])
    }

    /// Opens a file with its password and takes the SM2 key for signing with its certificate.
    ///
    /// Where a file holds two keys, one to sign and one to encrypt, as double certificates (双证书) come, the one whose
    /// certificate is for signing is taken.
    ///
    /// # Errors
    /// When the password is wrong, the file is damaged or protected in an unusual way, or there is not one key to sign
    /// with.
    pub fn open(bytes: &[u8], password: &str) -> Result<Self, Pkcs12Error> {
        let archive = Pkcs12Archive::from_pkcs12(bytes, password).map_err(complaint)?;
        let certificates: Vec<Certificate> =
            archive.certs.iter().filter_map(|bag| Certificate::from_der(bag.cert.as_der()).ok()).collect();
        let all = archive.keys.len();
        let mut keys: Vec<PrivateKey> =
            archive.keys.iter().filter_map(|bag| PrivateKey::from_der(bag.key.as_der()).ok()).collect();
        let sm2 = keys.len();
        if sm2 > 1 {
            keys.retain(|key| certificates_of(key, &certificates).any(Certificate::may_sign));
        }
        let encryption = match (sm2, keys.len()) {
            (0 | 1, _) => "",
            (_, 0) => ", none with a certificate for signing",
            _ => ", and more than one is for signing",
        };
        let (Some(key), true) = (keys.pop(), keys.is_empty()) else {
            return Err(Pkcs12Error::Keys { sm2, all, encryption });
        };
        let mut fitting: Vec<&Certificate> = certificates_of(&key, &certificates).collect();
        fitting.dedup();
        if fitting.len() > 1 {
            return Err(Pkcs12Error::Certificates(fitting.len()));
        }
        Ok(Self { certificate: fitting.pop().cloned(), key })
    }
}

fn certificates_of<'a>(
    key: &PrivateKey,
    certificates: &'a [Certificate],
) -> impl Iterator<Item = &'a Certificate> {
    let public = key.public_key();
    certificates.iter().filter(move |certificate| certificate.public_key().is_ok_and(|of| of == public))
}

fn complaint(error: Error) -> Pkcs12Error {
    match error {
        // A wrong password shows in the code over the whole, or where a file has none, in a padding.
        Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => Pkcs12Error::Password,
        Error::UnsupportedEncryptionScheme | Error::UnsupportedMacAlgorithm | Error::InvalidParameters => {
            Pkcs12Error::Protection
        }
        other => Pkcs12Error::Malformed(other.to_string()),
    }
}

/// Says nothing of the key.
impl fmt::Debug for Pkcs12 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pkcs12({:?})", self.certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::openssl;

    /// A key and its certificate, wrapped by the `openssl` program.
    fn wrapped(options: &[&str]) -> (Vec<u8>, Certificate) {
        let key = openssl::run(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"], b"");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        std::fs::write(&path, &key).unwrap();
        let path = path.to_str().unwrap();
        let subject = ["-subj", "/CN=示例财产保险", "-utf8", "-sm3", "-sigopt", "distid:1234567812345678"];
        let certificate =
            openssl::run(&[&["req", "-new", "-x509", "-key", path], subject.as_slice()].concat(), b"");
        let both = [key.as_slice(), &certificate].concat();
        let export = ["pkcs12", "-export", "-passout", "pass:correct horse"];
        let file = openssl::run(&[export.as_slice(), options].concat(), &both);
        (file, Certificate::from_pem(std::str::from_utf8(&certificate).unwrap()).unwrap())
    }

    #[test]
    fn what_openssl_wraps_is_read_in_its_usual_form_and_in_the_old_one() {
        for options in [&[][..], &["-legacy"], &["-keypbe", "AES-128-CBC", "-certpbe", "NONE"], &["-nomac"]] {
            let (file, certificate) = wrapped(options);
            assert!(Pkcs12::is_likely(&file), "{options:?}");
            let opened = Pkcs12::open(&file, "correct horse").unwrap();
            assert_eq!(opened.certificate.as_ref(), Some(&certificate), "{options:?}");
            assert_eq!(Ok(opened.key.public_key()), certificate.public_key(), "{options:?}");
            assert!(!format!("{opened:?}").contains("PrivateKey"));
        }
    }

    #[test]
    fn a_wrong_password_is_told_from_a_file_of_another_kind() {
        for options in [&[][..], &["-legacy"], &["-nomac"]] {
            let (file, _) = wrapped(options);
            let said = Pkcs12::open(&file, "correct horses").unwrap_err();
            assert!(matches!(said, Pkcs12Error::Password), "{options:?}: {said}");
        }
        assert!(matches!(Pkcs12::open(b"0\x80", ""), Err(Pkcs12Error::Malformed(_))));
        assert!(!Pkcs12::is_likely(b"-----BEGIN"));
    }

    #[test]
    fn a_protection_that_is_not_known_is_said_with_the_way_around_it() {
        let (file, _) = wrapped(&["-keypbe", "sm4-cbc", "-certpbe", "sm4-cbc", "-macalg", "sm3"]);
        let said = Pkcs12::open(&file, "correct horse").unwrap_err().to_string();
        assert!(said.contains("not supported") && said.contains("openssl pkcs12 -export"), "{said}");
    }

    #[test]
    fn a_file_without_an_sm2_key_says_what_it_holds() {
        let key = openssl::run(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], b"");
        let export = ["pkcs12", "-export", "-nocerts", "-passout", "pass:x"];
        let said = Pkcs12::open(&openssl::run(&export, &key), "x").unwrap_err().to_string();
        assert!(said.contains("found 0 among 1 keys"), "{said}");
    }

    #[test]
    fn a_key_comes_without_a_certificate_too_and_a_count_of_keys_says_no_more_than_it_must() {
        let arguments = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"];
        let key = openssl::run(&arguments, b"");
        let export = ["pkcs12", "-export", "-nocerts", "-passout", "pass:x"];
        let opened = Pkcs12::open(&openssl::run(&export, &key), "x").unwrap();
        assert_eq!(opened.certificate, None);
        let other =
            openssl::run(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], b"");
        let said = Pkcs12::open(&openssl::run(&export, &other), "x").unwrap_err().to_string();
        assert_eq!(said, "PKCS#12: expected one SM2 private key, found 0 among 1 keys");
    }

    #[test]
    fn a_file_is_known_by_its_version_behind_a_length_of_any_form() {
        let likely: [&[u8]; 6] = [
            &[0x30, 0x05, 2, 1, 3],
            &[0x30, 0x7f, 2, 1, 3],
            &[0x30, 0x80, 2, 1, 3],
            &[0x30, 0x81, 0x90, 2, 1, 3],
            &[0x30, 0x82, 0x01, 0x00, 2, 1, 3],
            &[0x30, 0x84, 0, 0, 1, 0, 2, 1, 3],
        ];
        for bytes in likely {
            assert!(Pkcs12::is_likely(bytes), "{bytes:?}");
        }
        let others: [&[u8]; 7] = [
            &[],
            &[0x30],
            &[0x30, 0x05, 2, 1, 1],
            &[0x31, 0x05, 2, 1, 3],
            &[0x30, 0x81, 2, 1, 3],
            &[0x30, 0x82, 1, 2, 1, 3],
            &[0x30, 0xff, 2, 1, 3],
        ];
        for bytes in others {
            assert!(!Pkcs12::is_likely(bytes), "{bytes:?}");
        }
    }

    /// A file with a key for each usage, each with a certificate of its own, as double certificates come.
    fn several(usages: &[&str]) -> (Vec<u8>, Vec<Certificate>) {
        use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKeyChain};
        let folder = tempfile::tempdir().unwrap();
        let (mut store, mut certificates) = (KeyStore::new(), Vec::new());
        for (place, usage) in usages.iter().enumerate() {
            let pem = PrivateKey::generate().to_pem();
            let path = folder.path().join("key.pem");
            std::fs::write(&path, pem.as_bytes()).unwrap();
            let usage = format!("keyUsage=critical,{usage}");
            let mut arguments = vec!["req", "-x509", "-sm3", "-subj", "/CN=x", "-addext", &usage];
            arguments.extend(["-sigopt", "distid:1234567812345678", "-key", path.to_str().unwrap()]);
            let certificate = String::from_utf8(openssl::run(&arguments, b"")).unwrap();
            let certificate = Certificate::from_pem(&certificate).unwrap();
            let der = openssl::run(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], pem.as_bytes());
            let chain = PrivateKeyChain::new(
                place.to_string(),
                p12_keystore::PrivateKey::from_der(&der).unwrap(),
                [p12_keystore::Certificate::from_der(certificate.der()).unwrap()],
            );
            store.add_entry(&place.to_string(), KeyStoreEntry::PrivateKeyChain(chain));
            certificates.push(certificate);
        }
        (store.writer("x").write().unwrap(), certificates)
    }

    #[test]
    fn of_double_certificates_the_one_for_signing_is_taken_with_its_key() {
        let (sign, encrypt) = ("digitalSignature,nonRepudiation", "keyEncipherment,dataEncipherment");
        for usages in [[sign, encrypt], [encrypt, sign]] {
            let (file, certificates) = several(&usages);
            let opened = Pkcs12::open(&file, "x").unwrap();
            let signing = certificates.into_iter().find(Certificate::may_sign).unwrap();
            assert_eq!(Ok(opened.key.public_key()), signing.public_key());
            assert_eq!(opened.certificate, Some(signing));
        }
        for (usages, reason) in [
            ([sign, sign], ", and more than one is for signing"),
            ([encrypt, encrypt], ", none with a certificate for signing"),
        ] {
            let said = Pkcs12::open(&several(&usages).0, "x").unwrap_err().to_string();
            assert!(said.ends_with(&format!("found 2 among 2 keys{reason}")), "{said}");
        }
    }
}

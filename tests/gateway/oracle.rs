//! A delivered letter in the hands of somebody who has nothing of ours: an unzip, a few lines that cut DER, and the
//! `openssl` program.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use baohan_gateway::cli::demo::props;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::house::{Database, House};

const SIGNATURE: &str = "Doc_0/Signs/Sign_0/Signature.xml";
const VALUE: &str = "Doc_0/Signs/Sign_0/SignedValue.dat";
/// Lists the signatures, and so must grow with every further one.
const LIST: &str = "Doc_0/Signs/Signatures.xml";

const OCTET_STRING: u8 = 0x04;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_agrees_with_every_seal_and_digest_of_delivered_letters() {
    let house = House::open(Database::Sqlite).await;
    let applyno = house.restored().await;
    let delivery = house.sandbox.delivery(&applyno).unwrap();
    let root = house.folder.path().join(props::ROOT_CERTIFICATE);
    for letter in [delivery.ciphertext.unwrap(), delivery.plaintext.unwrap()] {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        let files = unzipped(&letter.document);
        bench.check_digests(&files);
        bench.check_signatures(&files, &root);
    }
}

/// A folder for what goes to `openssl` and comes from it.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn sm3(&self, content: &[u8]) -> Vec<u8> {
        let path = self.file("content", content);
        openssl(&["dgst", "-sm3", "-binary"], &[&path]).unwrap()
    }

    /// Every file of the package but the signature's own is referenced, by the digest that `openssl` finds.
    fn check_digests(&self, files: &BTreeMap<String, Vec<u8>>) {
        let signature = str::from_utf8(&files[SIGNATURE]).unwrap();
        let mut referenced = BTreeSet::new();
        for reference in signature.split("<ofd:Reference ").skip(1) {
            let name = between(reference, "FileRef=\"/", "\"");
            let stated = STANDARD.decode(between(reference, "<ofd:CheckValue>", "<")).unwrap();
            assert_eq!(self.sm3(&files[name]), stated, "{name}");
            referenced.insert(name);
        }
        let left_out: Vec<&str> =
            files.keys().map(String::as_str).filter(|name| !referenced.contains(name)).collect();
        assert_eq!(left_out, [SIGNATURE, VALUE, LIST]);
    }

    /// The signature over the DER of TBS_Sign by the institution, the seal maker's over the DER of the seal's
    /// description, and both certificates under the root (GB/T 38540-2020, 6.1 and 7.1).
    fn check_signatures(&self, files: &BTreeMap<String, Vec<u8>>, root: &Path) {
        let whole = &files[VALUE];
        let [to_sign, certificate, _, signature, ..] = children(whole)[..] else {
            panic!("no SES_Signature")
        };
        self.check_signature("signer", to_sign, certificate, signature, root);

        let [_, seal, _, data_hash, property, ..] = children(to_sign)[..] else { panic!("no TBS_Sign") };
        assert_eq!(content(data_hash, BIT_STRING)[1..], self.sm3(&files[SIGNATURE]));
        assert!(property.ends_with(SIGNATURE.as_bytes()));
        assert_eq!(seal, files["Doc_0/Signs/Sign_0/Seal.esl"], "the seal lies beside its signature as well");

        let [description, maker, _, signature, ..] = children(seal)[..] else { panic!("no SESeal") };
        self.check_signature("maker", description, maker, signature, root);
    }

    fn check_signature(&self, who: &str, message: &[u8], certificate: &[u8], signature: &[u8], root: &Path) {
        let certificate = self.file(who, content(certificate, OCTET_STRING));
        let pem = openssl(&["x509", "-inform", "DER"], &["-in".as_ref(), &certificate]).unwrap();
        let pem = self.file("certificate.pem", &pem);
        let id = "distid:1234567812345678";
        openssl(&["verify", "-vfyopt", id, "-CAfile"], &[root, &pem]).unwrap();

        let key = openssl(&["x509", "-noout", "-pubkey"], &["-in".as_ref(), &pem]).unwrap();
        let key = self.file("key.pem", &key);
        // A BIT STRING begins with the count of its unused bits.
        let signature = self.file("signature", &content(signature, BIT_STRING)[1..]);
        let check = |message: &[u8]| {
            let message = self.file("message", message);
            let files = ["-verify".as_ref(), key.as_path(), "-signature".as_ref(), &signature, &message];
            openssl(&["dgst", "-sm3", "-sigopt", id], &files)
        };
        let said = check(message).unwrap_or_else(|complaint| panic!("{who}: {complaint}"));
        assert!(said.starts_with(b"Verified OK"));
        let mut altered = message.to_vec();
        *altered.last_mut().unwrap() ^= 1;
        assert!(check(&altered).is_err(), "{who}: openssl takes anything");
    }
}

/// What the program prints, or its complaint.
fn openssl(options: &[&str], files: &[&Path]) -> Result<Vec<u8>, String> {
    let program = Command::new("openssl").args(options).args(files).output();
    let Output { status, stdout, stderr } = program.expect("the `openssl` program, version 3, is needed");
    if status.success() { Ok(stdout) } else { Err(String::from_utf8_lossy(&stderr).into_owned()) }
}

fn unzipped(package: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut package = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..package.len() {
        let mut file = package.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().unwrap().into_owned(), bytes);
    }
    files
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

/// The elements of a SEQUENCE, each with its header.
fn children(sequence: &[u8]) -> Vec<&[u8]> {
    let mut rest = content(sequence, SEQUENCE);
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (header, length) = measure(rest);
        let (element, others) = rest.split_at(header + length);
        found.push(element);
        rest = others;
    }
    found
}

fn content(element: &[u8], tag: u8) -> &[u8] {
    assert_eq!(element[0], tag);
    let (header, length) = measure(element);
    assert_eq!(element.len(), header + length);
    &element[header..]
}

/// The lengths of an element's header and content.
fn measure(element: &[u8]) -> (usize, usize) {
    match usize::from(element[1]) {
        short @ ..0x80 => (2, short),
        long => {
            let bytes = &element[2..2 + (long & 0x7f)];
            let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            (2 + bytes.len(), length)
        }
    }
}

//! What others say: the `openssl` program about the containers, and `pdfsig` (poppler) about whole files.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::crypto::openssl;

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const TAG_0: u8 = 0xa0;

/// What a reader without our code cuts out of a file.
pub struct Extract {
    pub container: Vec<u8>,
    /// The bytes that ByteRange names.
    content: Vec<u8>,
}

impl Extract {
    /// Of the last signature.
    pub fn last(pdf: &[u8]) -> Self {
        let mark = b"/ByteRange [";
        let start = pdf.windows(mark.len()).rposition(|window| window == mark).unwrap() + mark.len();
        let end = start + pdf[start..].iter().position(|byte| *byte == b']').unwrap();
        let numbers: Vec<usize> = std::str::from_utf8(&pdf[start..end])
            .unwrap()
            .split_whitespace()
            .map(|number| number.parse().unwrap())
            .collect();
        let [0, first, second, last] = numbers[..] else { panic!("{numbers:?}") };
        let padded = hex::decode(&pdf[first + 1..second - 1]).unwrap();
        let (header, length) = measure(&padded);
        let content = [&pdf[..first], &pdf[second..second + last]].concat();
        Self { container: padded[..header + length].to_vec(), content }
    }
}

/// A folder for what goes to `openssl`.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn sm3(content: &[u8]) -> Vec<u8> {
        openssl::run(&["dgst", "-sm3", "-binary"], content)
    }

    /// Whether the signature is by the certificate's key (SM2).
    fn check(&self, certificate: &[u8], message: &[u8], signature: &[u8]) {
        let key = openssl::run(&["x509", "-inform", "DER", "-noout", "-pubkey"], certificate);
        let (key, signature) = (self.file("key", &key), self.file("signature", signature));
        let arguments =
            ["dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-verify", &key, "-signature", &signature];
        openssl::run(&arguments, message);
        assert!(openssl::try_run(&arguments, &[message, b"x"].concat()).is_err(), "openssl takes anything");
    }
}

#[test]
fn openssl_verifies_the_cms_over_the_rest_of_the_file() {
    for profile in ["", "sub_filter = \"ETSI.CAdES.detached\""] {
        for signer in [rsa(), ecdsa()] {
            let signed = signed_with(with_streams(), &signer, &toml::from_str(profile).unwrap());
            let Extract { container, content } = Extract::last(&signed);
            let bench = Bench::new();
            let certificate = bench.file("certificate", signer.certificate().to_pem().as_bytes());
            let at = noon().as_second().to_string();
            let verify = |content: &[u8]| {
                let content = bench.file("content", content);
                let mut arguments = vec![
                    "cms",
                    "-verify",
                    "-binary",
                    "-inform",
                    "DER",
                    "-out",
                    "/dev/null",
                    "-partial_chain",
                ];
                arguments.extend(["-attime", &at, "-purpose", "any", "-CAfile", &certificate]);
                arguments.extend(["-content", &content]);
                openssl::try_run(&arguments, &container)
            };
            verify(&content).unwrap();
            assert!(verify(&edited(&content, b"100,000.00", b"900,000.00")).is_err());
            let printed = openssl::run(&["cms", "-cmsout", "-print", "-noout", "-inform", "DER"], &container);
            let printed = String::from_utf8_lossy(&printed);
            assert_eq!(
                printed.contains("id-smime-aa-signingCertificateV2"),
                !profile.is_empty(),
                "{printed}"
            );
            assert_eq!(printed.contains("signingTime"), profile.is_empty(), "{printed}");
        }
    }
}

#[test]
fn openssl_agrees_with_the_container_of_gm_t_0010() {
    let profile =
        PdfSignatureProfile { container: Container::GmSignedData, ..PdfSignatureProfile::default() };
    let signed = signed_with(with_table(), &sm2(), &profile);
    let Extract { container, content } = Extract::last(&signed);
    let [kind, data] = children(&container)[..] else { panic!("no ContentInfo") };
    let printed = openssl::run(&["asn1parse", "-inform", "DER"], kind);
    assert!(String::from_utf8_lossy(&printed).contains("1.2.156.10197.6.1.4.2.2"));
    let [data] = parts(content_of(data, TAG_0))[..] else { panic!("no SignedData") };
    let [_, _, encapsulated, certificates, signers] = children(data)[..] else { panic!("no SignedData") };
    let [_, digest] = children(encapsulated)[..] else { panic!("no content") };
    let digest = content_of(content_of(digest, TAG_0), OCTET_STRING);
    assert_eq!(digest, Bench::sm3(&content));
    let [signer] = parts(content_of(signers, 0x31))[..] else { panic!("not one signer") };
    let [_, _, _, _, signature] = children(signer)[..] else { panic!("attributes") };
    let certificate = parts(content_of(certificates, TAG_0))[0];
    Bench::new().check(certificate, digest, content_of(signature, OCTET_STRING));
}

#[test]
fn openssl_agrees_with_the_seals_container() {
    let profile = PdfSignatureProfile { container: Container::Ses, ..PdfSignatureProfile::default() };
    let signed = signed_with(with_table(), &sm2(), &profile);
    let Extract { container, content } = Extract::last(&signed);
    let [to_sign, certificate, _, signature] = children(&container)[..] else { panic!("no SES_Signature") };
    let [_, seal, _, data_hash, property] = children(to_sign)[..] else { panic!("no TBS_Sign") };
    assert_eq!(content_of(data_hash, BIT_STRING)[1..], Bench::sm3(&content));
    assert!(String::from_utf8_lossy(property).contains("ByteRange=[0 "));
    let bench = Bench::new();
    bench.check(content_of(certificate, OCTET_STRING), to_sign, &content_of(signature, BIT_STRING)[1..]);
    let [info, maker, _, signature] = children(seal)[..] else { panic!("no SESeal") };
    bench.check(content_of(maker, OCTET_STRING), info, &content_of(signature, BIT_STRING)[1..]);
}

#[test]
fn openssl_agrees_with_sm2_in_cms() {
    let signed = signed_with(with_table(), &sm2(), &PdfSignatureProfile::default());
    let Extract { container, content } = Extract::last(&signed);
    let [_, data] = children(&container)[..] else { panic!("no ContentInfo") };
    let [data] = parts(content_of(data, TAG_0))[..] else { panic!("no SignedData") };
    let [_, _, _, certificates, signers] = children(data)[..] else { panic!("no SignedData") };
    let [signer] = parts(content_of(signers, 0x31))[..] else { panic!("not one signer") };
    let [_, _, _, attributes, _, signature] = children(signer)[..] else { panic!("no attributes") };
    let digest = Bench::sm3(&content);
    assert!(attributes.windows(digest.len()).any(|window| window == digest));
    let mut signed = attributes.to_vec();
    signed[0] = 0x31;
    let certificate = parts(content_of(certificates, TAG_0))[0];
    Bench::new().check(certificate, &signed, content_of(signature, OCTET_STRING));
}

#[test]
fn pdfsig_finds_rsa_and_ecdsa_valid_and_stays_so_when_signatures_are_stacked() {
    for base in BASES {
        for profile in
            ["", "sub_filter = \"ETSI.CAdES.detached\"\nreason = \"电子保函\"\nlocation = \"Haikou\""]
        {
            let profile = toml::from_str(profile).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("signed.pdf");
            let first = signed_with(base(), &rsa(), &profile);
            let said = pdfsig(&path, &first);
            assert_eq!(said.matches("Signature is Valid.").count(), 1, "{said}");
            assert!(said.contains("Total document signed") && said.contains("Demo Insurance"), "{said}");
            let both = signed_with(first.clone(), &ecdsa(), &profile);
            let said = pdfsig(&path, &both);
            assert_eq!(said.matches("Signature is Valid.").count(), 2, "{said}");
            // Behind a signature of the Chinese kind, which it cannot read, the others stay.
            let seal = PdfSignatureProfile { container: Container::Ses, ..PdfSignatureProfile::default() };
            let said = pdfsig(&path, &signed_with(both, &sm2(), &seal));
            assert_eq!(said.matches("Signature is Valid.").count(), 2, "{said}");
            let said = pdfsig(&path, &edited_page(&first));
            assert_eq!(said.matches("Signature is Valid.").count(), 0, "{said}");
        }
    }
}

/// A file with one byte of a page's text changed, where the text is not compressed, else of the identifier.
fn edited_page(pdf: &[u8]) -> Vec<u8> {
    let mut changed = pdf.to_vec();
    let at = pdf.windows(6).position(|window| window == b"stream").unwrap() + 20;
    changed[at] ^= 1;
    changed
}

pub fn pdfsig(path: &Path, pdf: &[u8]) -> String {
    std::fs::write(path, pdf).unwrap();
    let output = Command::new("pdfsig").arg(path).output().expect("the program `pdfsig` (poppler) is needed");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// The elements of a SEQUENCE, each with its header.
fn children(sequence: &[u8]) -> Vec<&[u8]> {
    parts(content_of(sequence, SEQUENCE))
}

fn parts(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (header, length) = measure(rest);
        let (element, others) = rest.split_at(header + length);
        found.push(element);
        rest = others;
    }
    found
}

fn content_of(element: &[u8], tag: u8) -> &[u8] {
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

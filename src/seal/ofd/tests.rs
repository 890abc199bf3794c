//! What a sealed package consists of, and what is refused before a key is touched.

use std::process::Command;
use std::sync::Arc;

use crate::crypto::sm2::PrivateKey;
use crate::document::ofd::element::Element;
use crate::document::ofd::package::{Limits, Package};
use crate::seal::ses::SesSignature;
use crate::seal::testing::{SEALER, WORLD, description, noon, package, seal_der, sealed, stamps, time};
use crate::seal::{ElectronicSeal, LocalSigner, SealError, Sealer, seal};

const SIGNATURE: &str = "Doc_0/Signs/Sign_0/Signature.xml";

fn unzip(bytes: &[u8]) -> Package {
    Package::from_zip(bytes, &Limits::default()).unwrap()
}

#[test]
fn every_file_but_the_three_that_cannot_be_is_referenced_by_an_absolute_path() {
    let package = unzip(&sealed());
    let root = Element::parse(package.file(SIGNATURE).unwrap(), "Signature").unwrap();
    let info = root.child("SignedInfo").unwrap();
    let references = info.child("References").unwrap();
    assert_eq!(references.attribute("CheckMethod"), Some("1.2.156.10197.1.401"));
    let named: Vec<_> =
        references.children("Reference").map(|one| one.attribute("FileRef").unwrap()).collect();
    let paths: Vec<_> = package.files().map(|(path, _)| format!("/{path}")).collect();
    let open = ["Signatures.xml", "Sign_0/Signature.xml", "Sign_0/SignedValue.dat"];
    let expected: Vec<_> = paths
        .iter()
        .filter(|path| !open.iter().any(|end| path.ends_with(&format!("/Signs/{end}"))))
        .collect();
    assert_eq!(named.iter().collect::<Vec<_>>(), expected);
    assert_eq!(named.len(), 8);
}

#[test]
fn the_description_of_the_signature_follows_the_schema() {
    let package = unzip(&sealed());
    let xml = std::str::from_utf8(package.file(SIGNATURE).unwrap()).unwrap();
    let order = [
        "<ofd:Signature xmlns:ofd=\"http://www.ofdspec.org/2016\">",
        "<ofd:Provider ProviderName=",
        "<ofd:SignatureMethod>1.2.156.10197.1.501<",
        "<ofd:SignatureDateTime>20261122040506Z<",
        "<ofd:References ",
        "<ofd:StampAnnot ID=\"s002\" PageRef=\"1\" Boundary=\"189 130 42 42\" Clip=\"0 0 21 42\"/>",
        "<ofd:StampAnnot ID=\"s003\" PageRef=\"2\" Boundary=\"168 130 42 42\" Clip=\"21 0 21 42\"/>",
        "<ofd:StampAnnot ID=\"s004\" PageRef=\"2\" Boundary=\"130 220 42 42\"/>",
        "<ofd:Seal><ofd:BaseLoc>/Doc_0/Signs/Sign_0/Seal.esl<",
        "<ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat<",
    ];
    let places: Vec<_> =
        order.iter().map(|part| xml.find(part).unwrap_or_else(|| panic!("{part} in {xml}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    let list = std::str::from_utf8(package.file("Doc_0/Signs/Signatures.xml").unwrap()).unwrap();
    assert!(
        list.contains("<ofd:MaxSignId>s004</ofd:MaxSignId><ofd:Signature ID=\"s001\" Type=\"Seal\""),
        "{list}"
    );
}

#[test]
fn two_seals_differ_in_nothing_but_the_signature_value() {
    let (first, second) = (unzip(&sealed()), unzip(&sealed()));
    let different: Vec<_> =
        first.files().zip(second.files()).filter(|(one, other)| one != other).map(|(one, _)| one.0).collect();
    assert_eq!(different, ["Doc_0/Signs/Sign_0/SignedValue.dat"]);
    let value = |package: &Package| package.file("Doc_0/Signs/Sign_0/SignedValue.dat").unwrap().to_vec();
    let (first, second) = (value(&first), value(&second));
    let (first, second) = (SesSignature::from_der(&first).unwrap(), SesSignature::from_der(&second).unwrap());
    assert_eq!(first.to_sign, second.to_sign);
    assert_ne!(first.signature, second.signature);
}

#[test]
fn openssl_verifies_the_signer_and_the_seal_maker() {
    let package = unzip(&sealed());
    let value = SesSignature::from_der(package.file("Doc_0/Signs/Sign_0/SignedValue.dat").unwrap()).unwrap();
    assert!(openssl_accepts(value.certificate, value.to_sign, value.signature));
    assert!(openssl_accepts(value.seal.certificate, value.seal.info, value.seal.signature));
    assert!(!openssl_accepts(value.seal.certificate, value.to_sign, value.signature));
}

fn openssl_accepts(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let certificate = file("certificate.der", certificate);
    let mut command = Command::new("openssl");
    command.args(["x509", "-inform", "DER", "-noout", "-pubkey", "-in"]).arg(certificate);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let key = file("key.pem", &output.stdout);
    let (message, signature) = (file("message", message), file("signature", signature));
    let status = Command::new("openssl")
        .args(["dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-verify"])
        .arg(key)
        .arg("-signature")
        .args([signature, message])
        .output()
        .unwrap()
        .status;
    status.success()
}

#[test]
fn a_package_that_is_not_ready_is_refused() {
    let refusal = |package: Package| seal(package, &SEALER, &stamps(), noon()).unwrap_err();

    let mut unprepared = package();
    let ofd = String::from_utf8(unprepared.file("OFD.xml").unwrap().to_vec()).unwrap();
    unprepared.put("OFD.xml", ofd.replace("Signs/Signatures.xml", "Signs/Other.xml"));
    assert!(matches!(refusal(unprepared), SealError::NotPrepared));

    assert!(matches!(refusal(unzip(&sealed())), SealError::AlreadySealed { .. }));
    assert!(matches!(refusal(Package::default()), SealError::Missing { .. }));

    let mut stamps = stamps();
    stamps[0].page_id = 3;
    let refusal = seal(package(), &SEALER, &stamps, noon()).unwrap_err();
    assert_eq!(refusal.to_string(), "the seal is to stand on page 3, which the document does not have");
    assert!(matches!(seal(package(), &SEALER, &[], noon()), Err(SealError::NoStamp)));
}

#[test]
fn nothing_is_sealed_outside_the_validity_of_seal_and_signer() {
    // The certificate ends with 2026, the seal begins in February.
    for at in ["2026-01-31T23:59:59Z", "2027-01-01T00:00:01Z"] {
        let result = seal(package(), &SEALER, &stamps(), time(at));
        assert!(matches!(result, Err(SealError::OutsideValidity { .. })), "{at}");
    }
}

#[test]
fn a_sealer_needs_an_intact_seal_that_names_its_signer() {
    let refusal = |signer: LocalSigner, seal: Vec<u8>| {
        format!("{:#}", Sealer::new(Arc::new(signer), seal).err().unwrap())
    };
    let seal = seal_der();
    let said = refusal(WORLD.stranger.signer(), seal.clone());
    assert!(said.contains("may not be used by"), "{said}");

    let mut altered = seal.clone();
    let name = altered.windows(6).position(|window| window == "海南".as_bytes()).unwrap();
    altered[name..name + 6].copy_from_slice("河南".as_bytes());
    let said = refusal(WORLD.insurer.signer(), altered);
    assert!(said.contains("signature of its maker"), "{said}");

    let said = refusal(WORLD.insurer.signer(), seal[..seal.len() - 1].to_vec());
    assert!(said.contains("electronic seal"), "{said}");
}

#[test]
fn a_key_and_a_certificate_of_another_key_make_no_signer() {
    let certificate = WORLD.insurer.certificate.clone();
    let refusal = LocalSigner::new(PrivateKey::generate(), certificate).err().unwrap();
    assert!(refusal.to_string().contains("belongs to another key"), "{refusal}");
}

#[test]
fn a_seal_whose_validity_ends_before_it_begins_is_not_made() {
    let mut description = description(&WORLD.insurer.certificate);
    description.valid_until = description.valid_from;
    assert!(ElectronicSeal::make(&WORLD.maker, &description).is_err());
}

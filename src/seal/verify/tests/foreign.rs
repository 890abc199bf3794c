//! Signatures in the forms that other programs write: older and newer editions, and the options that we never use.

use der::asn1::AnyRef;
use der::{Encode, Tag, TagNumber};

use super::{SEAL, SIGNATURE, SIGNED_VALUE, outcome, pressed, report};
use crate::crypto::sm3;
use crate::document::ofd::package::Package;
use crate::seal::ses::{Edition, SM2_WITH_SM3};
use crate::seal::testing::{WORLD, noon, seal_der};
use crate::seal::verify::{CheckName, Outcome, Report, Verdict};

fn tlv(tag: Tag, parts: &[&[u8]]) -> Vec<u8> {
    AnyRef::new(tag, &parts.concat()).unwrap().to_der().unwrap()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(Tag::Sequence, parts)
}

fn text(text: &str) -> Vec<u8> {
    tlv(Tag::Ia5String, &[text.as_bytes()])
}

fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(Tag::OctetString, &[bytes])
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(Tag::BitString, &[&[0], bytes])
}

fn number(number: u8) -> Vec<u8> {
    number.to_der().unwrap()
}

fn algorithm() -> Vec<u8> {
    SM2_WITH_SM3.to_der().unwrap()
}

fn explicit(value: &[u8]) -> Vec<u8> {
    tlv(Tag::ContextSpecific { constructed: true, number: TagNumber(0) }, &[value])
}

/// SES_SealInfo; `signers` are the fields of property that say who may use the seal.
fn seal_info(version: u8, signers: &[u8], time: Tag, times: [&str; 3], extensions: &[u8]) -> Vec<u8> {
    let header = sequence(&[&text("ES"), &number(version), &text("vendor")]);
    let times = times.map(|one| tlv(time, &[one.as_bytes()])).concat();
    let name = tlv(Tag::Utf8String, &["章".as_bytes()]);
    let property = sequence(&[&number(3), &name, signers, &times]);
    let picture = sequence(&[&text("ofd"), &octets(b"picture"), &number(42), &number(42)]);
    sequence(&[&header, &text("id"), &property, &picture, extensions])
}

/// A package whose description names no Seal.esl and whose signed value is made from the digest of the description.
fn with_signed_value(make: impl FnOnce(&[u8; 32]) -> Vec<u8>) -> Report {
    let ours = pressed(&seal_der(), &WORLD.insurer, noon());
    let mut package = Package::default();
    ours.files().filter(|(path, _)| *path != SEAL).for_each(|(path, bytes)| package.put(path, bytes));
    let xml = String::from_utf8(ours.file(SIGNATURE).unwrap().to_vec()).unwrap();
    let cut = |xml: &str, from: &str, to: &str| {
        let start = xml.find(from).unwrap();
        let end = start + xml[start..].find(to).unwrap() + to.len();
        format!("{}{}", &xml[..start], &xml[end..])
    };
    let xml = cut(&xml, "<ofd:Reference FileRef=\"/Doc_0/Signs/Sign_0/Seal.esl", "</ofd:Reference>");
    let xml = cut(&xml, "<ofd:Seal>", "</ofd:Seal>");
    package.put(SIGNED_VALUE, make(&sm3::digest(xml.as_bytes())));
    package.put(SIGNATURE, xml);
    report(&package.to_zip().unwrap())
}

#[test]
fn a_signature_after_gm_t_0031_2014_is_verified_by_its_own_rules() {
    let signers = sequence(&[&octets(WORLD.insurer.certificate.der())]);
    let times = ["260201000000Z", "260201000000Z", "270601000000Z"];
    let info = seal_info(1, &signers, Tag::UtcTime, times, &[]);
    let maker = octets(WORLD.maker.certificate.der());
    let by_maker = WORLD.maker.key.sign(&sequence(&[&info, &maker, &algorithm()])).to_der();
    let seal = sequence(&[&info, &sequence(&[&maker, &algorithm(), &bits(&by_maker)])]);

    let report = with_signed_value(|hash| {
        let signer = octets(WORLD.insurer.certificate.der());
        let (at, path) = (bits(b"20261122040506Z"), text(&format!("/{SIGNATURE}")));
        let to_sign = sequence(&[&number(1), &seal, &at, &bits(hash), &path, &signer, &algorithm()]);
        let signature = WORLD.insurer.key.sign(&to_sign).to_der();
        sequence(&[&to_sign, &bits(&signature)])
    });
    assert_eq!(report.failures(), [], "{report}");
    assert_eq!(report.signatures[0].edition, Some(Edition::V1));
    assert_eq!(report.signatures[0].sealed_at, Some(noon()));
}

/// A signature of edition 4 or 5 that lists digests of certificates and has extensions and a time stamp.
fn with_every_option(version: u8, signer_digest: &[u8]) -> Report {
    let extension = sequence(&[&algorithm(), &[1, 1, 0], &octets(b"value")]);
    let digest = sequence(&[&tlv(Tag::PrintableString, &[b"SM3"]), &octets(signer_digest)]);
    let signers = [number(2), sequence(&[&digest])].concat();
    let times = ["20260201000000Z", "20260201000000Z", "20270601000000Z"];
    let info = seal_info(version, &signers, Tag::GeneralizedTime, times, &sequence(&[&extension]));
    let by_maker = WORLD.maker.key.sign(&info).to_der();
    let seal = sequence(&[&info, &octets(WORLD.maker.certificate.der()), &algorithm(), &bits(&by_maker)]);
    with_signed_value(|hash| {
        let (at, path) = (tlv(Tag::GeneralizedTime, &[b"20261122040506Z"]), text(&format!("/{SIGNATURE}")));
        let extensions = explicit(&sequence(&[&extension]));
        let to_sign = sequence(&[&number(version), &seal, &at, &bits(hash), &path, &extensions]);
        let signature = WORLD.insurer.key.sign(&to_sign).to_der();
        let signer = octets(WORLD.insurer.certificate.der());
        sequence(&[&to_sign, &signer, &algorithm(), &bits(&signature), &explicit(&bits(b"token"))])
    })
}

#[test]
fn digests_of_signers_extensions_and_time_stamps_are_read() {
    for (version, edition) in [(4, Edition::V4), (5, Edition::V5)] {
        let report = with_every_option(version, &sm3::digest(WORLD.insurer.certificate.der()));
        assert_eq!(report.verdict, Verdict::Valid, "{report}");
        assert_eq!(report.signatures[0].edition, Some(edition));
        assert_eq!(outcome(&report, CheckName::TimeStamp), Outcome::Warning);
    }
    let report = with_every_option(4, &sm3::digest(WORLD.colleague.certificate.der()));
    assert_eq!(report.failures(), [CheckName::SignerInSeal]);
}

#[test]
fn an_edition_of_the_future_is_refused_by_its_number() {
    let report = with_every_option(6, &[0; 32]);
    assert_eq!(report.failures(), [CheckName::SignedValue]);
    let check = report.all_checks().find(|check| check.name == CheckName::SignedValue).unwrap();
    assert!(check.detail.contains("expected 4 or 5, found 6"), "{}", check.detail);
}

//! Forgeries, and the check that finds each of them.

mod foreign;
mod wrapping;

use jiff::Timestamp;

use super::{CheckName, Outcome, Report, SecondOpinion, Trust, Verdict, verify};
use crate::crypto::sm3;
use crate::document::ofd::package::{Limits, Package};
use crate::seal::ofd::press;
use crate::seal::ses::{Edition, SesSeal, SesSignature, encode};
use crate::seal::testing::{Party, WORLD, description, noon, package, seal_der, sealed, stamps, time};
use crate::seal::{ElectronicSeal, SealDescription};

const SIGNATURES: &str = "Doc_0/Signs/Signatures.xml";
const SIGNATURE: &str = "Doc_0/Signs/Sign_0/Signature.xml";
const SEAL: &str = "Doc_0/Signs/Sign_0/Seal.esl";
const SIGNED_VALUE: &str = "Doc_0/Signs/Sign_0/SignedValue.dat";

fn trust() -> Trust {
    Trust { anchors: vec![WORLD.root.clone()] }
}

fn report(bytes: &[u8]) -> Report {
    verify(bytes, &trust(), noon())
}

fn unzip(bytes: &[u8]) -> Package {
    Package::from_zip(bytes, &Limits::default()).unwrap()
}

/// Unzips a good file, alters it, and zips it again.
fn tampered(alter: impl FnOnce(&mut Package)) -> Report {
    let mut package = unzip(&sealed());
    alter(&mut package);
    report(&package.to_zip().unwrap())
}

fn edit(package: &mut Package, path: &str, from: &str, to: &str) {
    let text = String::from_utf8(package.file(path).unwrap().to_vec()).unwrap();
    assert!(text.contains(from), "{path}: {text}");
    package.put(path, text.replacen(from, to, 1));
}

/// Seals without the checks that a [`Sealer`](crate::seal::Sealer) makes.
fn pressed(seal: &[u8], signer: &Party, at: Timestamp) -> Package {
    let mut package = package();
    press(&mut package, seal, &signer.signer(), &stamps(), at).unwrap();
    package
}

fn detail(report: &Report, name: CheckName) -> String {
    report.all_checks().find(|check| check.name == name).unwrap().detail.clone()
}

fn outcome(report: &Report, name: CheckName) -> Outcome {
    report.all_checks().find(|check| check.name == name).unwrap().outcome
}

#[test]
fn an_untouched_file_is_valid_and_its_signer_is_named() {
    let report = report(&sealed());
    assert_eq!(report.failures(), []);
    assert_eq!(report.verdict, Verdict::Valid, "{report}");
    assert!(report.all_checks().all(|check| check.outcome == Outcome::Passed), "{report}");
    let signature = &report.signatures[0];
    let certificate = &WORLD.insurer.certificate;
    assert_eq!(signature.serial, Some(certificate.serial_hex()));
    assert_eq!(signature.subject, Some(certificate.subject().to_string()));
    assert_eq!(signature.sealed_at, Some(noon()));
    assert_eq!(signature.declared_time.as_deref(), Some("20261122040506Z"));
    assert_eq!(signature.second_opinion, Some(SecondOpinion::Accepted));
    assert_eq!(report.covers_whole_file(), Some(true));
    let seal = signature.seal.as_ref().unwrap();
    assert_eq!(seal.name, "海南示范保险股份有限公司保函专用章");
    assert_eq!((seal.id.as_str(), seal.edition), ("46010020260001", Edition::V4));
    assert_eq!(seal.valid_until, Some(time("2027-06-01T00:00:00Z")));
    assert_eq!(seal.sealer_subject, Some(WORLD.maker.certificate.subject().to_string()));
}

#[test]
fn the_report_reads_in_chinese_and_as_json() {
    let report = report(&sealed());
    let text = report.to_string();
    for part in ["验证结论: 有效", "签章时间: 2026-11-22 12:05:06 (北京时间)", "[通过] 文件摘要 (references)"]
    {
        assert!(text.contains(part), "{text}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "valid");
    assert_eq!(json["signatures"][0]["sealed_at"], "2026-11-22T04:05:06Z");
    assert_eq!(json["checks"][0]["name"], "archive");
    assert_eq!(json["checks"][0]["outcome"], "passed");
}

#[test]
fn changed_pages_attachments_and_descriptions_are_found_by_their_digests() {
    for (path, from, to) in [
        ("Doc_0/Pages/Page_1/Content.xml", "100,000.00", "900,000.00"),
        ("Doc_0/Attachs/guarantee.xml", "100000.00", "900000.00"),
        ("OFD.xml", "0123456789abcdef", "f123456789abcdef"),
        ("Doc_0/Document.xml", "210 297", "210 298"),
    ] {
        let report = tampered(|package| edit(package, path, from, to));
        assert_eq!(report.failures(), [CheckName::References], "{report}");
        assert_eq!(detail(&report, CheckName::References), format!("`{path}` was changed"));
    }
}

#[test]
fn a_removed_file_is_found() {
    let mut without = Package::default();
    for (path, bytes) in unzip(&sealed()).files().filter(|(path, _)| *path != "Doc_0/Attachs/guarantee.xml") {
        without.put(path, bytes);
    }
    let report = report(&without.to_zip().unwrap());
    assert_eq!(report.failures(), [CheckName::Structure, CheckName::References]);
}

#[test]
fn a_changed_seal_file_is_found_by_its_digest_and_against_the_signature() {
    let other = ElectronicSeal::make(&WORLD.maker, &description(&WORLD.stranger.certificate)).unwrap();
    let report = tampered(|package| package.put(SEAL, other));
    assert_eq!(report.failures(), [CheckName::References, CheckName::SealFile]);
}

#[test]
fn a_changed_description_of_the_signature_is_found() {
    let report = tampered(|package| edit(package, SIGNATURE, "130 220 42 42", "30 20 42 42"));
    assert_eq!(report.failures(), [CheckName::DataHash]);
    // A forger who changes a page and corrects the digest changes the description.
    let report = tampered(|package| {
        use base64::Engine;
        let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(sm3::digest(bytes));
        let path = "Doc_0/Pages/Page_1/Content.xml";
        let before = encode(package.file(path).unwrap());
        edit(package, path, "100,000.00", "900,000.00");
        let after = encode(package.file(path).unwrap());
        edit(package, SIGNATURE, &before, &after);
    });
    assert_eq!(report.failures(), [CheckName::DataHash]);
}

#[test]
fn a_flipped_bit_in_the_signature_value_is_found() {
    let report = tampered(|package| {
        let mut value = package.file(SIGNED_VALUE).unwrap().to_vec();
        *value.last_mut().unwrap() ^= 1;
        package.put(SIGNED_VALUE, value);
    });
    assert_eq!(report.failures(), [CheckName::SignerSignature]);
    assert_eq!(report.signatures[0].second_opinion, Some(SecondOpinion::Refused));
}

#[test]
fn a_signature_value_moved_from_another_document_is_found() {
    let mut other = package();
    other.put("Doc_0/Pages/Page_0/Content.xml", "<ofd:Page xmlns:ofd=\"http://www.ofdspec.org/2016\"/>");
    press(&mut other, &seal_der(), &WORLD.insurer.signer(), &stamps(), noon()).unwrap();
    let report = tampered(|package| package.put(SIGNED_VALUE, other.file(SIGNED_VALUE).unwrap()));
    assert_eq!(report.failures(), [CheckName::DataHash]);
}

#[test]
fn a_signature_for_another_path_is_found() {
    let mut package = pressed(&seal_der(), &WORLD.insurer, noon());
    let hash = sm3::digest(package.file(SIGNATURE).unwrap());
    let to_sign = encode::to_sign(&seal_der(), noon(), &hash, "/Doc_0/Signs/Sign_1/Signature.xml").unwrap();
    let signature = WORLD.insurer.key.sign(&to_sign).to_der();
    package
        .put(SIGNED_VALUE, encode::signature(&to_sign, WORLD.insurer.certificate.der(), &signature).unwrap());
    assert_eq!(report(&package.to_zip().unwrap()).failures(), [CheckName::PropertyInfo]);
}

#[test]
fn a_signer_whom_the_seal_does_not_name_is_found() {
    let report = report(&pressed(&seal_der(), &WORLD.colleague, noon()).to_zip().unwrap());
    assert_eq!(report.failures(), [CheckName::SignerInSeal]);
}

#[test]
fn an_expired_signer_an_expired_seal_and_a_future_time_are_found() {
    let seal = seal_der();
    // The certificates end with 2026, the seal ends in June 2027.
    let at = time("2027-03-01T00:00:00Z");
    let file = pressed(&seal, &WORLD.insurer, at).to_zip().unwrap();
    assert_eq!(verify(&file, &trust(), at).failures(), [CheckName::SignerValidity, CheckName::SignerTrust]);
    assert!(report(&file).failures().contains(&CheckName::SigningTime));

    let short = SealDescription {
        valid_until: time("2026-03-01T00:00:00Z"),
        ..description(&WORLD.insurer.certificate)
    };
    let seal = ElectronicSeal::make(&WORLD.maker, &short).unwrap();
    let report = report(&pressed(&seal, &WORLD.insurer, noon()).to_zip().unwrap());
    assert_eq!(report.failures(), [CheckName::SealValidity]);
}

#[test]
fn a_file_outside_the_references_is_found() {
    let report = tampered(|package| package.put("Doc_0/Pages/Page_2/Content.xml", "<page/>"));
    assert_eq!(report.failures(), [CheckName::Coverage]);
    assert_eq!(detail(&report, CheckName::Coverage), "not covered: `Doc_0/Pages/Page_2/Content.xml`");
    assert_eq!(report.covers_whole_file(), Some(false));
}

#[test]
fn a_page_left_out_of_the_references_by_the_signer_is_found() {
    let report = resigned(|xml| {
        let start = xml.find("<ofd:Reference FileRef=\"/Doc_0/Pages/Page_1").unwrap();
        let end = start + xml[start..].find("</ofd:Reference>").unwrap() + "</ofd:Reference>".len();
        format!("{}{}", &xml[..start], &xml[end..])
    });
    assert_eq!(report.failures(), [CheckName::Coverage]);
}

#[test]
fn an_uncovered_ofd_xml_is_reported() {
    let report = resigned(|xml| {
        let start = xml.find("<ofd:Reference FileRef=\"/OFD.xml").unwrap();
        let end = start + xml[start..].find("</ofd:Reference>").unwrap() + "</ofd:Reference>".len();
        format!("{}{}", &xml[..start], &xml[end..])
    });
    assert_eq!(report.failures(), []);
    assert_eq!(outcome(&report, CheckName::Coverage), Outcome::Warning);
}

#[test]
fn references_that_lead_elsewhere_or_stand_twice_are_refused() {
    let report = resigned(|xml| xml.replace("FileRef=\"/OFD.xml\"", "FileRef=\"/Doc_0/../OFD.xml\""));
    assert!(report.failures().contains(&CheckName::References));
    let report = resigned(|xml| {
        let start = xml.find("<ofd:Reference ").unwrap();
        let end = xml.find("</ofd:Reference>").unwrap() + "</ofd:Reference>".len();
        xml.replacen(&xml[start..end], &xml[start..end].repeat(2), 1)
    });
    assert_eq!(report.failures(), [CheckName::References]);
    let report = resigned(|xml| xml.replace("1.2.156.10197.1.401", "1.2.840.113549.2.5"));
    assert!(report.failures().contains(&CheckName::References), "MD5");
}

#[test]
fn the_names_of_sm3_that_occur_are_understood() {
    for name in ["SM3", "1.2.156.10197.1.401.1", "1.2.156.10197.1.401.2"] {
        let report = resigned(|xml| xml.replace("1.2.156.10197.1.401", name));
        assert_eq!(report.failures(), [], "{name}");
    }
}

/// A file whose Signature.xml the rightful signer wrote differently.
fn resigned(rewrite: impl FnOnce(&str) -> String) -> Report {
    let mut package = unzip(&sealed());
    let xml = rewrite(std::str::from_utf8(package.file(SIGNATURE).unwrap()).unwrap());
    let seal = package.file(SEAL).unwrap().to_vec();
    let to_sign =
        encode::to_sign(&seal, noon(), &sm3::digest(xml.as_bytes()), &format!("/{SIGNATURE}")).unwrap();
    let signature = WORLD.insurer.key.sign(&to_sign).to_der();
    package.put(SIGNATURE, xml);
    package
        .put(SIGNED_VALUE, encode::signature(&to_sign, WORLD.insurer.certificate.der(), &signature).unwrap());
    report(&package.to_zip().unwrap())
}

#[test]
fn a_seal_signed_over_the_v1_scope_is_named_as_such() {
    let whole = seal_der();
    let seal = SesSeal::from_der(&whole).unwrap();
    let signature = WORLD.maker.key.sign(&seal.v1_scope).to_der();
    let wrong = encode::seal(seal.info, WORLD.maker.certificate.der(), &signature).unwrap();
    let report = report(&pressed(&wrong, &WORLD.insurer, noon()).to_zip().unwrap());
    assert_eq!(report.failures(), [CheckName::SealSignature]);
    assert!(detail(&report, CheckName::SealSignature).contains("V1 scope"));
}

#[test]
fn a_seal_by_somebody_without_certificate_of_the_anchor_is_untrusted() {
    let seal = ElectronicSeal::make(&WORLD.stranger, &description(&WORLD.stranger.certificate)).unwrap();
    let file = pressed(&seal, &WORLD.stranger, noon()).to_zip().unwrap();
    assert_eq!(report(&file).failures(), [CheckName::SignerTrust, CheckName::SealerTrust]);
    let report = verify(&file, &Trust::default(), noon());
    assert_eq!((report.verdict, report.is_valid()), (Verdict::Untrusted, true));
}

#[test]
fn a_file_without_signatures_is_unsigned() {
    let mut unsigned = package();
    edit(&mut unsigned, "OFD.xml", "<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>", "");
    let report = report(&unsigned.to_zip().unwrap());
    assert_eq!((report.verdict, report.is_valid()), (Verdict::Unsigned, false));
    assert_eq!(report.failures(), [CheckName::Signatures]);
}

#[test]
fn a_seal_that_is_no_longer_named_does_not_pass() {
    let report = tampered(|package| {
        edit(package, "OFD.xml", "<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>", "");
    });
    assert_eq!(report.verdict, Verdict::Unsigned);
    let report = tampered(|package| {
        edit(package, SIGNATURES, "<ofd:Signature ", "<ofd:Nothing ");
    });
    assert_eq!(report.verdict, Verdict::Unsigned);
}

#[test]
fn an_injected_document_does_not_hide_behind_the_seal_of_the_first() {
    let report = tampered(|package| {
        let body = "</ofd:DocBody><ofd:DocBody><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody>";
        edit(package, "OFD.xml", "</ofd:DocBody>", body);
        let document = "<ofd:Document xmlns:ofd=\"http://www.ofdspec.org/2016\"><ofd:Pages><ofd:Page ID=\"1\" \
                        BaseLoc=\"Content.xml\"/></ofd:Pages></ofd:Document>";
        package.put("Doc_1/Document.xml", document);
        package.put("Doc_1/Content.xml", "<page/>");
    });
    assert_eq!(report.failures(), [CheckName::Signatures, CheckName::Coverage, CheckName::References]);
}

#[test]
fn a_doctype_is_refused_wherever_it_stands() {
    let report = tampered(|package| {
        edit(package, "Doc_0/Attachs/guarantee.xml", "<guarantee>", "<!DOCTYPE guarantee><guarantee>");
    });
    assert!(report.failures().contains(&CheckName::Doctype));
    let report = tampered(|package| edit(package, "OFD.xml", "<ofd:OFD ", "<!DOCTYPE x><ofd:OFD "));
    assert_eq!(report.failures()[..2], [CheckName::Doctype, CheckName::Structure]);
}

#[test]
fn zip_tricks_are_refused() {
    let mut duplicate = unzip(&sealed());
    duplicate.put("OFX.xml", "<ofd/>");
    let mut duplicate = duplicate.to_zip().unwrap();
    while let Some(at) = duplicate.windows(7).position(|window| window == b"OFX.xml") {
        duplicate[at..at + 7].copy_from_slice(b"OFD.xml");
    }
    let mut climbing = unzip(&sealed());
    climbing.put("../OFD.xml", "<ofd/>");
    let mut bomb = unzip(&sealed());
    bomb.put("Doc_0/Res/zeros.bin", vec![0; 4 << 20]);
    for bytes in [duplicate, climbing.to_zip().unwrap(), bomb.to_zip().unwrap()] {
        let report = report(&bytes);
        assert_eq!((report.verdict, report.failures()), (Verdict::Invalid, vec![CheckName::Archive]));
    }
}

#[test]
fn truncated_and_random_bytes_are_invalid_and_do_no_harm() {
    let file = sealed();
    for length in (0..file.len()).step_by(37) {
        assert_eq!(report(&file[..length]).failures(), [CheckName::Archive]);
    }
    // A small linear congruential generator: the same "random" bytes on every run.
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    for length in [1, 22, 23, 1_000, 100_000] {
        let random: Vec<u8> = (0..length).map(|_| next()).collect();
        assert_eq!(report(&random).verdict, Verdict::Invalid);
    }
    let package = unzip(&file);
    let value = package.file(SIGNED_VALUE).unwrap();
    for at in 0..value.len() {
        let mut damaged = value.to_vec();
        damaged[at] = next();
        drop(SesSignature::from_der(&damaged));
        drop(SesSignature::from_der(&value[..at]));
    }
}

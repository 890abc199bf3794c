//! Signed PDF: what we sign is verified by us and by others, and what was tampered with is found.

mod hostile;
mod letters;
mod material;
mod oracles;
mod tampering;

use super::*;
use crate::seal::testing::{WORLD, noon};
use crate::seal::verify::{CheckName, Outcome, Report, Trust, Verdict};
use material::*;

fn report(pdf: &[u8]) -> Report {
    verify(pdf, &trust(), noon())
}

#[test]
fn every_container_is_verified_with_every_key_that_goes_with_it() {
    for base in BASES {
        for (container, signer, kind, algorithm) in combinations() {
            let profile = PdfSignatureProfile { container, ..PdfSignatureProfile::default() };
            let signed = signed_with(base(), &signer, &profile);
            assert!(signed.starts_with(&base()), "the file is extended, not rewritten");
            let report = report(&signed);
            assert_eq!((report.verdict, report.failures()), (Verdict::Valid, vec![]), "{report}");
            assert!(report.is_signed_only_by(&[signer.certificate().clone()]));
            let [signature] = report.signatures.as_slice() else { panic!("{report}") };
            assert_eq!(signature.container, Some(kind));
            assert_eq!(signature.algorithm.as_deref(), Some(algorithm));
            assert_eq!(signature.path, "Signature1");
            assert_eq!(signature.sealed_at, Some(noon()));
            let certificate = signer.certificate();
            assert_eq!(signature.serial, Some(certificate.serial_hex()));
            assert_eq!(signature.subject, Some(certificate.subject()));
            assert_eq!(signature.issuer, Some(certificate.issuer()));
            assert_eq!(signature.not_before, Some(certificate.not_before()));
            assert_eq!(signature.not_after, Some(certificate.not_after()));
            assert_eq!(signature.seal.is_some(), container == Container::Ses);
        }
    }
}

#[test]
fn pades_and_the_other_name_of_sm2_are_verified_too() {
    for (signer, profile) in [
        (rsa(), "sub_filter = \"ETSI.CAdES.detached\""),
        (sm2(), "sub_filter = \"ETSI.CAdES.detached\""),
        (sm2(), "container = \"gm-signed-data\"\nsm2_identifier = \"sm2-signature\""),
    ] {
        let report = report(&signed_with(with_table(), &signer, &toml::from_str(profile).unwrap()));
        assert_eq!(
            (report.verdict, report.signatures[0].sealed_at),
            (Verdict::Valid, Some(noon())),
            "{report}"
        );
    }
}

#[test]
fn signatures_of_all_kinds_are_stacked_and_none_breaks_another() {
    for base in BASES {
        let mut pdf = base();
        let all = combinations();
        for (container, signer, ..) in &all {
            let profile = PdfSignatureProfile { container: *container, ..PdfSignatureProfile::default() };
            pdf = signed_with(pdf, signer, &profile);
        }
        let report = report(&pdf);
        assert_eq!((report.verdict, report.signatures.len()), (Verdict::Valid, all.len()), "{report}");
        let names: Vec<_> = report.signatures.iter().map(|signature| signature.path.as_str()).collect();
        assert_eq!(names, ["Signature1", "Signature2", "Signature3", "Signature4", "Signature5"]);
    }
}

#[test]
fn ours_theirs_tampered_and_unsigned_are_told_apart() {
    let (ours, theirs) = (rsa(), other_rsa());
    let signed = signed_with(with_table(), &ours, &PdfSignatureProfile::default());
    let foreign = signed_with(with_table(), &theirs, &PdfSignatureProfile::default());
    // Without anchors, integrity is all that is asked.
    let look = |pdf: &[u8]| {
        let report = verify(pdf, &Trust::default(), noon());
        (report.verdict, report.is_signed_only_by(&[ours.certificate().clone()]))
    };
    assert_eq!(look(&signed), (Verdict::Untrusted, true));
    assert_eq!(look(&foreign), (Verdict::Untrusted, false));
    assert_eq!(look(&edited(&signed, b"100,000.00", b"900,000.00")), (Verdict::Invalid, false));
    assert_eq!(look(&with_table()), (Verdict::Unsigned, false));
    // A stranger may have covered our amount with the picture of his seal.
    let over = signed_with(signed.clone(), &theirs, &PdfSignatureProfile::default());
    assert_eq!(look(&over), (Verdict::Untrusted, false));
    // With ours as the anchor, theirs fails by its certificate alone.
    let trust = Trust { anchors: vec![ours.certificate().clone()] };
    assert_eq!(verify(&signed, &trust, noon()).verdict, Verdict::Valid);
    assert_eq!(verify(&foreign, &trust, noon()).failures(), [CheckName::SignerTrust]);
}

#[test]
fn the_seal_stands_with_its_centre_in_its_place_and_is_printed() {
    let signed = signed_with(with_table(), &rsa(), &PdfSignatureProfile::default());
    let document = lopdf::Document::load_mem(&signed).unwrap();
    let page = document.page_iter().nth(1).unwrap();
    let annotations = document.get_page_annotations(page).unwrap();
    let described: Vec<_> = annotations
        .iter()
        .map(|annotation| {
            let sides = annotation.get(b"Rect").unwrap().as_array().unwrap();
            let sides: Vec<_> = sides.iter().map(|side| format!("{:.1}", side.as_float().unwrap())).collect();
            let kind = String::from_utf8_lossy(annotation.get(b"Subtype").unwrap().as_name().unwrap());
            (kind.into_owned(), sides.join(" "), annotation.get(b"F").unwrap().as_i64().unwrap() & 4)
        })
        .collect();
    // 150 and 220 mm, and 60 and 60 mm, from the top left of a page of 841.89 pt; the seal is 42 mm wide.
    let expected = |kind: &str, sides: &str| (kind.to_owned(), sides.to_owned(), 4);
    assert_eq!(
        described,
        [expected("Widget", "365.7 158.7 484.7 277.8"), expected("Stamp", "110.6 612.3 229.6 731.3")]
    );
    let form = document.catalog().unwrap().get_deref(b"AcroForm", &document).unwrap().as_dict().unwrap();
    assert_eq!(form.get(b"SigFlags").unwrap().as_i64().unwrap(), 3);
}

#[test]
fn a_key_and_a_container_that_do_not_go_together_are_refused() {
    for container in [Container::GmSignedData, Container::Ses] {
        let profile = PdfSignatureProfile { container, ..PdfSignatureProfile::default() };
        let complaint = sign(with_table(), &rsa(), &picture(), &places(), &profile, noon()).unwrap_err();
        assert!(complaint.to_string().contains("expected an SM2 key and its seal"), "{complaint}");
    }
}

#[test]
fn what_cannot_be_signed_is_refused_with_the_reason() {
    let profile = PdfSignatureProfile::default();
    let try_sign =
        |pdf: Vec<u8>, places: &[crate::document::SealPlace], profile: &PdfSignatureProfile, at| {
            format!("{:#}", sign(pdf, &rsa(), &picture(), places, profile, at).unwrap_err())
        };
    let complaint = try_sign(with_table(), &[place(9)], &profile, noon());
    assert!(complaint.contains("page 10 of 2"), "{complaint}");
    let complaint = try_sign(with_table(), &[], &profile, noon());
    assert!(complaint.contains("at least one place"), "{complaint}");
    let complaint = try_sign(b"%PDF-1.7\nnothing".to_vec(), &places(), &profile, noon());
    assert!(complaint.contains("the PDF to sign"), "{complaint}");
    let complaint = try_sign(b"PK".to_vec(), &places(), &profile, noon());
    assert!(complaint.contains("expected `%PDF-`"), "{complaint}");
    let complaint = try_sign(with_table(), &places(), &profile, "2031-01-01T00:00:00Z".parse().unwrap());
    assert!(complaint.contains("valid from"), "{complaint}");
    let narrow = PdfSignatureProfile { slot_bytes: Some(100), ..PdfSignatureProfile::default() };
    let complaint = try_sign(with_table(), &places(), &narrow, noon());
    assert!(complaint.contains("`slot_bytes` leaves room for 100"), "{complaint}");
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let key = crate::crypto::international::PrivateKey::generate_p256().unwrap();
    let complaint = InternationalSigner::new(key, vec![rsa().certificate().clone()]).err().unwrap();
    assert!(complaint.to_string().contains("belongs to another key"), "{complaint}");
}

#[test]
fn a_signature_outside_the_certificates_validity_or_in_the_future_is_found() {
    let profile = PdfSignatureProfile::default();
    let signed = signed_with(with_table(), &rsa(), &profile);
    let earlier = verify(&signed, &trust(), "2026-11-01T00:00:00Z".parse().unwrap());
    assert_eq!(earlier.failures(), [CheckName::SigningTime]);
    let expired = short_lived_rsa();
    let signed = forged_at(&expired, "2026-03-01T00:00:00Z".parse().unwrap());
    let report = verify(&signed, &Trust { anchors: vec![expired.certificate().clone()] }, noon());
    assert_eq!(report.failures(), [CheckName::SignerValidity, CheckName::SignerTrust]);
}

#[test]
fn the_seal_in_a_pdf_is_judged_like_one_in_ofd() {
    let profile = PdfSignatureProfile { container: Container::Ses, ..PdfSignatureProfile::default() };
    let signed = signed_with(with_table(), &sm2(), &profile);
    let report = verify(&signed, &Trust::default(), noon());
    assert_eq!(report.verdict, Verdict::Untrusted);
    let seal = report.signatures[0].seal.as_ref().unwrap();
    assert_eq!(seal.id, "46010020260001");
    let passed =
        |name| report.all_checks().any(|check| check.name == name && check.outcome == Outcome::Passed);
    for name in
        [CheckName::SignerInSeal, CheckName::SealSignature, CheckName::SealValidity, CheckName::DataHash]
    {
        assert!(passed(name), "{name}: {report}");
    }
    let report = verify(&signed, &Trust { anchors: vec![WORLD.stranger.certificate.clone()] }, noon());
    assert_eq!(report.failures(), [CheckName::SignerTrust, CheckName::SealerTrust]);
}

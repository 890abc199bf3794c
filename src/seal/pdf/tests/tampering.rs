//! What happens to a signed file afterwards.

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::*;
use crate::seal::pdf::update::Update;

fn signed() -> Vec<u8> {
    signed_with(with_table(), &rsa(), &PdfSignatureProfile::default())
}

/// An incremental update by somebody: these objects are new or different.
fn updated(pdf: &[u8], objects: &[(ObjectId, Object)]) -> Vec<u8> {
    let mut update = Update::new(pdf.to_vec(), Document::load_mem(pdf).unwrap()).unwrap();
    for (id, object) in objects {
        update.put(*id, object).unwrap();
    }
    update.finish(&[7; 16]).unwrap()
}

fn detail(report: &Report, name: CheckName) -> String {
    let found = report.all_checks().find(|check| check.name == name);
    found.map(|check| check.detail.clone()).unwrap_or_default()
}

fn object(pdf: &[u8], id: ObjectId) -> Object {
    Document::load_mem(pdf).unwrap().get_object(id).unwrap().clone()
}

fn dictionary(entries: &[(&str, Object)]) -> Object {
    let mut dictionary = Dictionary::new();
    for (key, value) in entries {
        dictionary.set(*key, value.clone());
    }
    Object::Dictionary(dictionary)
}

#[test]
fn no_changed_byte_of_the_document_goes_unnoticed() {
    let signed = signed();
    let contents = signed.windows(11).position(|window| window == b"/Contents <").unwrap() + 10;
    let end = contents + signed[contents..].iter().position(|byte| *byte == b'>').unwrap();
    let covered = (0..contents).chain(end + 1..signed.len());
    for at in covered.step_by(23) {
        let mut changed = signed.clone();
        changed[at] ^= 1;
        let report = report(&changed);
        assert!(!report.is_valid(), "byte {at}: {report}");
    }
}

#[test]
fn a_changed_amount_is_found_by_the_digest_in_every_container() {
    for (container, signer, ..) in combinations() {
        let profile = PdfSignatureProfile { container, ..PdfSignatureProfile::default() };
        let signed = signed_with(with_table(), &signer, &profile);
        let report = report(&edited(&signed, b"100,000.00", b"900,000.00"));
        // In each of them the digest is what is signed, so that the signature itself still holds.
        assert_eq!(report.failures(), [CheckName::DataHash], "{report}");
    }
}

#[test]
fn a_signature_of_another_document_is_found() {
    for (container, signer, ..) in combinations() {
        let profile = PdfSignatureProfile { container, ..PdfSignatureProfile::default() };
        let signed = signed_with(with_table(), &signer, &profile);
        let other = edited(&with_table(), b"100,000.00", b"900,000.00");
        let mut other = signed_with(other, &signer, &profile);
        let start = signed.windows(11).position(|window| window == b"/Contents <").unwrap() + 11;
        let length = signed[start..].iter().position(|byte| *byte == b'>').unwrap();
        other[start..start + length].copy_from_slice(&signed[start..start + length]);
        assert_eq!(report(&other).failures(), [CheckName::DataHash], "{container}");
    }
}

#[test]
fn a_page_that_was_written_over_is_reported() {
    for base in BASES {
        let signed = signed_with(base(), &rsa(), &PdfSignatureProfile::default());
        let Object::Stream(mut page) = object(&signed, (7, 0)) else { panic!("no stream") };
        let content = String::from_utf8(page.get_plain_content().unwrap()).unwrap();
        page.set_plain_content(content.replace("100,000.00", "900,000.00").into_bytes());
        let later = updated(&signed, &[((7, 0), Object::Stream(page))]);
        let report = report(&later);
        assert_eq!(report.failures(), [CheckName::Coverage], "{report}");
        assert_eq!(detail(&report, CheckName::Coverage), "changed after signing: object 7 was changed");
        // A stranger's signature over the change does not heal the first.
        let covered = signed_with(later, &ecdsa(), &PdfSignatureProfile::default());
        let report = self::report(&covered);
        assert_eq!((report.verdict, report.failures()), (Verdict::Invalid, vec![CheckName::Coverage]));
    }
}

#[test]
fn an_object_that_was_nothing_when_it_was_signed_is_reported() {
    let later = updated(&signed(), &[((90, 0), object(&with_table(), (7, 0)))]);
    let report = report(&later);
    assert_eq!(detail(&report, CheckName::Coverage), "changed after signing: object 90 was filled in");
}

#[test]
fn annotations_and_fields_that_sign_nothing_are_reported() {
    let signed = signed();
    let note = dictionary(&[("Type", "Annot".into()), ("Subtype", "FreeText".into())]);
    let Object::Array(mut annotations) = object(&signed, (8, 0)) else { panic!("no list") };
    annotations.push(Object::Reference((91, 0)));
    let later = updated(&signed, &[((91, 0), note.clone()), ((8, 0), annotations.into())]);
    assert_eq!(detail(&report(&later), CheckName::Coverage), "changed after signing: object 8 was changed");

    let Object::Dictionary(mut page) = object(&signed, (4, 0)) else { panic!("no page") };
    page.set("Annots", vec![Object::Reference((91, 0))]);
    let later = updated(&signed, &[((91, 0), note), ((4, 0), page.into())]);
    assert_eq!(detail(&report(&later), CheckName::Coverage), "changed after signing: object 4 was changed");

    let Object::Dictionary(mut catalog) = object(&signed, (1, 0)) else { panic!("no catalogue") };
    catalog.set("OpenAction", dictionary(&[("S", "JavaScript".into())]));
    let later = updated(&signed, &[((1, 0), catalog.into())]);
    assert_eq!(detail(&report(&later), CheckName::Coverage), "changed after signing: object 1 was changed");
}

#[test]
fn bytes_behind_the_end_are_reported() {
    for behind in [b"\n".as_slice(), b"%", b"<script>"] {
        let report = report(&[&signed(), behind].concat());
        assert_eq!(report.failures(), [CheckName::Coverage], "{report}");
        assert_eq!(detail(&report, CheckName::Coverage), "no signature covers the end of the file");
    }
}

#[test]
fn a_signature_that_is_no_longer_named_does_not_pass() {
    let signed = signed();
    let Object::Dictionary(mut catalog) = object(&signed, (1, 0)) else { panic!("no catalogue") };
    catalog.remove(b"AcroForm");
    let report = report(&updated(&signed, &[((1, 0), catalog.into())]));
    assert_eq!((report.verdict, report.failures()), (Verdict::Unsigned, vec![CheckName::Signatures]));
}

#[test]
fn a_byte_range_that_leaves_room_is_refused() {
    let signed = signed();
    let start = signed.windows(12).position(|window| window == b"/ByteRange [").unwrap() + 12;
    let end = start + signed[start..].iter().position(|byte| *byte == b']').unwrap();
    let text = String::from_utf8(signed[start..end].to_vec()).unwrap();
    let numbers: Vec<usize> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [_, first, second, last] = numbers[..] else { panic!("{text}") };
    for (range, expected) in [
        (format!("0 {first} {second}"), "expected four numbers, found 3"),
        (format!("0 {first} {second} -{last}"), "not negative"),
        (format!("1 {first} {second} {last}"), "does not begin at the beginning"),
        (format!("0 {} {second} {last}", first - 5), "leaves out more than the signature"),
        (format!("0 {first} {} {}", second + 5, last - 5), "leaves out more than the signature"),
        (format!("0 {second} {first} {last}"), "covers bytes twice"),
        (format!("0 {first} {second} {}", last + 1), "leads out of the file"),
        (format!("0 {first} {second} {}", i64::MAX), "leads out of the file"),
        // Another hexadecimal string of the file.
        ("0 0 0 10".to_owned(), "leaves out more than the signature"),
    ] {
        let mut changed = signed.clone();
        let width = end - start;
        changed[start..end].copy_from_slice(format!("{range:width$}").as_bytes());
        let report = report(&changed);
        assert_eq!(report.failures(), [CheckName::ByteRange], "{range}: {report}");
        assert!(detail(&report, CheckName::ByteRange).contains(expected), "{range}: {report}");
    }
}

#[test]
fn a_range_around_another_string_is_refused() {
    // Two strings of digits, of which the range leaves out the one that is not the signature.
    let other = format!("<{}>", "00".repeat(40));
    let pdf = format!("%PDF-1.7 {other} behind");
    let mut signature = Dictionary::new();
    let (first, second) = (9, 9 + other.len());
    let range =
        [0, first, second, pdf.len() - second].map(|number| Object::from(i64::try_from(number).unwrap()));
    signature.set("ByteRange", range.to_vec());
    signature.set("Contents", Object::String(vec![0x30, 0], lopdf::StringFormat::Hexadecimal));
    let refused = crate::seal::pdf::verify::byte_range::read(pdf.as_bytes(), &signature).err().unwrap();
    assert!(refused.contains("leaves out something else"), "{refused}");
}

#[test]
fn bytes_hidden_behind_the_signature_are_refused() {
    let signed = signed();
    let start = signed.windows(11).position(|window| window == b"/Contents <").unwrap() + 11;
    let end = start + signed[start..].iter().position(|byte| *byte == b'>').unwrap();
    let mut changed = signed.clone();
    changed[end - 1] = b'1';
    assert_eq!(report(&changed).failures(), [CheckName::ByteRange]);
}

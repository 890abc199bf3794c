//! Signatures that are good by themselves, in files that would have a reader show something else.

use der::asn1::AnyRef;
use der::{Encode, Tag};

use super::{SEAL, SIGNATURE, SIGNATURES, SIGNED_VALUE, detail, edit, resigned, tampered, unzip};
use crate::seal::testing::sealed;
use crate::seal::verify::{CheckName, Report, Verdict};

const STRANGE: &str = "Doc_0/Signs/Sign_9/Signature.xml";

fn has_failed(report: &Report, name: CheckName) -> bool {
    assert_eq!(report.verdict, Verdict::Invalid, "{report}");
    report.failures().contains(&name)
}

#[test]
fn another_list_of_signatures_does_not_take_the_place_of_the_first() {
    let report = tampered(|package| {
        let both = "<ofd:Signatures>/Doc_0/Signs/Other.xml</ofd:Signatures><ofd:Signatures>";
        edit(package, "OFD.xml", "<ofd:Signatures>", both);
        package.put("Doc_0/Signs/Other.xml", package.file(SIGNATURES).unwrap().to_vec());
    });
    assert!(has_failed(&report, CheckName::Structure), "{report}");
    assert!(detail(&report, CheckName::Structure).contains("more than one `Signatures`"), "{report}");
    // OFD.xml itself was signed.
    let report = tampered(|package| edit(package, "OFD.xml", "Signs/Signatures.xml", "Signs/Other.xml"));
    assert!(has_failed(&report, CheckName::Structure), "{report}");
}

#[test]
fn a_swapped_ofd_xml_is_found() {
    let report = tampered(|package| {
        let other = "<ofd:OFD xmlns:ofd=\"http://www.ofdspec.org/2016\" Version=\"1.0\" DocType=\"OFD\"><ofd:DocBody>\
                     <ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot><ofd:Signatures>/Doc_0/Signs/Signatures.xml\
                     </ofd:Signatures></ofd:DocBody></ofd:OFD>";
        package.put("OFD.xml", other);
        package.put("Doc_1/Document.xml", package.file("Doc_0/Document.xml").unwrap().to_vec());
    });
    assert!(
        has_failed(&report, CheckName::References) && has_failed(&report, CheckName::Coverage),
        "{report}"
    );
}

#[test]
fn an_annotation_over_a_page_is_found() {
    let report = tampered(|package| {
        let list = "<ofd:Annotations xmlns:ofd=\"http://www.ofdspec.org/2016\"/>";
        package.put("Doc_0/Annots/Annotations.xml", list);
        edit(
            package,
            "Doc_0/Document.xml",
            "</ofd:Document>",
            "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations></ofd:Document>",
        );
    });
    assert_eq!(report.failures(), [CheckName::Coverage, CheckName::References], "{report}");
}

#[test]
fn lists_that_readers_understand_differently_are_refused() {
    let entry = format!("<ofd:Signature ID=\"s001\" Type=\"Seal\" BaseLoc=\"/{SIGNATURE}\"/>");
    let twice = format!("{entry}<ofd:Signature ID=\"s001\" Type=\"Seal\" BaseLoc=\"/{STRANGE}\"/>");
    let again = format!("{entry}<ofd:Signature ID=\"s009\" Type=\"Seal\" BaseLoc=\"/{SIGNATURE}\"/>");
    for (what, replaced) in [
        ("an ID twice", twice),
        ("a signature twice", again),
        ("an instruction", format!("<?next {STRANGE}?>{entry}")),
        ("a prefix of nothing", format!("<x:Signature BaseLoc=\"/{STRANGE}\"/>{entry}")),
        ("an attribute twice", entry.replace("BaseLoc", &format!("BaseLoc=\"/{STRANGE}\" BaseLoc"))),
        ("a URL", entry.replace("\"/Doc_0", "\"http://example.com/Doc_0")),
        ("a path out of the package", entry.replace("\"/Doc_0", "\"/../Doc_0")),
    ] {
        let report = tampered(|package| edit(package, SIGNATURES, &entry, &replaced));
        assert!(has_failed(&report, CheckName::Structure), "{what}: {report}");
    }
    // Nobody else's words count.
    let report = tampered(|package| {
        let replaced =
            entry.replace("BaseLoc", &format!("xmlns:e=\"urn:e\" e:BaseLoc=\"/{STRANGE}\" BaseLoc"));
        edit(package, SIGNATURES, &entry, &replaced);
    });
    assert_eq!(report.verdict, Verdict::Valid, "{report}");
}

#[test]
fn a_description_that_says_a_thing_twice_is_refused() {
    for element in ["SignedValue", "References", "Seal", "SignedInfo"] {
        let report = resigned(|xml| {
            let (open, close) = (format!("<ofd:{element}"), format!("</ofd:{element}>"));
            let start = xml.find(&format!("{open}>")).or_else(|| xml.find(&format!("{open} "))).unwrap();
            let end = xml.rfind(&close).unwrap() + close.len();
            format!("{}{}{}", &xml[..end], &xml[start..end], &xml[end..])
        });
        assert_eq!(report.failures()[..1], [CheckName::Coverage], "{element}: {report}");
        assert!(has_failed(&report, CheckName::SignatureFile), "{element}: {report}");
    }
}

#[test]
fn more_references_than_files_are_not_followed() {
    let report = resigned(|xml| {
        let start = xml.find("<ofd:Reference ").unwrap();
        let end = xml.find("</ofd:Reference>").unwrap() + "</ofd:Reference>".len();
        xml.replacen(&xml[start..end], &xml[start..end].repeat(1_000), 1)
    });
    assert!(has_failed(&report, CheckName::References));
    assert!(detail(&report, CheckName::References).contains("references to"), "{report}");
}

#[test]
fn more_documents_than_a_package_has_are_not_read() {
    let report = tampered(|package| {
        let text = String::from_utf8(package.file("OFD.xml").unwrap().to_vec()).unwrap();
        let start = text.find("<ofd:DocBody>").unwrap();
        let end = text.find("</ofd:DocBody>").unwrap() + "</ofd:DocBody>".len();
        package.put("OFD.xml", text.replacen(&text[start..end], &text[start..end].repeat(1_000), 1));
    });
    assert!(has_failed(&report, CheckName::Structure));
    assert!(detail(&report, CheckName::Structure).contains("more than 16 documents"), "{report}");
}

/// The same value with a length that takes one byte more than it must.
fn long_form(der: &[u8]) -> Vec<u8> {
    let &[tag, 0x82, high, low, ref content @ ..] = der else { panic!("{:02x?}", &der[..4]) };
    [&[tag, 0x83, 0, high, low], content].concat()
}

#[test]
fn values_in_ber_are_refused_before_anything_is_made_of_them() {
    let value = unzip(&sealed()).file(SIGNED_VALUE).unwrap().to_vec();
    let indefinite = [&[0x30, 0x80], &value[4..], &[0, 0]].concat();
    let trailing = [&value[..], &[0]].concat();
    for (what, bytes, said) in [
        ("a long length", long_form(&value), "as short as it can be"),
        ("an indefinite length", indefinite, "definite"),
        ("bytes behind", trailing, "behind the value"),
    ] {
        let report = tampered(|package| package.put(SIGNED_VALUE, bytes));
        assert_eq!(report.failures(), [CheckName::SignedValue], "{what}");
        assert!(detail(&report, CheckName::SignedValue).contains(said), "{what}: {report}");
    }
    let report = tampered(|package| {
        let seal = long_form(package.file(SEAL).unwrap());
        package.put(SEAL, seal);
    });
    assert_eq!(report.failures(), [CheckName::References, CheckName::SealFile]);
}

/// The signed value with other bytes for `SEQUENCE { r, s }`.
fn with_signature(pair: &[u8]) -> Report {
    tampered(|package| {
        let value = package.file(SIGNED_VALUE).unwrap();
        let outer = super::SesSignature::from_der(value).unwrap();
        let made = super::encode::signature(outer.to_sign, outer.certificate, pair).unwrap();
        package.put(SIGNED_VALUE, made);
    })
}

#[test]
fn numbers_out_of_range_are_no_signature() {
    let order = hex::decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123").unwrap();
    let number = |bytes: &[u8]| AnyRef::new(Tag::Integer, bytes).unwrap().to_der().unwrap();
    let pair = |r: &[u8], s: &[u8]| AnyRef::new(Tag::Sequence, &[r, s].concat()).unwrap().to_der().unwrap();
    let (zero, one, beyond) = (number(&[0]), number(&[1]), number(&[&[0], &order[..]].concat()));
    let mut below = order.clone();
    below[31] -= 1;
    let below = number(&[&[0], &below[..]].concat());
    for (r, s) in [(&zero, &one), (&one, &zero), (&beyond, &one), (&one, &beyond), (&number(&[0xff]), &one)] {
        let report = with_signature(&pair(r, s));
        assert_eq!(report.failures(), [CheckName::SignerSignature]);
        assert!(
            detail(&report, CheckName::SignerSignature).contains("no DER SEQUENCE of two integers"),
            "{report}"
        );
    }
    // In range, and r + s is the order, which no verification may accept (GB/T 32918.2, 7.1 B5).
    assert_eq!(with_signature(&pair(&one, &below)).failures(), [CheckName::SignerSignature]);
    let padded = [&[0x30, 0x81, 0x06], &one[..], &one].concat();
    assert_eq!(with_signature(&padded).failures(), [CheckName::SignerSignature]);
}

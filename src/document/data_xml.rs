//! The fields of a letter as XML, for the machines that read the attachment.

use super::letter::{Letter, LetterKind};
use super::ofd::{Attachment, Xml};

/// One attachment per letter: `ciphertext_letter.xml` or `plaintext_letter.xml`.
///
/// Texts are those of [`Letter`], dates and amounts unformatted by the template. A field without a value is
/// left out.
pub fn attachment(letter: &Letter) -> Attachment {
    let name = match letter.kind {
        LetterKind::Ciphertext => "ciphertext_letter",
        LetterKind::Plaintext => "plaintext_letter",
    };
    Attachment { name: name.to_owned(), format: "xml".to_owned(), bytes: letter_xml(letter) }
}

fn letter_xml(letter: &Letter) -> Vec<u8> {
    let kind = match letter.kind {
        LetterKind::Ciphertext => "ciphertext",
        LetterKind::Plaintext => "plaintext",
    };
    let mut xml = Xml::new();
    xml.start("Guarantee").attribute("version", "1").attribute("kind", kind);
    field(&mut xml, "Number", &letter.number);
    field(&mut xml, "ApplicationNumber", &letter.application_number);
    for (element, party) in [("Applicant", &letter.applicant), ("Beneficiary", &letter.beneficiary)] {
        xml.start(element);
        field(&mut xml, "Name", &party.name);
        field(&mut xml, "Code", party.code.as_deref().unwrap_or_default());
        field(&mut xml, "Address", party.address.as_deref().unwrap_or_default());
        xml.end();
    }
    xml.start("Issuer");
    field(&mut xml, "Name", &letter.issuer.name);
    field(&mut xml, "Address", &letter.issuer.address);
    field(&mut xml, "Postcode", &letter.issuer.postcode);
    field(&mut xml, "Phone", &letter.issuer.phone);
    field(&mut xml, "Fax", &letter.issuer.fax);
    field(&mut xml, "LegalRepresentative", &letter.issuer.legal_representative);
    xml.end().start("Section");
    field(&mut xml, "Number", &letter.section.number);
    field(&mut xml, "Name", &letter.section.name);
    xml.end();
    xml.start("Amount").attribute("currency", "CNY").content(&letter.amount.replace(',', "")).end();
    field(&mut xml, "AmountInWords", &letter.amount_words);
    xml.start("Validity");
    field(&mut xml, "DaysAfterBidValidity", &letter.after_days.to_string());
    field(&mut xml, "LatestDate", &letter.latest_date);
    xml.end();
    field(&mut xml, "DaysToPay", &letter.days_to_pay.to_string());
    field(&mut xml, "Court", &letter.court);
    field(&mut xml, "IssuedOn", &letter.issued_on);
    field(&mut xml, "VerificationUrl", &letter.verification_url);
    xml.finish()
}

fn field(xml: &mut Xml, name: &'static str, value: &str) {
    if !value.is_empty() {
        xml.element(name, value);
    }
}

//! The fields of a letter as XML, for the machines that read the attachment or fetch it by itself.

use super::letter::{Letter, LetterKind, Party};
use super::ofd::{Attachment, Xml};

/// One attachment per letter: `ciphertext_letter.xml` or `plaintext_letter.xml`.
pub fn attachment(letter: &Letter) -> Attachment {
    let name = match letter.kind {
        LetterKind::Ciphertext => "ciphertext_letter",
        LetterKind::Plaintext => "plaintext_letter",
    };
    Attachment { name: name.to_owned(), format: "xml".to_owned(), bytes: letter_xml(letter) }
}

/// What the letter prints, in UTF-8 and always in this order:
///
/// - `Guarantee`, the root, with `version="1"`, `form` (as [`Form::name`](super::Form::name)) and `kind` (`ciphertext`
///   or `plaintext`)
/// - `Number`, `PolicyNumber`, `ApplicationNumber`
/// - `Applicant` and `Beneficiary`, each with `Name`, `Code`, `LegalRepresentative`, `Address`
/// - `Issuer` with `Name`, `Address`, `Postcode`, `Phone`, `Fax`, `LegalRepresentative`
/// - `Project` with `Number`, `Name`; `Section` with `Number`, `Name`
/// - `ProcurementKind`; `Award` with `Date`, `Amount`; `ContractMonths`
/// - `Amount`, `AmountInWords`
/// - `Validity` with `Months`, `From`, `To`, `DaysAfterBidValidity`, `LatestDate`
/// - `DaysToPay`, `Court`, `IssuedOn`, `VerificationUrl`
///
/// Texts are those of [`Letter`]; dates are `2024-06-03`; amounts are yuan with two places, not grouped, with
/// `currency="CNY"`. A field without a value is left out.
pub fn letter_xml(letter: &Letter) -> Vec<u8> {
    // Every field is named, so that a new one is not forgotten here.
    let Letter {
        form,
        kind,
        number,
        policy_number,
        applicant,
        beneficiary,
        issuer,
        project,
        section,
        procurement_kind,
        award,
        contract_months,
        amount,
        amount_words,
        guarantee_months,
        period,
        after_days,
        latest_date,
        days_to_pay,
        court,
        issued_on,
        verification_url,
        application_number,
    } = letter;
    let kind = match kind {
        LetterKind::Ciphertext => "ciphertext",
        LetterKind::Plaintext => "plaintext",
    };
    let mut xml = Xml::new();
    xml.start("Guarantee").attribute("version", "1").attribute("form", form.name()).attribute("kind", kind);
    field(&mut xml, "Number", number);
    optional(&mut xml, "PolicyNumber", policy_number.as_deref());
    field(&mut xml, "ApplicationNumber", application_number);
    party(&mut xml, "Applicant", applicant);
    party(&mut xml, "Beneficiary", beneficiary);
    xml.start("Issuer");
    field(&mut xml, "Name", &issuer.name);
    field(&mut xml, "Address", &issuer.address);
    field(&mut xml, "Postcode", &issuer.postcode);
    field(&mut xml, "Phone", &issuer.phone);
    field(&mut xml, "Fax", &issuer.fax);
    field(&mut xml, "LegalRepresentative", &issuer.legal_representative);
    xml.end();
    if let Some(project) = project {
        numbered(&mut xml, "Project", &project.number, &project.name);
    }
    if let Some(section) = section {
        numbered(&mut xml, "Section", &section.number, &section.name);
    }
    optional(&mut xml, "ProcurementKind", procurement_kind.as_deref());
    if let Some(award) = award {
        xml.start("Award");
        field(&mut xml, "Date", &award.date);
        money(&mut xml, &award.amount);
        xml.end();
    }
    count(&mut xml, "ContractMonths", *contract_months);
    money(&mut xml, amount);
    field(&mut xml, "AmountInWords", amount_words);
    xml.start("Validity");
    count(&mut xml, "Months", *guarantee_months);
    if let Some(period) = period {
        field(&mut xml, "From", &period.from);
        field(&mut xml, "To", &period.to);
    }
    count(&mut xml, "DaysAfterBidValidity", *after_days);
    field(&mut xml, "LatestDate", latest_date);
    xml.end();
    count(&mut xml, "DaysToPay", Some(*days_to_pay));
    field(&mut xml, "Court", court);
    field(&mut xml, "IssuedOn", issued_on);
    field(&mut xml, "VerificationUrl", verification_url);
    xml.finish()
}

fn party(xml: &mut Xml, name: &'static str, party: &Party) {
    let Party { name: party_name, code, address, legal_representative } = party;
    xml.start(name);
    field(xml, "Name", party_name);
    optional(xml, "Code", code.as_deref());
    optional(xml, "LegalRepresentative", legal_representative.as_deref());
    optional(xml, "Address", address.as_deref());
    xml.end();
}

fn numbered(xml: &mut Xml, element: &'static str, number: &str, name: &str) {
    xml.start(element);
    field(xml, "Number", number);
    field(xml, "Name", name);
    xml.end();
}

fn money(xml: &mut Xml, amount: &str) {
    xml.start("Amount").attribute("currency", "CNY").content(&amount.replace(',', "")).end();
}

fn count(xml: &mut Xml, name: &'static str, value: Option<u32>) {
    if let Some(value) = value {
        xml.element(name, &value.to_string());
    }
}

fn optional(xml: &mut Xml, name: &'static str, value: Option<&str>) {
    field(xml, name, value.unwrap_or_default());
}

fn field(xml: &mut Xml, name: &'static str, value: &str) {
    if !value.is_empty() {
        xml.element(name, value);
    }
}

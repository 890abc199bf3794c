//! What a platform's question is answered with, beside code and message.

use std::fmt;

use jiff::Timestamp;

use super::compose::Value;
use super::meaning::Meaning;
use crate::domain::dossier::Dossier;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
use crate::domain::money::Fen;
use crate::domain::premium::Rate;
use crate::domain::terms::Payment;

/// A success, and what goes with it. Rows of an answer that have no value here are left out.
#[derive(Clone, Debug)]
pub enum Response {
    /// Where the applicant goes on, where the settings say so.
    Done {
        redirect: Option<String>,
    },
    LetterInfo(Box<LetterInfo>),
    Letter(LetterFile),
    Verification(Verification),
    Reconciliation(Vec<Issued>),
}

/// A sealed letter as it travels inside a message.
#[derive(Clone)]
pub struct LetterFile {
    /// With its extension.
    pub name: String,
    /// Base64 without line breaks.
    pub base64: String,
}

/// A letter, the terms it was issued on and the applicant's papers (漳州 4.3).
#[derive(Clone, Debug)]
pub struct LetterInfo {
    pub letter: LetterFile,
    pub letter_link: Link,
    pub data_link: Link,
    pub payment: Payment,
    pub rate: Rate,
    pub premium: Fen,
    /// The first and the last moment of validity.
    pub valid: (Timestamp, Timestamp),
    pub dossier: Dossier,
    pub order: Link,
    pub qualification: Link,
    pub licence: Link,
    pub payment_proof: Link,
}

/// Where a file can be fetched, and the MD5 of its bytes in lower-case hexadecimal.
#[derive(Clone)]
pub struct Link {
    pub url: String,
    pub md5: String,
}

/// What was found of a letter's seal (内蒙古 10.4). Without a signature only the status is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub guarantee: GuaranteeNumber,
    pub valid: bool,
    pub seal: Option<SealFound>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealFound {
    pub serial: String,
    pub owner: String,
    pub issuer: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub sealed_at: Timestamp,
}

/// One guarantee of a reconciliation (公共资源 三(十一)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    pub application: ApplicationNumber,
    pub guarantee: GuaranteeNumber,
    pub issued_at: Timestamp,
    pub rate: Rate,
    pub premium: Fen,
    pub surrendered: bool,
}

impl fmt::Debug for LetterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LetterFile").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whoever knows the address may fetch the file.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

/// A value of an answer's row, outside its lists.
pub(super) fn of_response(response: &Response, meaning: Meaning) -> Option<Value<'_>> {
    match response {
        Response::Done { redirect } => match meaning {
            Meaning::RedirectUrl => redirect.as_deref().map(Value::Text),
            _ => None,
        },
        Response::LetterInfo(info) => of_letter_info(info, meaning),
        Response::Letter(file) => of_file(file, meaning),
        Response::Verification(verification) => of_verification(verification, meaning),
        Response::Reconciliation(_) => None,
    }
}

/// A value of a row in an answer's list.
pub(super) fn of_issued(issued: &Issued, meaning: Meaning) -> Option<Value<'_>> {
    Some(match meaning {
        Meaning::ApplicationNumber => Value::Text(issued.application.as_str()),
        Meaning::GuaranteeNumber => Value::Text(issued.guarantee.as_str()),
        Meaning::IssuedAt => Value::Moment(issued.issued_at),
        Meaning::Rate => Value::Written(issued.rate.to_string()),
        Meaning::Premium => Value::Written(issued.premium.to_string()),
        Meaning::GuaranteeStatus => Value::Word(if issued.surrendered { "surrendered" } else { "issued" }),
        _ => return None,
    })
}

fn of_file(file: &LetterFile, meaning: Meaning) -> Option<Value<'_>> {
    match meaning {
        Meaning::LetterFileName => Some(Value::Text(&file.name)),
        Meaning::LetterFile => Some(Value::Text(&file.base64)),
        _ => None,
    }
}

/// The MD5s are written in upper case, as nearly all of them are asked for; a reader of hexadecimal takes either.
fn of_letter_info(info: &LetterInfo, meaning: Meaning) -> Option<Value<'_>> {
    let dossier = &info.dossier;
    let url = |link: &'_ Link| Some(Value::Written(link.url.clone()));
    let md5 = |link: &Link| Some(Value::Written(link.md5.to_ascii_uppercase()));
    let text = |text: &Option<String>| text.clone().map(Value::Written);
    match meaning {
        Meaning::LetterUrl => url(&info.letter_link),
        Meaning::LetterDigest => md5(&info.letter_link),
        Meaning::DataUrl => url(&info.data_link),
        Meaning::DataDigest => md5(&info.data_link),
        Meaning::PayerName => Some(Value::Text(&info.payment.payer.holder)),
        Meaning::PayerAccount => Some(Value::Text(&info.payment.payer.number)),
        Meaning::PaymentMethod => Some(Value::Word(info.payment.method.name())),
        Meaning::Rate => Some(Value::Written(info.rate.to_string())),
        Meaning::Premium => Some(Value::Written(info.premium.to_string())),
        Meaning::ValidFrom => Some(Value::Moment(info.valid.0)),
        Meaning::ValidUntil => Some(Value::Moment(info.valid.1)),
        Meaning::ValidityDays => Some(Value::Written(days(info.valid).to_string())),
        Meaning::ApplicantContact => text(&dossier.contact.name),
        Meaning::ApplicantPhone => text(&dossier.contact.phone),
        Meaning::ApplicantEmail => text(&dossier.email),
        Meaning::ApplicantAddress => text(&dossier.address),
        Meaning::LegalRepresentative => text(&dossier.legal_representative.name),
        Meaning::LegalRepresentativeId => text(&dossier.legal_representative_id),
        Meaning::LegalRepresentativePhone => text(&dossier.legal_representative.phone),
        Meaning::OrderUrl => url(&info.order),
        Meaning::OrderDigest => md5(&info.order),
        Meaning::QualificationUrl => url(&info.qualification),
        Meaning::QualificationDigest => md5(&info.qualification),
        Meaning::LicenceUrl => url(&info.licence),
        Meaning::LicenceDigest => md5(&info.licence),
        Meaning::PaymentProofUrl => url(&info.payment_proof),
        _ => of_file(&info.letter, meaning),
    }
}

/// Whole days from the first to the last moment of validity, both days counted.
fn days((from, until): (Timestamp, Timestamp)) -> i64 {
    until.duration_since(from).as_hours() / 24 + 1
}

fn of_verification(verification: &Verification, meaning: Meaning) -> Option<Value<'_>> {
    let seal = verification.seal.as_ref();
    match meaning {
        Meaning::GuaranteeNumber => Some(Value::Text(verification.guarantee.as_str())),
        Meaning::SealStatus => Some(Value::Word(if verification.valid { "valid" } else { "invalid" })),
        Meaning::CertificateSerial => seal.map(|seal| Value::Text(&seal.serial)),
        Meaning::CertificateOwner => seal.map(|seal| Value::Text(&seal.owner)),
        Meaning::CertificateIssuer => seal.map(|seal| Value::Text(&seal.issuer)),
        Meaning::CertificateFrom => seal.map(|seal| Value::Moment(seal.not_before)),
        Meaning::CertificateUntil => seal.map(|seal| Value::Moment(seal.not_after)),
        Meaning::SealedAt => seal.map(|seal| Value::Moment(seal.sealed_at)),
        _ => None,
    }
}

//! What a guarantee's letters say, and where they are stamped.

use anyhow::Context;
use jiff::Timestamp;

use crate::clock::china_date;
use crate::crypto::sm3;
use crate::document::{
    Award, DocumentError, Form, Issuer, Letter, LetterKind, Metadata, OfdDocument, Party, PdfDocument,
    Period, Press, Project, Section, data_xml,
};
use crate::domain::Guarantee;
use crate::domain::money::Fen;
use crate::domain::particulars::Particular;
use crate::domain::section::{RevealedSection, SealedSection, Secrecy};
use crate::institution::letterhead::InstitutionOptions;
use crate::seal::stamp::{Area, Millimetres, Stamp};

/// One or two letters that become one document: the plaintext letter comes first.
pub(super) struct Printed {
    letters: Vec<Letter>,
    metadata: Metadata,
}

/// What is printed, as the letter may say it: in the clear once the section is revealed, as ciphertext before.
pub(super) struct Content<'a> {
    pub institution: &'a InstitutionOptions,
    pub form: Form,
    pub guarantee: &'a Guarantee,
    pub revealed: Option<&'a RevealedSection>,
    pub at: Timestamp,
}

impl Content<'_> {
    pub(super) fn printed(&self) -> anyhow::Result<Printed> {
        let Self { institution, form, guarantee, revealed, at } = *self;
        let secret = guarantee.application.secrecy == Secrecy::UntilOpening;
        // The merged letter repeats the ciphertext letter as it was issued, with its own date.
        let first = self.as_received()?;
        let mut custom = vec![
            ("保函编号".to_owned(), first.number.clone()),
            ("业务流水号".to_owned(), guarantee.application.number.to_string()),
        ];
        let letters = match revealed {
            None => vec![first],
            Some(section) if secret => {
                if let Some(original) = &guarantee.issued_letter {
                    custom.push(("密文保函SM3".to_owned(), original.document.to_string()));
                }
                vec![plaintext_letter(&first, section), first]
            }
            Some(section) => vec![plaintext_letter(&first, section)],
        };
        let kind = match (secret, revealed) {
            (true, None) => "（密文）",
            (true, Some(_)) => "（明文）",
            (false, _) => "",
        };
        let title = format!("{}{kind}", form.title());
        let identity = format!("{}/{title}", guarantee.id);
        let digest = sm3::digest(identity.as_bytes());
        let metadata = Metadata {
            // An OFD document's id has 32 hexadecimal digits, half of an SM3 digest.
            document_id: hex::encode(digest).chars().take(32).collect(),
            title,
            author: institution.name.clone(),
            created_on: china_date(at),
            custom,
            attachments: Vec::new(),
            sealed: true,
        };
        Ok(Printed { letters, metadata })
    }

    /// With section and beneficiary in the texts in which the platform sent them.
    fn as_received(&self) -> anyhow::Result<Letter> {
        let Self { institution, form, guarantee, at, .. } = *self;
        let terms = guarantee.terms.as_ref().context("a letter needs the guarantee's terms")?;
        let number = terms.guarantee_number.to_string();
        let issued_at = guarantee.issued_letter.as_ref().map_or(at, |letter| letter.sealed_at);
        let application = &guarantee.application;
        let SealedSection { number: section, name, beneficiary, beneficiary_code } = &application.section;
        let amount = application.amount;
        let bid_bond = form != Form::AdvancePayment;
        Ok(Letter {
            form,
            kind: LetterKind::Ciphertext,
            number: number.clone(),
            policy_number: None,
            applicant: Party {
                name: application.applicant.name.clone(),
                code: Some(application.applicant.code.clone()),
                address: None,
                legal_representative: None,
            },
            beneficiary: Party {
                name: beneficiary.as_str().to_owned(),
                code: beneficiary_code.as_ref().map(|code| code.as_str().to_owned()),
                address: None,
                legal_representative: None,
            },
            issuer: issuer(institution),
            project: None,
            section: Some(Section { number: section.as_str().to_owned(), name: name.as_str().to_owned() }),
            procurement_kind: None,
            award: None,
            contract_months: None,
            amount: amount.grouped(),
            amount_words: amount.in_words().trim_start_matches("人民币").to_owned(),
            guarantee_months: None,
            period: terms
                .validity
                .from
                .map(|from| Period { from: from.to_string(), to: terms.validity.latest.to_string() }),
            after_days: bid_bond.then_some(terms.validity.days_after_bid_validity),
            latest_date: terms.validity.latest.to_string(),
            days_to_pay: institution.days_to_pay,
            court: institution.court.clone(),
            issued_on: china_date(issued_at).to_string(),
            verification_url: institution.verification_url.replace("{number}", &number),
            application_number: application.number.to_string(),
        })
    }
}

/// An invented letter under the institution's own letterhead.
pub(super) fn sample(institution: &InstitutionOptions) -> Letter {
    Letter {
        issuer: issuer(institution),
        court: institution.court.clone(),
        verification_url: institution.verification_url.clone(),
        ..Letter::sample(Form::BidBond, LetterKind::Ciphertext)
    }
}

fn issuer(institution: &InstitutionOptions) -> Issuer {
    Issuer {
        name: institution.name.clone(),
        address: institution.address.clone(),
        postcode: institution.postcode.clone(),
        phone: institution.phone.clone(),
        fax: institution.fax.clone(),
        legal_representative: institution.legal_representative.clone(),
    }
}

fn plaintext_letter(received: &Letter, section: &RevealedSection) -> Letter {
    let told = |particular| section.particulars.get(particular).map(str::to_owned);
    let count = |particular| told(particular).and_then(|text| text.parse().ok());
    let mut letter = received.clone();
    letter.kind = LetterKind::Plaintext;
    letter.applicant.address = told(Particular::ApplicantAddress);
    letter.applicant.legal_representative = told(Particular::LegalRepresentative);
    letter.beneficiary.name.clone_from(&section.beneficiary);
    letter.beneficiary.code.clone_from(&section.beneficiary_code);
    letter.section = Some(Section { number: section.number.clone(), name: section.name.clone() });
    letter.project = told(Particular::ProjectName)
        .map(|name| Project { number: told(Particular::ProjectNumber).unwrap_or_default(), name });
    letter.procurement_kind = told(Particular::ProcurementKind);
    letter.award =
        told(Particular::AwardDate).zip(award_amount(section)).map(|(date, amount)| Award { date, amount });
    letter.contract_months = count(Particular::ContractMonths);
    letter.guarantee_months = count(Particular::GuaranteeMonths);
    letter
}

fn award_amount(section: &RevealedSection) -> Option<String> {
    let amount: Fen = section.particulars.get(Particular::AwardAmount)?.parse().ok()?;
    Some(amount.grouped())
}

impl Printed {
    pub(super) fn ofd(&self, press: &Press) -> Result<OfdDocument, DocumentError> {
        press.document(&self.letters(), &self.metadata)
    }

    pub(super) fn pdf(&self, press: &Press) -> Result<PdfDocument, DocumentError> {
        press.pdf(&self.letters(), &self.metadata)
    }

    /// The fields of the first letter: in the clear where it is.
    pub(super) fn data(&self) -> Vec<u8> {
        self.letters.first().map(data_xml::letter_xml).unwrap_or_default()
    }

    fn letters(&self) -> Vec<&Letter> {
        self.letters.iter().collect()
    }
}

/// A stamp in the middle of each place that the template marks, and the riding seal across the pages' edges where there
/// are several. All have the size of the seal in millimetres.
pub(super) fn stamps(ofd: &OfdDocument, (width_mm, height_mm): (u16, u16)) -> Vec<Stamp> {
    let (width_um, height_um) = (i32::from(width_mm) * 1000, i32::from(height_mm) * 1000);
    let (width, height) = (Millimetres::from_micrometres(width_um), Millimetres::from_micrometres(height_um));
    let mut stamps: Vec<Stamp> = ofd
        .seal_places
        .iter()
        .filter_map(|place| {
            let x = Millimetres::from_micrometres(micrometres(place.x_mm) - width_um / 2);
            let y = Millimetres::from_micrometres(micrometres(place.y_mm) - height_um / 2);
            let boundary = Area { x, y, width, height };
            Some(Stamp::on_page(*ofd.page_ids.get(place.page_index)?, boundary))
        })
        .collect();
    if ofd.page_ids.len() > 1 {
        let (page_width, page_height) = ofd.page_size_mm;
        let top = Millimetres::from_micrometres(micrometres(page_height) / 2 - height_um / 2);
        let page_width = Millimetres::from_micrometres(micrometres(page_width));
        stamps.extend(Stamp::riding(&ofd.page_ids, page_width, top, width, height));
    }
    stamps
}

#[expect(clippy::disallowed_types, clippy::as_conversions, reason = "a length on a page, far within i32")]
fn micrometres(millimetres: f64) -> i32 {
    (millimetres * 1000.0).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::SealPlace;
    use crate::document::ofd::package::Package;

    #[test]
    fn a_seal_is_stamped_in_its_own_size_round_the_place_that_the_template_marks() {
        let ofd = OfdDocument {
            package: Package::default(),
            page_ids: vec![7, 9],
            page_size_mm: (210.0, 297.0),
            seal_places: vec![SealPlace { page_index: 1, x_mm: 160.0, y_mm: 200.0 }],
        };
        let stamps = stamps(&ofd, (40, 30));
        let written: Vec<_> = stamps.iter().map(|it| (it.page_id, it.boundary.to_string())).collect();
        assert_eq!(
            written,
            [
                (9, "140 185 40 30".to_owned()),
                (7, "190 133.5 40 30".to_owned()),
                (9, "170 133.5 40 30".to_owned()),
            ]
        );
    }
}

//! A letter that the platform fetches with a question, alone or with terms and papers.

use jiff::Timestamp;

use super::Prepared;
use crate::casework::letter_file::{self, SealedLetter};
use crate::dialect::Response;
use crate::dialect::response::{LetterInfo, Link};
use crate::domain::dossier::Paper;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::DocumentDigest;
use crate::domain::{Guarantee, Refusal};
use crate::downloads::{Links, Offer, content_type};
use crate::intake::Intake;
use crate::store::{Connection, StoreError, documents};

type Outcome = anyhow::Result<Result<(Prepared, Option<LetterKind>), Refusal>>;

/// The letter alone (内蒙古 10.3).
pub(super) async fn prepare_file(intake: &Intake, guarantee: Guarantee) -> Outcome {
    let Some(sealed) = latest(intake, &guarantee).await? else { return Ok(Err(Refusal::LetterNotReady)) };
    let SealedLetter { document, file } = sealed;
    Ok(Ok((Box::new(move |_| Ok(Response::Letter(file.clone()))), Some(document.letter))))
}

/// The letter with everything round it (漳州 4.3).
pub(super) async fn prepare_info(intake: &Intake, guarantee: Guarantee, at: Timestamp) -> Outcome {
    let Some(sealed) = latest(intake, &guarantee).await? else { return Ok(Err(Refusal::LetterNotReady)) };
    let dossier = guarantee.dossier.clone().unwrap_or_default();
    let papers = [
        ("电子申请单", dossier.order.as_ref()),
        ("企业资质文件", dossier.qualification.as_ref()),
        ("企业营业执照", dossier.licence.as_ref()),
        ("到账凭证", guarantee.payment_proof()),
    ];
    let contacts = [
        ("联系人姓名", &dossier.contact.name),
        ("联系方式", &dossier.contact.phone),
        ("地址", &dossier.address),
        ("邮箱", &dossier.email),
        ("法定代表人姓名", &dossier.legal_representative.name),
        ("法定代表人身份证件号码", &dossier.legal_representative_id),
        ("法定代表人联系方式", &dossier.legal_representative.phone),
    ];
    let missing = contacts.iter().find(|(_, text)| text.is_none()).map(|(what, _)| *what);
    let missing = missing.or_else(|| papers.iter().find(|(_, paper)| paper.is_none()).map(|(what, _)| *what));
    if let Some(what) = missing {
        return Ok(Err(Refusal::DossierIncomplete(what)));
    }
    let (links, kind) = (intake.inquiries.links.clone(), sealed.document.letter);
    let prepared = move |connection: &mut Connection| {
        let told = Told { links: &links, guarantee: &guarantee, at };
        told.info(connection, &sealed).map(|info| Response::LetterInfo(Box::new(info)))
    };
    Ok(Ok((Box::new(prepared), Some(kind))))
}

/// The latest letter of a guarantee. `None` where none is sealed yet.
async fn latest(intake: &Intake, guarantee: &Guarantee) -> anyhow::Result<Option<SealedLetter>> {
    let merged = guarantee.letter(LetterKind::Merged).map(|_| LetterKind::Merged);
    let kind = merged.unwrap_or_else(|| guarantee.letter_at_issue());
    letter_file::load(&intake.store, &intake.inquiries.archive, guarantee, kind).await
}

/// Makes the links of one answer.
struct Told<'a> {
    links: &'a Links,
    guarantee: &'a Guarantee,
    at: Timestamp,
}

impl Told<'_> {
    fn info(&self, connection: &mut Connection, sealed: &SealedLetter) -> Result<LetterInfo, StoreError> {
        let SealedLetter { document, file } = sealed;
        let missing = || StoreError::Statement(format!("guarantee {} lacks its terms", self.guarantee.id));
        let guarantee = self.guarantee;
        let terms = guarantee.terms.as_ref().ok_or_else(missing)?;
        let issued_at = guarantee.issued_letter.as_ref().ok_or_else(missing)?.sealed_at;
        let dossier = guarantee.dossier.clone().unwrap_or_default();
        let data = documents::find_data(connection, &guarantee.id, document.letter)?.ok_or_else(missing)?;
        let data_name = format!("{}.xml", terms.guarantee_number);
        Ok(LetterInfo {
            letter: file.clone(),
            letter_link: self.link(connection, &document.digest, &document.md5, &file.name)?,
            data_link: self.link(connection, &data.digest, &data.md5, &data_name)?,
            payment: guarantee.payment.clone().ok_or_else(missing)?,
            rate: terms.rate,
            premium: terms.premium,
            valid: terms.validity.bounds(issued_at),
            order: self.paper(connection, dossier.order.as_ref())?,
            qualification: self.paper(connection, dossier.qualification.as_ref())?,
            licence: self.paper(connection, dossier.licence.as_ref())?,
            payment_proof: self.paper(connection, guarantee.payment_proof())?,
            dossier,
        })
    }

    fn paper(&self, connection: &mut Connection, paper: Option<&Paper>) -> Result<Link, StoreError> {
        let Some(paper) = paper else { return Ok(Link { url: String::new(), md5: String::new() }) };
        self.link(connection, &paper.document, &paper.md5, &paper.name)
    }

    fn link(
        &self,
        connection: &mut Connection,
        document: &DocumentDigest,
        md5: &str,
        name: &str,
    ) -> Result<Link, StoreError> {
        let offer = Offer { guarantee: &self.guarantee.id, document, name, content_type: content_type(name) };
        let url = self.links.url(connection, &offer, self.at)?;
        Ok(Link { url: url.map(|url| url.expose().to_owned()).unwrap_or_default(), md5: md5.to_owned() })
    }
}

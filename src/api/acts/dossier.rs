//! The applicant's papers and contacts.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::act::{self, Case, Parameters, Request, Stop};
use crate::api::acts::paper::PaperReference;
use crate::api::body::Body;
use crate::api::caller::Caller;
use crate::api::guarantees::view::GuaranteeView;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::api::texts::{Name, Phone, Phrase, Word};
use crate::domain::Command;
use crate::domain::dossier;
use crate::domain::identity::GuaranteeId;
use crate::domain::party::Contact;

/// What the institution has collected from the applicant, for platforms that ask for it. A dossier replaces the one before
/// as a whole: whatever is not named is not known any more.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "contact": {"name": "林某某", "phone": "13800000003"},
    "legal_representative": {"name": "黄某某", "phone": "13800000004"},
    "legal_representative_id": "350600199001010011",
    "email": "bidder@example.com",
    "address": "某省某市示例路1号",
    "papers": {
        "licence": {"digest": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", "name": "licence.pdf"},
    },
})))]
pub struct Dossier {
    pub contact: Option<Person>,
    pub legal_representative: Option<Person>,
    /// 法定代表人身份证件号码
    pub legal_representative_id: Option<Word<50>>,
    pub email: Option<Word<200>>,
    pub address: Option<Phrase<500>>,
    pub papers: Option<Papers>,
}

/// Somebody at the applicant's.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: Option<Name>,
    pub phone: Option<Phone>,
}

/// Files that were handed in before.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Papers {
    /// 电子申请单
    pub order: Option<PaperReference>,
    /// 企业资质文件
    pub qualification: Option<PaperReference>,
    /// 企业营业执照
    pub licence: Option<PaperReference>,
    /// 到账凭证
    pub payment_proof: Option<PaperReference>,
}

impl Dossier {
    /// # Errors
    /// When an address of mail is none, or a file was not handed in.
    fn command(&self, case: &mut Case<'_>) -> Result<Command, Stop> {
        let email = self.email.as_ref().map(Word::to_text);
        let is_address = |text: &String| {
            text.split_once('@')
                .is_some_and(|(who, host)| !who.is_empty() && !host.is_empty() && !host.contains('@'))
        };
        if email.as_ref().is_some_and(|email| !is_address(email)) {
            return Err(Problem::at("/email", "expected an address of mail").into());
        }
        let papers = self.papers.clone().unwrap_or_default();
        let mut paper = |reference: Option<PaperReference>, kind: &str, place: &str| {
            let pointer = format!("/papers/{place}");
            reference.map(|reference| reference.paper(case.connection, kind, &pointer)).transpose()
        };
        let dossier = dossier::Dossier {
            contact: known(self.contact.as_ref()),
            email,
            address: self.address.as_ref().map(Phrase::to_text),
            legal_representative: known(self.legal_representative.as_ref()),
            legal_representative_id: self.legal_representative_id.as_ref().map(Word::to_text),
            order: paper(papers.order, "order", "order")?,
            qualification: paper(papers.qualification, "qualification", "qualification")?,
            licence: paper(papers.licence, "licence", "licence")?,
            payment_proof: paper(papers.payment_proof, "payment-proof", "payment_proof")?,
        };
        Ok(Command::RecordDossier { dossier })
    }
}

fn known(person: Option<&Person>) -> Contact {
    Contact {
        name: person.and_then(|person| person.name.as_ref()).map(Phrase::to_text),
        phone: person.and_then(|person| person.phone.as_ref()).map(Word::to_text),
    }
}

/// Record what was collected from the applicant
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/dossier",
    tag = "acts",
    operation_id = "recordDossier",
    params(Parameters),
    request_body = Dossier,
    responses(
        (status = 200, body = GuaranteeView, headers(("ETag" = String, description = "The version"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["dossiers"]))
)]
pub(in crate::api) async fn post(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<Dossier>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Dossiers)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |case| {
        Ok(vec![body.value.command(case)?])
    })
    .await
}

//! An application as it came: who bids, for what, and which of it is still ciphertext.

use std::collections::BTreeMap;
use std::mem;

use serde::Serialize;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Reader;
use crate::api::values::words;
use crate::dialect::Profile;
use crate::domain::application::Application;
use crate::domain::particulars::{Particular, Particulars};
use crate::domain::party::{Contact, Party};
use crate::domain::section::{Ciphertext, RevealedSection, Secrecy};

/// The application as the platform sent it (投保申请).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApplicationView {
    /// The platform's own code (平台代码), where it sends one.
    platform_code: Option<String>,
    /// Until when the institution may not read the section and the beneficiary (保密要求).
    #[schema(schema_with = secrecies)]
    secrecy: &'static str,
    /// Who bids (投标人).
    applicant: PartyView,
    /// The applicant's person to talk to (经办人).
    contact: ContactView,
    /// The tender section's number (标段编号).
    section_number: TextView,
    /// The tender section's name (标段名称).
    section_name: TextView,
    /// Towards whom the guarantee is (招标人).
    beneficiary: TextView,
    /// The beneficiary's credit code (招标人统一社会信用代码).
    beneficiary_code: Option<TextView>,
    particulars: ParticularsView,
}

impl ApplicationView {
    pub(super) fn of(profile: &Profile, application: &Application, reader: Reader) -> Self {
        let (section, sealed) = (&application.section, profile.sealed_fields());
        let text = |text: &Ciphertext, ciphertext| TextView { text: text.as_str().to_owned(), ciphertext };
        let particulars = shown(&application.particulars, reader).map(|(particular, text)| {
            let ciphertext = sealed.particulars.contains(&particular);
            (particular.name(), TextView { text: text.to_owned(), ciphertext })
        });
        Self {
            platform_code: application.platform_code.clone(),
            secrecy: application.secrecy.name(),
            applicant: PartyView::of(&application.applicant),
            contact: ContactView::of(&application.contact),
            section_number: text(&section.number, sealed.number),
            section_name: text(&section.name, sealed.name),
            beneficiary: text(&section.beneficiary, sealed.beneficiary),
            beneficiary_code: section.beneficiary_code.as_ref().map(|it| text(it, sealed.beneficiary_code)),
            particulars: ParticularsView(particulars.collect()),
        }
    }
}

/// The tender section and the beneficiary in plain text (标段与招标人).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SectionView {
    /// 标段编号
    number: String,
    /// 标段名称
    name: String,
    /// 招标人
    beneficiary: String,
    /// 招标人统一社会信用代码
    beneficiary_code: Option<String>,
    particulars: PlainParticularsView,
}

impl SectionView {
    pub(super) fn of(mut section: RevealedSection, reader: Reader) -> Self {
        let particulars = shown(&section.particulars, reader);
        let particulars =
            particulars.map(|(particular, text)| (particular.name(), text.to_owned())).collect();
        Self {
            number: mem::take(&mut section.number),
            name: mem::take(&mut section.name),
            beneficiary: mem::take(&mut section.beneficiary),
            beneficiary_code: mem::take(&mut section.beneficiary_code),
            particulars: PlainParticularsView(particulars),
        }
    }
}

/// A text as the platform sent it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TextView {
    text: String,
    /// Whether the text is ciphertext, which says nothing to anybody before the opening (密文).
    ciphertext: bool,
}

/// A company (企业).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartyView {
    /// 企业名称
    name: String,
    /// 统一社会信用代码 (GB 32100)
    code: String,
}

impl PartyView {
    pub(super) fn of(party: &Party) -> Self {
        Self { name: party.name.clone(), code: party.code.clone() }
    }
}

/// A person to talk to (联系人).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContactView {
    /// 姓名
    name: Option<String>,
    /// 联系电话
    phone: Option<String>,
}

impl ContactView {
    pub(super) fn of(contact: &Contact) -> Self {
        Self { name: contact.name.clone(), phone: contact.phone.clone() }
    }
}

/// Further facts of the application by name, as they came; which there are depends on the platform.
#[derive(Clone, Debug, Serialize)]
pub struct ParticularsView(BTreeMap<&'static str, TextView>);

/// Further facts of the application by name, in plain text: days as 2024-06-03, times as 2024-06-03 09:30:00 in China,
/// amounts in yuan.
#[derive(Clone, Debug, Serialize)]
pub struct PlainParticularsView(BTreeMap<&'static str, String>);

impl PartialSchema for ParticularsView {
    fn schema() -> RefOr<Schema> {
        let text = || RefOr::Ref(Ref::from_schema_name("TextView"));
        by_name("Further facts of the application, as they came (其他申请信息).", |_| text())
    }
}

impl ToSchema for ParticularsView {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("TextView".to_owned(), TextView::schema()));
    }
}

impl PartialSchema for PlainParticularsView {
    fn schema() -> RefOr<Schema> {
        by_name("Further facts of the application in plain text (其他申请信息).", |particular| {
            let text = ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
            RefOr::T(Schema::Object(text.description(Some(particular.title())).build()))
        })
    }
}

impl ToSchema for PlainParticularsView {}

fn by_name(description: &str, schema: impl Fn(Particular) -> RefOr<Schema>) -> RefOr<Schema> {
    let named = Particular::ALL.into_iter().fold(ObjectBuilder::new(), |object, particular| {
        object.property(particular.name(), schema(particular))
    });
    RefOr::T(Schema::Object(named.description(Some(description)).build()))
}

fn secrecies() -> ObjectBuilder {
    words(Secrecy::ALL.map(Secrecy::name))
}

fn shown(particulars: &Particulars, reader: Reader) -> impl Iterator<Item = (Particular, &str)> {
    particulars.iter().filter(move |(particular, _)| reader.people || !particular.identifies_a_person())
}

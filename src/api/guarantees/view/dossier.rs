//! What the institution has collected from the applicant: which papers there are, and for those who may see it, people.

use serde::Serialize;
use utoipa::ToSchema;

use super::Reader;
use super::application::ContactView;
use crate::api::guarantees::documents;
use crate::domain::Guarantee;
use crate::domain::dossier::{Dossier, Paper};

/// What the institution has collected from the applicant (投标人资料).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DossierView {
    /// 电子申请单
    order: Option<PaperView>,
    /// 企业资质文件
    qualification: Option<PaperView>,
    /// 企业营业执照
    licence: Option<PaperView>,
    /// 到账凭证
    payment_proof: Option<PaperView>,
    /// Only for keys with the scope `dossiers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<PeopleView>,
}

/// People's data in a dossier (联系信息).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeopleView {
    /// 联系人
    contact: ContactView,
    /// 邮箱
    email: Option<String>,
    /// 地址
    address: Option<String>,
    /// 法定代表人
    legal_representative: ContactView,
    /// 法定代表人证件号码
    legal_representative_id: Option<String>,
}

impl DossierView {
    pub(super) fn of(guarantee: &Guarantee, dossier: &Dossier, reader: Reader) -> Self {
        let paper = |paper: &Option<Paper>| paper.as_ref().map(|paper| PaperView::of(guarantee, paper));
        Self {
            order: paper(&dossier.order),
            qualification: paper(&dossier.qualification),
            licence: paper(&dossier.licence),
            payment_proof: paper(&dossier.payment_proof),
            people: reader.people.then(|| PeopleView {
                contact: ContactView::of(&dossier.contact),
                email: dossier.email.clone(),
                address: dossier.address.clone(),
                legal_representative: ContactView::of(&dossier.legal_representative),
                legal_representative_id: dossier.legal_representative_id.clone(),
            }),
        }
    }
}

/// A paper of the applicant (文件).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaperView {
    /// The file's name (文件名).
    name: String,
    /// The SM3 of the file in hexadecimal, which also names it (SM3 摘要).
    digest: String,
    /// In lower-case hexadecimal (MD5 摘要).
    md5: String,
    /// Where its bytes are (下载地址).
    href: String,
}

impl PaperView {
    pub(super) fn of(guarantee: &Guarantee, paper: &Paper) -> Self {
        Self {
            name: paper.name.clone(),
            digest: paper.document.to_string(),
            md5: paper.md5.clone(),
            href: documents::href(&guarantee.id, &paper.document),
        }
    }
}

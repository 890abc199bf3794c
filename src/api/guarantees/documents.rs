//! The documents of a guarantee: its letters, their data, and the papers of its applicant.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::of_guarantee;
use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::files::Bytes;
use crate::api::problem::{Code, Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::api::values::words;
use crate::domain::Guarantee;
use crate::domain::dossier::{Dossier, Paper};
use crate::domain::identity::{DocumentDigest, GuaranteeId};
use crate::downloads::{self, File, content_type};
use crate::store::archive::ArchiveError;
use crate::store::documents::{self, DATA_FORMAT, Document};
use crate::store::uploads::{self, Upload};

const LETTER: &str = "letter";
const LETTER_DATA: &str = "letter-data";
const ORDER: &str = "order";
const QUALIFICATION: &str = "qualification";
const LICENCE: &str = "licence";
const PAYMENT_PROOF: &str = "payment-proof";

/// A document of a guarantee (文件).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Document)]
pub struct DocumentView {
    /// `letter` 保函, `letter-data` 保函结构化数据, `order` 电子申请单, `qualification` 企业资质文件, `licence` 企业营业执照,
    /// `payment-proof` 到账凭证
    #[schema(schema_with = roles)]
    role: &'static str,
    /// Which letter (保函种类): `ciphertext`, `merged` or `plaintext`. Null of a paper.
    letter: Option<&'static str>,
    /// The file's name (文件名).
    name: String,
    /// 文件类型
    #[schema(example = "application/ofd")]
    media_type: String,
    /// In bytes (文件大小). Null where the archive has lost it.
    size: Option<u64>,
    /// The SM3 of the file in hexadecimal, which also names it (SM3 摘要).
    digest: String,
    /// In lower-case hexadecimal (MD5 摘要).
    md5: String,
    /// When it was archived (归档时间). Null of a paper.
    stored_at: Option<Timestamp>,
    /// Where its bytes are (下载地址).
    href: String,
}

/// The documents of a guarantee.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentList {
    /// Letters first, in order of their making; then papers.
    items: Vec<DocumentView>,
}

/// The documents of a guarantee
#[utoipa::path(
    get,
    path = "/api/v1/guarantees/{id}/documents",
    tag = "guarantees",
    operation_id = "listDocuments",
    params(("id" = String, Path, description = "The gateway's id of the guarantee")),
    responses(
        (status = 200, body = DocumentList),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["read"]))
)]
pub(in crate::api) async fn list(
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut items = documents_of(&api, &id).await?;
    for item in items.iter_mut().filter(|item| item.size.is_none()) {
        item.size = api.archive.size(&DocumentDigest::new(item.digest.as_str())).await.map_err(lost)?;
    }
    Ok(HttpResponse::Ok().json(DocumentList { items }))
}

/// One document
///
/// The bytes, checked against their digest. Ranges are understood (RFC 9110, 14).
#[utoipa::path(
    get,
    path = "/api/v1/guarantees/{id}/documents/{digest}",
    tag = "guarantees",
    operation_id = "getDocument",
    params(
        ("id" = String, Path, description = "The gateway's id of the guarantee"),
        ("digest" = String, Path, description = "The SM3 of the document in hexadecimal"),
        ("If-None-Match" = Option<String>, Header, description = "Documents that the caller has already"),
        ("Range" = Option<String>, Header, description = "Which bytes, such as `bytes=0-1023`"),
    ),
    responses(
        (status = 200, description = "The bytes", content((Bytes = "application/pdf"), (Bytes = "application/ofd"), (Bytes = "application/xml"), (Bytes = "application/octet-stream"), (Bytes = "application/zip"), (Bytes = "image/png"), (Bytes = "image/jpeg"), (Bytes = "text/plain")),
         headers(("ETag" = String, description = "The digest"),
                 ("Content-Disposition" = String, description = "The file's name"))),
        (status = 206, description = "A range", content((Bytes = "application/pdf"), (Bytes = "application/ofd"), (Bytes = "application/xml"), (Bytes = "application/octet-stream"), (Bytes = "application/zip"), (Bytes = "image/png"), (Bytes = "image/jpeg"), (Bytes = "text/plain"))),
        (status = 304, description = "The caller has it"),
        (status = 416, description = "The document has no such range"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["documents"]))
)]
pub(in crate::api) async fn fetch(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Documents)?;
    let (id, wanted) = path.into_inner();
    let items = documents_of(&api, &id).await?;
    let found = items.into_iter().find(|item| item.digest == wanted);
    let found = found.ok_or_else(|| Problem::new(Code::NotFound, "the guarantee has no such document"))?;
    let digest = DocumentDigest::new(found.digest);
    let bytes = api.archive.get(&digest).await.map_err(lost)?;
    let file = File { digest: &digest, name: &found.name, content_type: &found.media_type };
    Ok(downloads::respond(&request, &file, bytes.into()))
}

/// Where the bytes of a document are.
pub(super) fn href(guarantee: &GuaranteeId, document: &DocumentDigest) -> String {
    format!("/api/v1/guarantees/{guarantee}/documents/{document}")
}

/// All documents; the sizes of some papers are not known yet.
async fn documents_of(api: &Api, id: &str) -> Result<Vec<DocumentView>, Problem> {
    of_guarantee(api, id, |connection, _, stored| {
        let guarantee = stored.guarantee;
        let letters = documents::for_guarantee(connection, &guarantee.id)?;
        let letters = letters.into_iter().map(|document| of_letter(&guarantee, document));
        let mut all: Vec<DocumentView> = letters.collect();
        for (role, paper) in papers_of(&guarantee) {
            let upload = uploads::find(connection, &paper.document)?;
            all.push(of_paper(&guarantee, role, paper, upload));
        }
        Ok(all)
    })
    .await
}

fn of_letter(guarantee: &Guarantee, document: Document) -> DocumentView {
    let number = guarantee.number().map_or(guarantee.application.number.as_str(), |number| number.as_str());
    let name = format!("{number}-{}.{}", document.letter.name(), document.format);
    DocumentView {
        role: if document.format == DATA_FORMAT { LETTER_DATA } else { LETTER },
        letter: Some(document.letter.name()),
        media_type: content_type(&name).to_owned(),
        name,
        size: Some(document.size),
        md5: document.md5,
        stored_at: Some(document.stored_at),
        href: href(&guarantee.id, &document.digest),
        digest: document.digest.to_string(),
    }
}

fn papers_of(guarantee: &Guarantee) -> Vec<(&'static str, &Paper)> {
    let dossier = guarantee.dossier.as_ref();
    let of_dossier = |which: fn(&Dossier) -> &Option<Paper>| dossier.and_then(|it| which(it).as_ref());
    let voucher = guarantee.payment.as_ref().and_then(|payment| payment.voucher.as_ref());
    let proof = of_dossier(|it| &it.payment_proof);
    let papers = [
        (ORDER, of_dossier(|it| &it.order)),
        (QUALIFICATION, of_dossier(|it| &it.qualification)),
        (LICENCE, of_dossier(|it| &it.licence)),
        (PAYMENT_PROOF, proof),
        (
            PAYMENT_PROOF,
            voucher.filter(|voucher| proof.is_none_or(|proof| proof.document != voucher.document)),
        ),
    ];
    papers.into_iter().filter_map(|(role, paper)| Some((role, paper?))).collect()
}

/// What a person handed in by another way than this interface was never noted as a file.
fn of_paper(
    guarantee: &Guarantee,
    role: &'static str,
    paper: &Paper,
    upload: Option<Upload>,
) -> DocumentView {
    let media_type = upload.as_ref().map(|upload| upload.media_type.clone());
    DocumentView {
        role,
        letter: None,
        name: paper.name.clone(),
        media_type: media_type.unwrap_or_else(|| content_type(&paper.name).to_owned()),
        size: upload.as_ref().map(|upload| upload.size),
        digest: paper.document.to_string(),
        md5: paper.md5.clone(),
        stored_at: None,
        href: href(&guarantee.id, &paper.document),
    }
}

fn roles() -> utoipa::openapi::schema::ObjectBuilder {
    words([LETTER, LETTER_DATA, ORDER, QUALIFICATION, LICENCE, PAYMENT_PROOF])
}

/// Logged here, once.
fn lost(error: ArchiveError) -> Problem {
    tracing::error!(%error, "a document could not be handed out");
    let code = match error {
        ArchiveError::Unavailable(_) => Code::Unavailable,
        _ => Code::Internal,
    };
    Problem::new(code, "the archive does not yield the document; the gateway's log says more")
}

//! The sealed letters of a guarantee, and the opening that made the second one possible.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::guarantees::documents;
use crate::api::values::words;
use crate::domain::Guarantee;
use crate::domain::guarantee::{LetterKind, Opening};
use crate::store::documents as stored_documents;
use crate::store::{Connection, StoreError};

/// A sealed letter (保函文件).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LetterView {
    /// `ciphertext` 密文保函, `merged` 明文保函（附密文保函）, `plaintext` 明文保函
    #[schema(schema_with = kinds)]
    kind: &'static str,
    /// The SM3 of the file in hexadecimal, which also names it (SM3 摘要).
    digest: String,
    /// Where its bytes are (下载地址).
    #[schema(example = "/api/v1/guarantees/01970000-0000-7000-8000-000000000000/documents/5f1d…")]
    href: String,
    /// 文件类型
    #[schema(example = "application/ofd")]
    media_type: &'static str,
    /// In bytes (文件大小).
    size: u64,
    /// In lower-case hexadecimal (MD5 摘要).
    md5: String,
    /// 签章时间
    sealed_at: Timestamp,
    /// When the platform had it (送达时间).
    delivered_at: Option<Timestamp>,
}

/// # Errors
/// When the database fails.
pub(super) fn of(connection: &mut Connection, guarantee: &Guarantee) -> Result<Vec<LetterView>, StoreError> {
    let mut letters = Vec::new();
    for kind in [guarantee.letter_at_issue(), LetterKind::Merged] {
        let Some(letter) = guarantee.letter(kind) else { continue };
        let Some(document) = stored_documents::find(connection, &guarantee.id, &letter.document)? else {
            continue;
        };
        letters.push(LetterView {
            kind: kind.name(),
            digest: letter.document.to_string(),
            href: documents::href(&guarantee.id, &letter.document),
            media_type: crate::downloads::content_type(&format!("letter.{}", document.format)),
            size: document.size,
            md5: document.md5,
            sealed_at: letter.sealed_at,
            delivered_at: letter.delivered_at,
        });
    }
    Ok(letters)
}

/// The bid opening as the platform told it (开标).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpeningView {
    /// 开标时间
    opened_at: Timestamp,
    /// When the key came (收到密钥时间).
    key_received_at: Timestamp,
    /// When the plaintext letter has to be with the platform (明文保函送达期限).
    deadline: Timestamp,
}

impl OpeningView {
    pub(super) fn of(opening: &Opening) -> Self {
        Self {
            opened_at: opening.opened_at,
            key_received_at: opening.key_received_at,
            deadline: opening.deadline,
        }
    }
}

/// The schema of a kind of letter.
pub(in crate::api::guarantees) fn kinds() -> utoipa::openapi::schema::ObjectBuilder {
    words(LetterKind::ALL.map(LetterKind::name))
}

//! A file of evidence, for whoever takes it away: under a name of ours, as an attachment that no browser opens as a page. The
//! audit trail knows who did.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use serde_json::json;

use crate::console::acting::Acting;
use crate::console::{Console, Failure};
use crate::delivery::evidence::FileKind;
use crate::store::archive::ArchiveError;
use crate::store::{audit, evidence};

/// It may do nothing, also where somebody has the browser open it.
const POLICY: &str = "default-src 'none'; sandbox";

pub(super) async fn get(
    console: Data<Console>,
    acting: Acting,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = id.into_inner();
    let found = console.store.read(move |connection| evidence::find(connection, &id)).await?;
    let evidence = found.ok_or(Failure::NotFound)?;
    let file = evidence.file.ok_or(Failure::NotFound)?;
    let kind = FileKind::of_media_type(&file.media_type).ok_or(Failure::Internal)?;
    let bytes = console.archive.get(&file.document).await.map_err(|error| {
        tracing::error!(evidence = evidence.id, %error, "a file of evidence could not be read");
        match error {
            ArchiveError::Unavailable(_) => Failure::Busy,
            _ => Failure::Internal,
        }
    })?;
    let (of, at) = (evidence.of, console.clock.now());
    let detail = json!({ "evidence": evidence.id, "digest": file.document.to_string() });
    let entry = acting.entry("evidence.download", ("guarantee", of.guarantee.to_string()), detail);
    console.store.write(move |connection| audit::append(connection, &entry, at)).await?;
    let name = format!("evidence-{}-{}.{}", of.claim, of.item, kind.extension());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind.media_type()))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(bytes))
}

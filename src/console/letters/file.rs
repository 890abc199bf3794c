//! A letter's file, for whoever takes it away; the audit trail knows who did.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::found::Found;
use crate::console::acting::Acting;
use crate::console::{Console, Failure};
use crate::downloads::content_type;
use crate::store::audit;

pub(super) async fn get(
    console: Data<Console>,
    acting: Acting,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let (id, digest) = path.into_inner();
    let found = Found::letter(&console, &id, &digest).await?;
    let bytes = found.bytes(&console).await?;
    let name = found.name();
    let detail = json!({ "digest": digest, "file": name, "letter": found.document.letter.name() });
    let entry = acting.entry("letter.download", ("guarantee", id), detail);
    let at = console.clock.now();
    console.store.write(move |connection| audit::append(connection, &entry, at)).await?;
    // Numbers are a platform's, so that anything may stand in them.
    let shown = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    let plain = format!("letter.{}", found.document.format);
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{shown}");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type(&name)))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .body(bytes))
}

//! A platform's statement is handed in.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{BytesMut, Data, Payload, Query};
use futures_util::StreamExt;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use super::refusal;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::reconciliation::TheirFile;
use crate::reconciliation::import::ImportError;
use crate::reconciliation::reconciler::ImportRefused;
use crate::store::audit;

/// What the file in the body is about.
#[derive(Debug, Deserialize)]
pub(super) struct About {
    platform: String,
    /// A day in China.
    day: Date,
    /// The file's name.
    name: String,
}

/// Takes the file as it is; the page's script sends it with the fields of its form in the address. The answer says in
/// `Location` where the comparison is, or in a text of lines why there is none.
pub(super) async fn post(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    about: Query<About>,
    payload: Payload,
) -> Result<HttpResponse, Failure> {
    let About { platform, day, name } = about.into_inner();
    let limit = console.reconciler.options.file_bytes;
    let Some(bytes) = read(payload, limit).await? else {
        let found = limit.saturating_add(1);
        return refused(&frame, ImportError::TooLarge { limit, found }.into());
    };
    let platform = PlatformId::new(platform);
    let by = acting.operator.name.clone();
    let file = TheirFile { platform: platform.clone(), day, name: name.clone(), bytes, by };
    let now = frame.now;
    let compared = match console.reconciler.compare(file, now).await {
        Ok(compared) => compared,
        Err(error) => return refused(&frame, error),
    };
    let kept = console.store.write(move |connection| {
        let imported = compared.keep(connection)?;
        if imported.is_new {
            let kept = &imported.reconciliation;
            let detail = json!({
                "platform": platform.as_str(),
                "day": day.to_string(),
                "file": name,
                "theirs": kept.import.theirs,
                "ours": kept.import.ours,
                "differences": kept.differences.values().sum::<u64>(),
            });
            let subject = ("reconciliation", kept.id.to_string());
            let mut entry = acting.entry("reconciliation.import", subject, detail);
            entry.after = Some(kept.digest.to_string());
            audit::append(connection, &entry, now)?;
        }
        Ok(imported)
    });
    let imported = kept.await?;
    let status = if imported.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let place = format!("/reconciliations/{}", imported.reconciliation.id);
    Ok(HttpResponse::build(status).insert_header((LOCATION, place)).finish())
}

fn refused(frame: &Frame, error: ImportRefused) -> Result<HttpResponse, Failure> {
    let text = refusal::of_file(frame, error)?;
    Ok(HttpResponse::UnprocessableEntity().content_type("text/plain; charset=utf-8").body(text))
}

/// The body; None where it is longer than the limit.
async fn read(mut payload: Payload, limit: usize) -> Result<Option<Vec<u8>>, Failure> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Failure::NotUnderstood)?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body.to_vec()))
}

//! A list becomes a file that somebody takes away, and the audit trail knows who took what.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use tokio::task::spawn_blocking;

use super::acting::Acting;
use super::guard::Session;
use super::{Console, Failure, caller};
use crate::clock::china_time;
use crate::crypto::sm3;
use crate::spreadsheet::{Format, Sheet};
use crate::store::audit::{self, Entry};

/// Which kind of file is asked for: the field `format` of a list's address, beside its filters.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Wanted {
    pub format: Format,
}

/// Answers with a list as a file, once the trail has who took it: the list's id, the filter as the address has it, how many
/// rows, and the digest of the file.
///
/// A part of the console has a route such as `/queue/export`, which takes the query of its page and [`Wanted`], fills a
/// [`Sheet`] until [`Sheet::push`] says that there is no room, and ends with this. `list` names it in the trail and in the
/// name of the file: `queue`.
///
/// # Errors
/// When the file can't be made, or what is taken can't be recorded.
pub(super) async fn export(
    console: &Console,
    request: &HttpRequest,
    session: &Session,
    list: &'static str,
    format: Format,
    sheet: Sheet<'static>,
) -> Result<HttpResponse, Failure> {
    let now = console.clock.now();
    let (name, rows, is_cut) = (sheet.name(), sheet.len(), sheet.is_cut());
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, list, "a list could not be written as a file");
        Failure::Internal
    };
    let made = spawn_blocking(move || sheet.write(format, now)).await.map_err(|error| failed(&error))?;
    let file = made.map_err(|error| failed(&format!("{error:#}")))?;
    let digest = hex::encode(sm3::digest(&file));
    let acting = Acting { operator: session.operator.clone(), address: caller::address(request) };
    let detail = json!({
        "format": format.extension(),
        "filter": percent_decode_str(request.query_string()).decode_utf8_lossy(),
        "rows": rows,
        "cut": is_cut,
        "sm3": digest,
    });
    let entry = acting.entry("list.export", ("list", list.to_owned()), detail);
    let entry = Entry { after: Some(digest), ..entry };
    console.store.write(move |connection| audit::append(connection, &entry, now)).await?;
    let (at, extension) = (china_time(now).strftime("%Y%m%d-%H%M%S").to_string(), format.extension());
    // Browsers that know the second name take it; the first one is for all others.
    let shown = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let disposition = format!(
        "attachment; filename=\"{list}-{at}.{extension}\"; filename*=UTF-8''{shown}-{at}.{extension}"
    );
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.content_type()))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .body(file))
}

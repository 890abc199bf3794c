//! Our own statement of some days, as a file.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Query};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::{Console, Failure};
use crate::crypto::sm3;
use crate::domain::identity::PlatformId;
use crate::reconciliation::export::{self, Format};
use crate::reconciliation::statement::Period;
use crate::store::{StoreError, audit};

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    platform: String,
    /// The first and the last day, in China.
    from: Date,
    until: Date,
    format: Format,
}

pub(super) async fn get(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let Wanted { platform, from, until, format } = wanted.into_inner();
    let platform = PlatformId::new(platform);
    if console.platforms.find(&platform).is_none() {
        return Err(Failure::NotFound);
    }
    let period = Period::new(from, until, frame.now);
    let period = period.map_err(|_| Failure::Refused(frame.t("reconciliations.wrong_day").to_owned()))?;
    let mut file = Vec::new();
    let written = export::write(&console.store, &platform, period, format, &mut file).await;
    written.map_err(|error| match error.downcast::<StoreError>() {
        Ok(error) => error.into(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "a statement could not be written as a file");
            Failure::Internal
        }
    })?;
    let name = format!("{platform}-{from}-{until}.{}", format.extension());
    let digest = hex::encode(sm3::digest(&file));
    let detail = json!({
        "platform": platform.as_str(), "from": from.to_string(), "until": until.to_string(),
        "format": format.extension(), "sm3": digest,
    });
    let mut entry = acting.entry("list.export", ("list", "statement".to_owned()), detail);
    entry.after = Some(digest);
    let now = frame.now;
    console.store.write(move |connection| audit::append(connection, &entry, now)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.content_type()))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(file))
}

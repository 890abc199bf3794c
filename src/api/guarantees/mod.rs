//! Guarantees, from application to end: lists, one of them, its timeline, its documents.

mod cursor;
pub mod documents;
pub mod explanation;
pub mod list;
mod parameters;
mod query;
pub mod timeline;
pub mod view;

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use self::view::{GuaranteeView, Reader};
use super::act::no_guarantee;
use super::caller::Caller;
use super::problem::{Problem, ProblemBody};
use super::scope::Scope;
use super::{Api, etag};
use crate::casework::Platform;
use crate::domain::identity::GuaranteeId;
use crate::store::guarantees::Stored;
use crate::store::{Connection, StoreError, guarantees};

/// One guarantee
///
/// What the tender section and the beneficiary are is told from the opening on.
#[utoipa::path(
    get,
    path = "/api/v1/guarantees/{id}",
    tag = "guarantees",
    operation_id = "getGuarantee",
    params(("id" = String, Path, description = "The gateway's id of the guarantee"),
           ("If-None-Match" = Option<String>, Header, description = "Versions that the caller has already")),
    responses(
        (status = 200, body = GuaranteeView, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn read(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let reader = Reader::of(&caller, api.clock.now());
    let (version, shown) = of_guarantee(&api, &id, move |connection, platform, stored| {
        Ok((stored.version, view::of(connection, platform, &stored, reader)?))
    })
    .await?;
    let tag = etag::of(version);
    if etag::is_known(&request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(shown))
}

/// Reads something of the guarantee that a path names.
///
/// # Errors
/// When there is none of a platform that is in the settings, or the database fails.
async fn of_guarantee<T: Send + 'static>(
    api: &Api,
    id: &str,
    look: impl Fn(&mut Connection, &Platform, Stored) -> Result<T, StoreError> + Send + Sync + 'static,
) -> Result<T, Problem> {
    let none = || no_guarantee(&GuaranteeId::new(id));
    let (wanted, platforms) = (GuaranteeId::parse(id).ok_or_else(none)?, api.platforms.clone());
    let found = api.store.read(move |connection| {
        let Some(stored) = guarantees::find(connection, &wanted)? else { return Ok(None) };
        let Some(platform) = platforms.find(&stored.guarantee.platform) else { return Ok(None) };
        look(connection, &platform, stored).map(Some)
    });
    found.await?.ok_or_else(none)
}

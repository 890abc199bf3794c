//! Guarantees, from application to end: lists, one of them, its timeline, its documents.

pub mod view;

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use self::view::GuaranteeView;
use super::act::no_guarantee;
use super::caller::Caller;
use super::problem::{Problem, ProblemBody};
use super::scope::Scope;
use super::{Api, etag};
use crate::domain::identity::GuaranteeId;
use crate::store::guarantees;

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
    let (id, platforms) = (GuaranteeId::new(id.into_inner()), api.platforms.clone());
    let wanted = id.clone();
    let found = api.store.read(move |connection| {
        let Some(stored) = guarantees::find(connection, &wanted)? else { return Ok(None) };
        let shown = match platforms.find(&stored.guarantee.platform) {
            Some(platform) => view::of(connection, platform, &stored)?,
            None => return Ok(None),
        };
        Ok(Some((stored.version, shown)))
    });
    let (version, shown) = found.await?.ok_or_else(|| no_guarantee(&id))?;
    let tag = etag::of(version);
    if etag::is_known(&request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(shown))
}

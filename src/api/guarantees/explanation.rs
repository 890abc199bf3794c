//! Which rule gave which figure.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::of_guarantee;
use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::institution::rules::Explanation;

/// Which rule gives a guarantee which figure
///
/// What `baohan rules explain` prints: every key of underwriting with its value and where that comes from, the premium step
/// by step, and what the rules answer now. It says too why an application is declined, which applicants are not told.
#[utoipa::path(
    get,
    path = "/api/v1/guarantees/{id}/explanation",
    tag = "guarantees",
    operation_id = "getExplanation",
    params(("id" = String, Path, description = "The gateway's id of the guarantee")),
    responses(
        (status = 200, body = Explanation),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["read"]))
)]
pub(in crate::api) async fn get(
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let at = api.clock.now();
    let explained =
        of_guarantee(&api, &id, move |_, platform, stored| Ok(platform.rules.explain(&stored.guarantee, at)));
    Ok(HttpResponse::Ok().json(explained.await?))
}

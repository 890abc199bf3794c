//! The tokens that applicants carry from the platform to the institution.

use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::Body;
use super::caller::Caller;
use super::guarantees::view::stages;
use super::problem::{Code, Problem, ProblemBody};
use super::scope::Scope;
use super::values::uuid;
use crate::store::guarantees;

/// A token as it stood in the address.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Presented {
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"
    )]
    pub token: String,
}

/// Who carries it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Visitor {
    #[schema(schema_with = uuid)]
    pub guarantee_id: String,
    /// The platform's id in the settings.
    pub platform: String,
    /// The platform's number of the application (业务流水号).
    pub application_number: String,
    #[schema(schema_with = stages)]
    pub stage: &'static str,
    /// Until when the token holds.
    pub expires_at: Timestamp,
}

/// Verify a token
///
/// Changes nothing, so it needs no `Idempotency-Key`. A token that proves nothing is answered with `token-invalid` or
/// `token-expired`.
#[utoipa::path(
    post,
    path = "/api/v1/tokens/verification",
    tag = "tokens",
    operation_id = "verifyToken",
    request_body = Presented,
    responses(
        (status = 200, body = Visitor),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["tokens"]))
)]
pub(super) async fn verify(
    api: Data<Api>,
    caller: Caller,
    body: Body<Presented>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Tokens)?;
    let Some(redirects) = &api.redirects else {
        return Err(Problem::new(
            Code::TokenInvalid,
            "this gateway signs no tokens: `redirects.secret` is not set",
        ));
    };
    let verified = redirects.verify(&body.value.token, api.clock.now());
    let (visit, expires_at) = verified.map_err(Problem::of_token)?;
    let wanted = visit.guarantee.clone();
    let stored = api.store.read(move |connection| guarantees::find(connection, &wanted)).await?;
    let unknown = || Problem::new(Code::TokenInvalid, "the guarantee that the token names is not stored");
    let guarantee = stored.ok_or_else(unknown)?.guarantee;
    Ok(HttpResponse::Ok().json(Visitor {
        guarantee_id: guarantee.id.to_string(),
        platform: guarantee.platform.to_string(),
        application_number: guarantee.application.number.to_string(),
        stage: guarantee.stage.name(),
        expires_at,
    }))
}

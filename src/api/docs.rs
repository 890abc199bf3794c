//! The interface's description as the gateway hands it out, and the page that shows it.

use actix_web::http::header;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use utoipa_swagger_ui::{Config, serve};

use super::problem::{Problem, ProblemBody};
use super::{Api, at, caller, no_such_address, openapi};

/// The page's own files and the calls that it makes for whoever reads it; nothing from elsewhere.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// The page exists only where the settings switch it on; the description is there for it, and otherwise for callers with
/// a valid key.
pub(super) fn routes(config: &mut ServiceConfig, docs: bool) {
    config.service(at("/openapi.json").route(web::get().to(description)));
    if docs {
        config.service(at("/docs").route(web::get().to(to_the_page)));
        config.service(at("/docs/{file:.*}").route(web::get().to(page)));
    }
}

/// The description of this interface (OpenAPI 3.1)
///
/// Any valid key opens it; none is needed where the settings switch the page on that shows it (`api.docs`).
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "description",
    operation_id = "getDescription",
    responses(
        (status = 200, body = serde_json::Value, description = "The description"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security((), ("key" = []))
)]
pub(super) async fn description(request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Problem> {
    if !api.options.docs {
        caller::identify(&request).await?;
    }
    Ok(HttpResponse::Ok().content_type("application/json").body(openapi::text()))
}

/// The page's links are relative to a folder.
async fn to_the_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/api/v1/docs/")).finish()
}

async fn page(file: Path<String>) -> Result<HttpResponse, Problem> {
    let config = Config::from("/api/v1/openapi.json").try_it_out_enabled(false).persist_authorization(false);
    // Without a validator's address the page would ask one on the internet.
    let config = config.validator_url("none");
    let found = serve(&file, config.into()).ok().flatten().ok_or_else(no_such_address)?;
    Ok(HttpResponse::Ok()
        .content_type(found.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(found.bytes.into_owned()))
}

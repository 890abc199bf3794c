//! A template becomes an answer.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use askama::Template;

use super::Failure;

const HTML: &str = "text/html; charset=utf-8";

/// # Errors
/// When the template can't be filled, which none does.
pub(super) fn page(template: &impl Template) -> Result<HttpResponse, Failure> {
    let body = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be filled");
        Failure::Internal
    })?;
    Ok(HttpResponse::Ok().content_type(HTML).body(body))
}

/// After a form: the browser goes on to a page that may be loaded again.
pub(super) fn go_to(place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, place)).finish()
}

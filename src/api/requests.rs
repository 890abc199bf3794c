//! What holds for every request: its time for a body, headers of its answer, and that it is counted and, where it would
//! change something, logged.

use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use uuid::Uuid;

use super::caller::Caller;
use super::problem::Problem;
use super::{Api, limits, openapi};

/// # Errors
/// Those of the handler.
pub(super) async fn watch(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let (begun, api) = (Instant::now(), request.app_data::<Data<Api>>().cloned());
    if let Some(api) = &api {
        let payload = request.take_payload();
        request.set_payload(limits::within(Duration::from_secs(api.options.body_seconds), payload));
    }
    let mut response = next.call(request).await?;
    let resource = response.request().match_pattern();
    let headers = resource.as_deref().and_then(openapi::methods_of);
    add_headers(response.status(), headers, response.headers_mut());
    if let Some(api) = &api {
        let (method, status) = (method_name(response.request().method()), response.status().as_u16());
        api.metrics.api_answered(resource.as_deref(), method, status, begun.elapsed());
    }
    log(&response, resource.as_deref(), begun.elapsed());
    Ok(response)
}

/// What is told is meant for the caller alone.
fn add_headers(status: StatusCode, methods: Option<&str>, headers: &mut HeaderMap) {
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let methods = methods.and_then(|methods| HeaderValue::from_str(methods).ok());
    if let (StatusCode::METHOD_NOT_ALLOWED, Some(methods)) = (status, methods) {
        headers.insert(header::ALLOW, methods);
    }
}

/// One line for each act of a known caller, and nothing of what it said: only what the settings, the code and we
/// ourselves have named.
fn log(response: &ServiceResponse<impl MessageBody>, resource: Option<&str>, took: Duration) {
    let request = response.request();
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return;
    }
    let extensions = request.extensions();
    let Some(caller) = extensions.get::<Caller>() else { return };
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    let outcome = match problem {
        Some(problem) => problem.code.name(),
        None if response.headers().contains_key("idempotency-replayed") => "answered again",
        None => "done",
    };
    let below_guarantee = resource.is_some_and(|resource| resource.starts_with("/api/v1/guarantees/{id}"));
    let id = request.match_info().get("id").filter(|_| below_guarantee);
    let guarantee = id.and_then(|id| Uuid::try_parse(id).ok()).map(tracing::field::display);
    tracing::info!(
        client = caller.client,
        key.id = caller.key,
        guarantee.id = guarantee,
        resource,
        outcome,
        refusal = problem.and_then(|problem| problem.refusal),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "the core system asked for an act"
    );
}

/// A label: whatever else a caller writes is none.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

//! One id for everything that happens because of one request: in each log line, and in the answer's header, so
//! that a platform's engineer can quote it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use tracing::Instrument;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Below this path, whatever follows opens a document to anybody who reads it: it is not logged.
pub const SECRET_PATH: &str = "/files";

/// What is logged in its place.
const HIDDEN: &str = "/files/***";

/// The id of the request at hand; handlers find it in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

/// Gives a request its id, a span and an answer header: `App::new().wrap(from_fn(telemetry::trace))`. An id that the
/// sender brought is not taken over, because log lines must not carry what a stranger chose. Of the URL, only the
/// path is logged, since queries may hold personal data, and of that nothing below [`SECRET_PATH`].
///
/// # Errors
/// Those of the handler.
pub async fn trace(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = RequestId(Uuid::now_v7());
    request.extensions_mut().insert(id);
    let path = shown(request.path(), request.match_info().as_str());
    let span = tracing::info_span!("request", request.id = %id.0, method = %request.method(), path);
    #[cfg(feature = "otel")]
    follow(&span, request.headers());
    let mut response = next.call(request).instrument(span).await?;
    if let Ok(value) = HeaderValue::from_str(&id.0.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
    Ok(response)
}

/// Where a request belongs to a trace that began elsewhere, its span does too. Where nobody takes traces, it says so, and
/// there is nothing to do.
#[cfg(feature = "otel")]
fn follow(span: &tracing::Span, headers: &actix_web::http::header::HeaderMap) {
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    drop(span.set_parent(super::traces::begun_elsewhere(headers)));
}

/// The path as it was written, so that what a stranger puts into it stays encoded; but nothing of one that leads to a
/// secret as routes read it, where `%66iles` is `files`. Capitals or something before it make it no route of ours, but it
/// may still be a link that somebody wrote down wrongly, and that opens when it is put right.
fn shown<'a>(written: &'a str, routed: &str) -> &'a str {
    if routed.to_ascii_lowercase().contains(SECRET_PATH) { HIDDEN } else { written }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, HttpRequest, web};

    use super::*;

    #[actix_web::test]
    async fn handler_and_answer_share_one_id_which_the_sender_cannot_choose() {
        async fn show(request: HttpRequest) -> String {
            request.extensions().get::<RequestId>().unwrap().0.to_string()
        }
        let app = init_service(App::new().wrap(from_fn(trace)).route("/", web::get().to(show))).await;
        let request = TestRequest::get().uri("/").insert_header(("x-request-id", "forged\"id")).to_request();
        let response = call_service(&app, request).await;
        let header = response.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
        assert!(Uuid::try_parse(&header).is_ok(), "{header}");
        assert_eq!(read_body(response).await, header.as_bytes());
    }

    #[actix_web::test]
    async fn what_opens_a_document_is_not_shown() {
        let hidden = [
            "/files/TOKEN/a.ofd",
            "/files%2FTOKEN",
            "/Files/TOKEN",
            "/%66iles/TOKEN",
            "/gateway/files/TOKEN",
        ];
        let shown_of = |path: &str| {
            let request = TestRequest::with_uri(path).to_srv_request();
            shown(request.path(), request.match_info().as_str()).to_owned()
        };
        for path in hidden {
            assert_eq!(shown_of(path), "/files/***", "{path}");
        }
        for path in ["/platforms/p/apply", "/platforms/p%0Aforged%20line"] {
            assert_eq!(shown_of(path), path);
        }
    }

    #[actix_web::test]
    async fn two_requests_have_two_ids() {
        let app = init_service(
            App::new().wrap(from_fn(trace)).route("/", web::get().to(async || actix_web::HttpResponse::Ok())),
        )
        .await;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..2 {
            let response = call_service(&app, TestRequest::get().uri("/").to_request()).await;
            seen.insert(response.headers().get("x-request-id").unwrap().clone());
        }
        assert_eq!(seen.len(), 2);
    }
}

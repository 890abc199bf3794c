//! The listener that platforms push to. Every answer is the platform's own kind, whatever went wrong.

use std::time::Duration;

use actix_web::http::{Method, header};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::StreamExt;

use super::{Body, Intake, Push};
use crate::dialect::reply;
use crate::domain::identity::PlatformId;
use crate::telemetry::RequestId;

/// What a push may cost at most, before anything is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub body_bytes: usize,
    /// From the end of the header to the end of the body.
    pub body_time: Duration,
}

/// Routes: `POST /platforms/{platform}/{interface}`, and `POST /platforms/{platform}` where the body names the
/// interface. Other methods are told that it has to be POST.
pub fn configure(config: &mut ServiceConfig, intake: Intake, limits: Limits) {
    config
        .app_data(Data::new(intake))
        .app_data(Data::new(limits))
        .route("/platforms/{platform}/{interface}", web::route().to(receive))
        .route("/platforms/{platform}", web::route().to(receive));
}

/// Whatever is not a route: strangers learn nothing, a platform with a wrong path learns what is wrong.
pub async fn no_such_route() -> HttpResponse {
    HttpResponse::NotFound().insert_header(JSON).body(reply::unknown_platform("接口地址不存在"))
}

const JSON: (header::HeaderName, &str) = (header::CONTENT_TYPE, "application/json; charset=UTF-8");

async fn receive(
    request: HttpRequest,
    payload: Payload,
    intake: Data<Intake>,
    limits: Data<Limits>,
) -> HttpResponse {
    let path = |name| request.match_info().get(name).map(str::to_owned);
    let platform = PlatformId::new(path("platform").unwrap_or_default());
    // A few platforms send the digest in a header of their own.
    let known = intake.platforms.find(&platform);
    let digest_header = known
        .as_ref()
        .and_then(|known| known.profile.digest_header())
        .and_then(|name| text_of(&request, name));
    let push = Push {
        platform,
        interface: path("interface"),
        content_type: text_of(&request, header::CONTENT_TYPE.as_str()),
        body: match *request.method() {
            Method::POST => read(payload, **limits).await,
            _ => Body::NotPosted,
        },
        peer: request.peer_addr().map(|peer| peer.ip().to_string()),
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.to_string()).unwrap_or_default(),
        digest: digest_header,
    };
    HttpResponse::Ok().insert_header(JSON).body(intake.receive(push).await)
}

fn text_of(request: &HttpRequest, header: &str) -> Option<String> {
    request.headers().get(header).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Reads the body within the limits; a peer that stops sending loses its turn, not a worker.
async fn read(mut payload: Payload, limits: Limits) -> Body {
    let mut body = Vec::new();
    let reading = async {
        while let Some(chunk) = payload.next().await {
            let Ok(chunk) = chunk else { return Some(false) };
            if body.len() + chunk.len() > limits.body_bytes {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        Some(true)
    };
    match tokio::time::timeout(limits.body_time, reading).await {
        Ok(Some(true)) => Body::Whole(body),
        Ok(None) => Body::TooLarge { limit: limits.body_bytes },
        Ok(Some(false)) | Err(_) => Body::Unfinished(body),
    }
}

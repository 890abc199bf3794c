//! The listener that platforms push to. Every answer is the platform's own kind, whatever went wrong; only whoever is not let
//! in is not spoken to.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::StreamExt;

use super::{Body, Intake, Push};
use crate::dialect::reply;
use crate::domain::identity::PlatformId;
use crate::edge::{Caller, Gate, LimitOptions};
use crate::telemetry::RequestId;

/// What a push may cost at most, before anything is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of interfaces that have no length of their own.
    body_bytes: usize,
    /// From the end of the header to the end of the body, of one that is no longer than a usual one.
    body_time: Duration,
    /// A longer body has a further second for so many bytes.
    body_rate: NonZeroU32,
}

impl Limits {
    pub fn new(body_bytes: usize, body_seconds: u64, options: &LimitOptions) -> Self {
        let body_time = Duration::from_secs(body_seconds);
        Self { body_bytes, body_time, body_rate: options.body_bytes_per_second }
    }
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

/// Who may not come in is turned away before a byte of the body is read.
async fn receive(
    request: HttpRequest,
    payload: Payload,
    intake: Data<Intake>,
    limits: Data<Limits>,
) -> HttpResponse {
    let address = intake.edge.address(&request);
    let mut push = head(&request, &intake, address);
    if let Err(wait) = intake.edge.admit(address) {
        return too_many(intake.limited(&push), wait);
    }
    let gate = intake.edge.gate(&push.platform);
    let admitted = match gate {
        Some(gate) => gate.admit(address, request.conn_data::<Caller>()),
        None if intake.edge.may_be_somebody(address) => Ok(()),
        None => Err(crate::edge::Stranger::Address),
    };
    if let Err(stranger) = admitted {
        intake.edge.failed(address);
        intake.refuse_entry(push, stranger).await;
        return HttpResponse::Forbidden().force_close().finish();
    }
    if let Some(Err(wait)) = gate.map(Gate::push) {
        return too_many(intake.limited(&push), wait);
    }
    if request.method() == Method::POST {
        push.body = read(&request, payload, gate, push.interface.as_deref(), **limits).await;
    }
    let whole = matches!(push.body, Body::Whole(_));
    let answered = intake.receive(push).await;
    if answered.is_strangers {
        intake.edge.failed(address);
    }
    let mut answer = HttpResponse::Ok();
    // What was not read of this request must not be read as the next one.
    if !whole {
        answer.force_close();
    }
    answer.insert_header(JSON).body(answered.answer)
}

/// A push without its body.
fn head(request: &HttpRequest, intake: &Intake, address: Option<IpAddr>) -> Push {
    let path = |name| request.match_info().get(name).map(str::to_owned);
    let platform = PlatformId::new(path("platform").unwrap_or_default());
    // A few platforms send the digest in a header of their own.
    let known = intake.platforms.find(&platform);
    let digest_header = known
        .as_ref()
        .and_then(|known| known.profile.digest_header())
        .and_then(|name| text_of(request, name));
    Push {
        platform,
        interface: path("interface"),
        content_type: text_of(request, header::CONTENT_TYPE.as_str()),
        body: Body::NotPosted,
        peer: address.map(|address| address.to_string()),
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.to_string()).unwrap_or_default(),
        digest: digest_header,
    }
}

/// A status and the platform's own failure: a client that looks at the status waits and comes again, and one that looks at
/// the body alone finds no success in it.
fn too_many(answer: Vec<u8>, wait: Duration) -> HttpResponse {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    HttpResponse::build(StatusCode::TOO_MANY_REQUESTS)
        .force_close()
        .insert_header((header::RETRY_AFTER, seconds))
        .insert_header(JSON)
        .body(answer)
}

fn text_of(request: &HttpRequest, header: &str) -> Option<String> {
    request.headers().get(header).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Reads the body within the limits; a peer that stops sending, or trickles, loses its turn, not a worker.
async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    gate: Option<&Gate>,
    interface: Option<&str>,
    limits: Limits,
) -> Body {
    let own = gate.zip(interface).and_then(|(gate, interface)| gate.body_bytes(interface));
    let limit = own.unwrap_or(limits.body_bytes);
    let announced = text_of(request, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Body::TooLarge { limit };
    }
    let begun = tokio::time::Instant::now();
    let mut body = Vec::new();
    loop {
        let earned = u64::try_from(body.len()).unwrap_or(u64::MAX) / u64::from(limits.body_rate.get());
        let end = begun + limits.body_time + Duration::from_secs(earned);
        match tokio::time::timeout_at(end, payload.next()).await {
            Ok(Some(Ok(chunk))) if body.len() + chunk.len() > limit => return Body::TooLarge { limit },
            Ok(Some(Ok(chunk))) => body.extend_from_slice(&chunk),
            Ok(None) => return Body::Whole(body),
            Ok(Some(Err(_))) | Err(_) => return Body::Unfinished(body),
        }
    }
}

//! The platform's HTTP side: the interfaces that institutions call, with the fault script in front of them.

use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, Stream, StreamExt};

use super::Platform;
use super::connection;
use super::faults::Act;
use super::journal::{Direction, Entry, Outcome};
use super::receive::Reply;
use crate::clock::Clock;

/// Requests beyond this are refused; a slice is about a megabyte.
const LARGEST_REQUEST: usize = 32 << 20;
const MAINTENANCE_PAGE: &str = "<!DOCTYPE html><html><body><h1>系统维护中</h1></body></html>";

/// The routes of A.2 to A.15; the path is the one of the vendor's installations.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/rest/gbsapi/{interface}", web::post().to(interface));
}

async fn interface(
    request: HttpRequest,
    path: Path<String>,
    mut payload: Payload,
    platform: Data<Platform>,
) -> HttpResponse {
    let name = path.into_inner();
    let act = platform.faults.incoming(&name);
    if act == Some(Act::Reset) {
        let read = payload.next().await.and_then(Result::ok).map_or(0, |part| part.len());
        platform.note_fault(&name, "reset", read);
        connection::cut(&request);
        return HttpResponse::InternalServerError().finish();
    }
    let body = match payload.to_bytes_limited(LARGEST_REQUEST).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return answer(Reply::refusal(format!("报文读取失败：{error}")).body()),
        Err(_) => return answer(Reply::refusal("报文过大").body()),
    };
    let Some(act) = act else {
        return answer(received(&platform, name, body, None).await);
    };
    let clock = platform.options.clock.clone();
    match act {
        Act::Late(milliseconds) => {
            let reply = received(&platform, name, body, Some(format!("late by {milliseconds} ms"))).await;
            clock.wait(Duration::from_millis(milliseconds)).await;
            answer(reply)
        }
        Act::Slow(milliseconds) => {
            let reply = received(&platform, name, body, Some(format!("slow, over {milliseconds} ms"))).await;
            json().body(SizedStream::new(length(&reply), drip(reply, milliseconds, clock)))
        }
        Act::AcceptButReset => {
            let reply = received(&platform, name, body, Some("accepted, then reset".to_owned())).await;
            connection::cut(&request);
            answer(reply)
        }
        Act::HalfAnswer => {
            let reply = received(&platform, name, body, Some("half an answer".to_owned())).await;
            json().body(SizedStream::new(length(&reply), half(reply)))
        }
        Act::Status(status) => {
            platform.note_fault(&name, &format!("status {status}"), body.len());
            HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
                .finish()
        }
        Act::Refuse(message) => {
            if name == "baohanfilecompletenotice" {
                platform.settle(&body);
            }
            platform.note_fault(&name, &format!("refused: {message}"), body.len());
            answer(Reply::refusal(message).body())
        }
        Act::Html200 | Act::Reset | Act::DuplicatePush | Act::WrongKeyFirst => {
            platform.note_fault(&name, "a page of HTML", body.len());
            HttpResponse::Ok().content_type("text/html; charset=utf-8").body(MAINTENANCE_PAGE)
        }
    }
}

impl Platform {
    /// Enters a request that the fault script has kept from having any effect.
    fn note_fault(&self, name: &str, act: &str, bytes: usize) {
        self.journal.enter(
            self.options.clock.now(),
            Entry {
                direction: Direction::Received,
                interface: name.to_owned(),
                applyno: None,
                outcome: Outcome::Faulted(act.to_owned()),
                effect: None,
                duplicate: false,
                bytes,
            },
        );
    }
}

/// Handles a body on a thread that may take its time, since libsm does, and gives the answer's body.
async fn received(platform: &Data<Platform>, name: String, body: Bytes, fault: Option<String>) -> String {
    let platform = Data::clone(platform);
    match web::block(move || platform.receive(&name, &body, fault)).await {
        Ok(reply) => reply.body(),
        Err(_) => Reply::refusal("系统繁忙").body(),
    }
}

fn json() -> actix_web::HttpResponseBuilder {
    let mut builder = HttpResponse::Ok();
    builder.content_type("application/json; charset=UTF-8");
    builder
}

fn answer(body: String) -> HttpResponse {
    json().body(body)
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// The answer in ten pieces or fewer, spread over the given time.
fn drip(reply: String, milliseconds: u64, clock: Clock) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let piece = reply.len().div_ceil(10).max(1);
    let pieces = u32::try_from(reply.len().div_ceil(piece)).unwrap_or(10).max(1);
    let pause = Duration::from_millis(milliseconds) / pieces;
    stream::unfold((Bytes::from(reply), clock), move |(mut rest, clock)| async move {
        if rest.is_empty() {
            return None;
        }
        clock.wait(pause).await;
        let next = rest.split_to(piece.min(rest.len()));
        Some((Ok(next), (rest, clock)))
    })
}

/// The first half of the answer, then a failure that closes the connection.
fn half(reply: String) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let mut first = Bytes::from(reply);
    first.truncate(first.len() / 2);
    let cut = std::io::Error::new(
        std::io::ErrorKind::ConnectionReset,
        "the fault script closes the connection here",
    );
    stream::iter([Ok(first), Err(cut)])
}

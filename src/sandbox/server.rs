//! A platform's HTTP side: the interfaces that institutions call, with the fault script in front of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{self, Bytes, Data, Path, Payload};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Context;
use futures_util::stream::{self, Stream, StreamExt};

use super::faults::Act;
use super::{Play, connection, control};
use crate::clock::Clock;
use crate::supervise;

/// Requests beyond this are refused; a slice is about a megabyte, a whole letter some.
const LARGEST_REQUEST: usize = 32 << 20;
const MAINTENANCE_PAGE: &str = "<!DOCTYPE html><html><body><h1>系统维护中</h1></body></html>";

/// A server that is listening.
#[derive(Clone)]
pub struct Server {
    handle: ServerHandle,
    pub address: SocketAddr,
}

impl Server {
    /// Begins to serve a platform's interfaces and its control endpoints.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start<P: Play>(platform: Arc<P>, listen: SocketAddr) -> anyhow::Result<Self> {
        let data = Data::from(platform);
        let server = HttpServer::new(move || {
            // Some name the interface in the body, and their path ends with the slash.
            let interfaces = format!("{}/{{interface:[^/]*}}", P::PATH);
            App::new()
                .app_data(data.clone())
                .route(&interfaces, web::post().to(interface::<P>))
                .configure(control::routes::<P>)
        })
        .workers(2)
        .disable_signals()
        .shutdown_timeout(1)
        .on_connect(connection::remember)
        .bind(listen)
        .with_context(|| format!("the sandbox cannot listen on `{listen}`"))?;
        let address = server.addrs().first().copied().context("the sandbox listens on no address")?;
        let server = server.run();
        let handle = server.handle();
        drop(supervise::spawn("sandbox server", server));
        Ok(Self { handle, address })
    }

    /// Stops listening; requests that are being answered have a second to end.
    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }
}

async fn interface<P: Play>(
    request: HttpRequest,
    path: Path<String>,
    mut payload: Payload,
    platform: Data<P>,
) -> HttpResponse {
    let name = path.into_inner();
    let desk = platform.desk();
    let act = desk.faults.incoming(&name);
    if act == Some(Act::Reset) {
        let read = payload.next().await.and_then(Result::ok).map_or(0, |part| part.len());
        desk.note_fault(&name, "reset", read);
        connection::cut(&request);
        return HttpResponse::InternalServerError().finish();
    }
    let body = match payload.to_bytes_limited(LARGEST_REQUEST).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return answer(platform.refusal(&format!("报文读取失败：{error}"))),
        Err(_) => return answer(platform.refusal("报文过大")),
    };
    let Some(act) = act else {
        return answer(received(&platform, name, body, None).await);
    };
    let clock = desk.clock.clone();
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
            json().body(SizedStream::new(length(&reply), half(reply, clock)))
        }
        Act::Status(status) => {
            desk.note_fault(&name, &format!("status {status}"), body.len());
            HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
                .finish()
        }
        Act::Busy(seconds) => {
            desk.note_fault(&name, &format!("busy for {seconds} s"), body.len());
            HttpResponse::TooManyRequests().insert_header((RETRY_AFTER, seconds)).finish()
        }
        Act::Refuse(message) => {
            platform.refused_by_script(&name, &body);
            desk.note_fault(&name, &format!("refused: {message}"), body.len());
            answer(platform.refusal(&message))
        }
        Act::Html200 | Act::Reset | Act::DuplicatePush | Act::WrongKeyFirst | Act::WrongSignature => {
            desk.note_fault(&name, "a page of HTML", body.len());
            HttpResponse::Ok().content_type("text/html; charset=utf-8").body(MAINTENANCE_PAGE)
        }
    }
}

async fn received<P: Play>(platform: &Data<P>, name: String, body: Bytes, fault: Option<String>) -> String {
    P::receive(Arc::clone(platform), name, body, fault).await
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
fn half(reply: String, clock: Clock) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let mut first = Bytes::from(reply);
    first.truncate(first.len() / 2);
    let cut = async move {
        // The server writes what it has only while it waits for more.
        clock.wait(Duration::from_millis(20)).await;
        Err(std::io::Error::new(
            std::io::ErrorKind::ConnectionReset,
            "the fault script closes the connection here",
        ))
    };
    stream::iter([Ok(first)]).chain(stream::once(cut))
}

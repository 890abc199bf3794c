//! A simulated signing service of a certificate authority, written a second time from `deploy/SIGNING.md`: it signs with
//! libsm, remembers every byte that it was sent, and fails as its fault script says.

mod key_file;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, RETRY_AFTER};
use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::json;

use super::connection;
use super::faults::{Act, Fault, Faults};
use crate::clock::Clock;
use crate::crypto::second_opinion::KeyPair;
use crate::supervise;

pub use key_file::read as read_key;

/// What requests are called in a fault script.
pub const CERTIFICATE: &str = "certificate";
pub const SIGNATURE: &str = "signature";

/// A request for a signature is some 200 bytes.
const LARGEST_REQUEST: usize = 4096;
const MAINTENANCE_PAGE: &str = "<!DOCTYPE html><html><body><h1>系统维护中</h1></body></html>";

/// What the service is made of.
pub struct SigningServiceOptions {
    pub listen: SocketAddr,
    /// What clients call the key.
    pub name: String,
    pub token: String,
    pub key: KeyPair,
    /// The certificate of the key, as PEM.
    pub certificate: String,
    /// Signatures as `r‖s` instead of DER.
    pub raw: bool,
}

/// A request as it came, and the status that it was answered with.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub body: Vec<u8>,
    pub status: u16,
}

/// A running service; clones share it.
#[derive(Clone)]
pub struct SigningService {
    shared: Arc<Shared>,
    handle: ServerHandle,
    address: SocketAddr,
}

struct Shared {
    name: String,
    token: String,
    key: KeyPair,
    certificate: String,
    raw: bool,
    clock: Clock,
    faults: Faults,
    /// By the request's id.
    signed: Mutex<HashMap<String, Signed>>,
    journal: Mutex<Vec<Asked>>,
}

/// What a request was about, and the signature that it got.
struct Signed {
    digest: [u8; 32],
    der: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureRequest {
    request_id: String,
    algorithm: String,
    digest: String,
    digest_of: String,
}

impl SigningService {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start(options: SigningServiceOptions, clock: &Clock) -> anyhow::Result<Self> {
        let SigningServiceOptions { listen, name, token, key, certificate, raw } = options;
        let shared = Arc::new(Shared {
            name,
            token,
            key,
            certificate,
            raw,
            clock: clock.clone(),
            faults: Faults::default(),
            signed: Mutex::default(),
            journal: Mutex::default(),
        });
        let data = Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(LARGEST_REQUEST))
                .route("/v1/keys/{key}", web::get().to(about_key))
                .route("/v1/keys/{key}/signatures", web::post().to(signature))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .on_connect(connection::remember)
        .bind(listen)
        .with_context(|| format!("the signing service cannot listen on `{listen}`"))?;
        let address = *server.addrs().first().context("the signing service listens on no address")?;
        let server = server.run();
        let handle = server.handle();
        drop(supervise::spawn("sandboxed signing service", server));
        Ok(Self { shared, handle, address })
    }

    /// What stands before `/v1/keys/`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts a fault script in force; the interfaces are [`CERTIFICATE`] and [`SIGNATURE`].
    pub fn script(&self, faults: Vec<Fault>) {
        self.shared.faults.set(faults);
    }

    /// Every request so far, those that were not answered as well.
    pub fn journal(&self) -> Vec<Asked> {
        lock(&self.shared.journal).clone()
    }

    /// Stops listening; requests that are being answered have a second to end.
    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn about_key(request: HttpRequest, key: Path<String>, service: Data<Shared>) -> HttpResponse {
    let answer = || {
        let answer = json!({ "key": service.name, "algorithm": "SM2", "certificate": service.certificate });
        HttpResponse::Ok().json(answer)
    };
    service.answered(&request, &key, &Bytes::new(), CERTIFICATE, answer).await
}

async fn signature(
    request: HttpRequest,
    key: Path<String>,
    body: Bytes,
    service: Data<Shared>,
) -> HttpResponse {
    service.answered(&request, &key, &body, SIGNATURE, || service.sign(&body, false)).await
}

impl Shared {
    /// Lets the fault script have its way, and enters the request into the journal.
    async fn answered(
        &self,
        request: &HttpRequest,
        key: &str,
        body: &Bytes,
        interface: &str,
        answer: impl Fn() -> HttpResponse,
    ) -> HttpResponse {
        let permitted = || self.objection(request, key).unwrap_or_else(&answer);
        let answer = match self.faults.incoming(interface) {
            None => permitted(),
            Some(Act::Late(milliseconds) | Act::Slow(milliseconds)) => {
                let answer = permitted();
                self.clock.wait(Duration::from_millis(milliseconds)).await;
                answer
            }
            Some(Act::Status(status)) => {
                HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
                    .json(json!({ "error": "as the script says" }))
            }
            Some(Act::Busy(seconds)) => HttpResponse::TooManyRequests()
                .insert_header((RETRY_AFTER, seconds))
                .json(json!({ "error": "too many signatures" })),
            Some(Act::Refuse(message)) => {
                HttpResponse::UnprocessableEntity().json(json!({ "error": message }))
            }
            Some(Act::WrongSignature) => {
                self.objection(request, key).unwrap_or_else(|| self.sign(body, true))
            }
            Some(Act::Reset) => {
                connection::cut(request);
                HttpResponse::InternalServerError().finish()
            }
            Some(Act::AcceptButReset | Act::HalfAnswer) => {
                let answer = permitted();
                connection::cut(request);
                answer
            }
            Some(Act::Html200 | Act::DuplicatePush | Act::WrongKeyFirst) => {
                HttpResponse::Ok().content_type("text/html; charset=utf-8").body(MAINTENANCE_PAGE)
            }
        };
        let status = answer.status().as_u16();
        lock(&self.journal).push(Asked { path: request.path().to_owned(), body: body.to_vec(), status });
        answer
    }

    /// What is wrong with who asks, or with the key that is asked for.
    fn objection(&self, request: &HttpRequest, key: &str) -> Option<HttpResponse> {
        let said = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if said != Some(format!("Bearer {}", self.token).as_str()) {
            return Some(HttpResponse::Unauthorized().json(json!({ "error": "unknown token" })));
        }
        (key != self.name).then(|| HttpResponse::NotFound().json(json!({ "error": "no such key" })))
    }

    /// Signs, or says again what the same request got before. A wrong signature is one over another digest.
    fn sign(&self, body: &[u8], wrong: bool) -> HttpResponse {
        let unfit = |problem: &str| HttpResponse::UnprocessableEntity().json(json!({ "error": problem }));
        let Ok(request) = serde_json::from_slice::<SignatureRequest>(body) else {
            return unfit("the request is not of this protocol");
        };
        if request.algorithm != "SM2" || request.digest_of != "SM3(ZA||M)" {
            return unfit("unknown algorithm or digest");
        }
        let digest = BASE64.decode(&request.digest).ok().and_then(|digest| <[u8; 32]>::try_from(digest).ok());
        let Some(digest) = digest else { return unfit("expected a digest of 32 bytes") };
        let mut signed = lock(&self.signed);
        let der = match signed.get(&request.request_id) {
            Some(before) if before.digest == digest && !wrong => before.der.clone(),
            Some(before) if before.digest != digest => {
                return HttpResponse::Conflict().json(json!({ "error": "the id belongs to another digest" }));
            }
            _ => {
                let over = if wrong { [0; 32] } else { digest };
                let Ok(der) = self.key.sign_digest(&over) else { return unfit("the key cannot sign") };
                signed.insert(request.request_id, Signed { digest, der: der.clone() });
                der
            }
        };
        if self.raw {
            let Some(raw) = key_file::numbers(&der) else {
                return unfit("the signature cannot be taken apart");
            };
            return HttpResponse::Ok().json(json!({ "form": "raw", "signature": BASE64.encode(raw) }));
        }
        HttpResponse::Ok().json(json!({ "form": "der", "signature": BASE64.encode(der) }))
    }
}

#[cfg(test)]
mod tests;

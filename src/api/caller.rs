//! Who calls, and what the key allows.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{Ready, ready};

use super::Api;
use super::problem::{Code, Problem};
use super::scope::Scope;
use crate::store::api_keys::{self, ApiKey, KeyRecord};
use crate::supervise;

/// Whose request it is. Handlers take it as an argument and say what it has to be allowed.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The name that the keys of one client share.
    pub client: String,
    /// The id of the key, as it is listed and revoked.
    pub key: String,
    scopes: Vec<Scope>,
}

impl Caller {
    fn of(record: KeyRecord) -> Self {
        // A scope that a later version knew opens nothing here.
        let scopes = record.scopes.iter().filter_map(|name| name.parse().ok()).collect();
        Self { client: record.client, key: record.id, scopes }
    }

    /// # Errors
    /// When the key is not for this part of the interface.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, format!("expected a key with the scope `{scope}`")))
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(unauthenticated))
    }
}

/// Finds out who calls before anything else is looked at.
///
/// # Errors
/// Those of the handler; without a valid key the answer is a [`Problem`].
pub(super) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match identify(request.request()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// Who calls, if the key is valid and the client has a request left.
///
/// # Errors
/// When no valid key is shown, or too often.
pub(super) async fn identify(request: &HttpRequest) -> Result<Caller, Problem> {
    let Some(api) = request.app_data::<Data<Api>>() else { return Err(unauthenticated()) };
    let peer = request.peer_addr().map(|peer| peer.ip());
    let Some(key) = presented(request) else { return Err(failed(api, peer)) };
    let (hash, now) = (key.hash(), api.clock.now());
    if !api.limits.is_known(&hash) {
        api.limits.may_try(peer).map_err(|wait| too_many_attempts(api, wait))?;
    }
    let found = api.store.read(move |connection| api_keys::find(connection, &key)).await?;
    let Some(record) = found.filter(|record| record.is_valid(now)) else {
        api.limits.forget(&hash);
        return Err(failed(api, peer));
    };
    api.limits.know(hash);
    api.limits.request(&record.client).map_err(|wait| {
        api.metrics.api_limited("client");
        let detail = format!("client `{}` has sent more requests than the settings allow", record.client);
        Problem::limited(wait, detail)
    })?;
    if record.use_is_news(now) {
        note_use(api, record.id.clone());
    }
    Ok(Caller::of(record))
}

/// The key in `Authorization: Bearer`.
fn presented(request: &HttpRequest) -> Option<ApiKey> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| ApiKey::presented(key.trim()))
}

/// What an attempt without a valid key is answered.
fn failed(api: &Api, peer: Option<IpAddr>) -> Problem {
    match api.limits.failed(peer) {
        Ok(()) => unauthenticated(),
        Err(wait) => too_many_attempts(api, wait),
    }
}

fn too_many_attempts(api: &Api, wait: Duration) -> Problem {
    api.metrics.api_limited("peer");
    Problem::limited(wait, "too many attempts without a valid key came from this address")
}

/// Behind the request: nobody waits for the note.
fn note_use(api: &Api, key: String) {
    let (store, now) = (api.store.clone(), api.clock.now());
    drop(supervise::spawn("note of a key's use", async move {
        if let Err(error) = store.write(move |connection| api_keys::note_use(connection, &key, now)).await {
            tracing::warn!(%error, "the use of an API key could not be noted");
        }
    }));
}

fn unauthenticated() -> Problem {
    Problem::new(Code::Unauthenticated, "expected `Authorization: Bearer` with a valid key")
}

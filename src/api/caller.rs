//! Who calls, and what the key allows.

use actix_web::body::MessageBody;
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
/// A [`Problem`] where no valid key is presented; else those of the handler.
pub(super) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(api) = request.app_data::<Data<Api>>().cloned() else { return Err(unauthenticated().into()) };
    let caller = identify(&api, &request).await?;
    request.extensions_mut().insert(caller);
    next.call(request).await
}

async fn identify(api: &Api, request: &ServiceRequest) -> Result<Caller, Problem> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, key) = header.and_then(|text| text.split_once(' ')).ok_or_else(unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unauthenticated());
    }
    let (key, now) = (ApiKey::presented(key.trim()), api.clock.now());
    let found = api.store.read(move |connection| api_keys::find(connection, &key)).await?;
    let record = found.filter(|record| record.is_valid(now)).ok_or_else(unauthenticated)?;
    if record.use_is_news(now) {
        note_use(api, record.id.clone());
    }
    Ok(Caller::of(record))
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

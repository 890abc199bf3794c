//! How the core system changes something: once per key of idempotency, on the version that it expects, and answered with
//! what came of it, all in one transaction.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;

use super::Api;
use super::caller::Caller;
use super::etag::{self, Expected};
use super::guarantees::view;
use super::problem::{Code, Problem};
use crate::casework::{self, Platform, tellable};
use crate::crypto::sm3;
use crate::domain::identity::GuaranteeId;
use crate::domain::{Command, Guarantee};
use crate::store::api_answers::{self, AnswerKey, StoredAnswer};
use crate::store::{Connection, StoreError, guarantees};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// As long as a key may be.
const LONGEST_KEY: usize = 255;

/// A request that changes something, as far as its body does not matter.
#[derive(Clone, Debug)]
pub(super) struct Request {
    key: AnswerKey,
    api_key: String,
    fingerprint: String,
    expected: Expected,
}

impl Request {
    /// # Errors
    /// When there is no key of idempotency, or none that can be one.
    pub(super) fn read(request: &HttpRequest, caller: &Caller, body: &[u8]) -> Result<Self, Problem> {
        let header = request.headers().get(IDEMPOTENCY_KEY);
        let missing = || {
            let expected = "expected a header `Idempotency-Key` of 1 to 255 visible characters";
            Problem::new(Code::IdempotencyKeyMissing, expected)
        };
        let text = header.and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
        let sound =
            (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let key = sound.then(|| text.to_owned()).ok_or_else(missing)?;
        let mut said = format!("{} {}\n", request.method(), request.uri()).into_bytes();
        said.extend_from_slice(body);
        Ok(Self {
            key: AnswerKey { client: caller.client.clone(), idempotency_key: key },
            api_key: caller.key.clone(),
            fingerprint: hex::encode(sm3::digest(&said)),
            expected: Expected::of(request),
        })
    }

    /// The answer that this request got before.
    fn answered(&self, connection: &mut Connection) -> Result<Option<Result<Answer, Problem>>, StoreError> {
        let Some(stored) = api_answers::find(connection, &self.key)? else { return Ok(None) };
        if stored.fingerprint != self.fingerprint {
            let detail = "the key was used for another method, path or body before";
            return Ok(Some(Err(Problem::new(Code::IdempotencyKeyReused, detail))));
        }
        Ok(Some(Ok(Answer { stored, again: true })))
    }
}

/// What a request was answered, now or before.
pub(super) struct Answer {
    stored: StoredAnswer,
    again: bool,
}

impl From<Answer> for HttpResponse {
    fn from(Answer { stored, again }: Answer) -> Self {
        let mut response = Self::build(StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK));
        response.content_type("application/json");
        if let Some(tag) = stored.etag {
            response.insert_header((header::ETAG, tag));
        }
        if again {
            response.insert_header(("idempotency-replayed", "true"));
        }
        response.body(stored.body)
    }
}

/// Does something once per key of idempotency; what it answers is stored with what it did.
///
/// # Errors
/// The work's own problem, after which nothing is changed and the request may be sent again.
pub(super) async fn once(
    api: &Api,
    request: Request,
    work: impl Fn(&mut Connection) -> Result<Result<Done, Problem>, StoreError> + Send + Sync + 'static,
) -> Result<HttpResponse, Problem> {
    let at = api.clock.now();
    let answer = api.store.write(move |connection| {
        if let Some(answered) = request.answered(connection)? {
            return Ok(answered);
        }
        let done = match work(connection)? {
            Ok(done) => done,
            Err(problem) => return Ok(Err(problem)),
        };
        let stored = StoredAnswer {
            fingerprint: request.fingerprint.clone(),
            status: done.status.as_u16(),
            etag: done.etag,
            body: done.body,
        };
        let guarantee = done.guarantee.as_ref();
        api_answers::insert(connection, &request.key, &request.api_key, guarantee, &stored, at)?;
        Ok(Ok(Answer { stored, again: false }))
    });
    answer.await?.map(HttpResponse::from)
}

/// What came of a request.
pub(super) struct Done {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub body: Vec<u8>,
    pub guarantee: Option<GuaranteeId>,
}

/// Carries out on a guarantee what `commands` makes of a request, and answers with the guarantee as it stands then.
/// Nothing may have been written before a problem: what the domain refuses undoes the transaction.
///
/// # Errors
/// As [`once`]; also where there is no such guarantee, or the caller expects another version of it.
pub(super) async fn on_guarantee(
    api: &Api,
    request: Request,
    id: GuaranteeId,
    commands: impl Fn(&Platform, &Guarantee, Timestamp) -> Result<Vec<Command>, Problem> + Send + Sync + 'static,
) -> Result<HttpResponse, Problem> {
    let (platforms, at, expected) = (api.platforms.clone(), api.clock.now(), request.expected.clone());
    once(api, request, move |connection| {
        let Some(known) = guarantees::find(connection, &id)? else { return Ok(Err(no_guarantee(&id))) };
        let Some(platform) = platforms.find(&known.guarantee.platform) else {
            let detail = format!("platform `{}` is not in the settings any more", known.guarantee.platform);
            return Ok(Err(Problem::new(Code::NotTellable, detail)));
        };
        if let Err(problem) = expected.meets(known.version) {
            return Ok(Err(problem));
        }
        let commands = match commands(platform, &known.guarantee, at) {
            Ok(commands) => commands,
            Err(problem) => return Ok(Err(problem)),
        };
        if let Err(problem) = tellable::expect(platform, &known.guarantee, &commands, at) {
            return Ok(Err(Problem::new(Code::NotTellable, problem.to_string())));
        }
        if let Err(refusal) = casework::carry_out_all(connection, platform, &id, &commands, at)? {
            return Err(StoreError::Refused(refusal));
        }
        let Some(after) = guarantees::find(connection, &id)? else { return Ok(Err(no_guarantee(&id))) };
        let etag = Some(etag::of(after.version));
        let shown = view::of(connection, platform, &after)?;
        let body = serde_json::to_vec(&shown).map_err(|error| StoreError::Statement(error.to_string()))?;
        Ok(Ok(Done { status: StatusCode::OK, etag, body, guarantee: Some(id.clone()) }))
    })
    .await
}

pub(super) fn no_guarantee(id: &GuaranteeId) -> Problem {
    Problem::new(Code::NotFound, format!("no guarantee `{id}` is stored"))
}

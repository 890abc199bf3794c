//! How the core system changes something: once per key of idempotency, on the version that it expects, and answered with
//! what came of it, all in one transaction.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use super::Api;
use super::caller::Caller;
use super::etag::{self, Expected};
use super::guarantees::view::{self, Reader};
use super::problem::{Code, Problem};
use super::values::{text, uuid};
use crate::casework::{self, Platform, tellable};
use crate::crypto::sm3;
use crate::domain::decision::{Act, legal_acts};
use crate::domain::identity::GuaranteeId;
use crate::domain::{Command, Guarantee};
use crate::store::api_answers::{self, AnswerKey, StoredAnswer};
use crate::store::audit::{self, Actor, Entry};
use crate::store::{Connection, StoreError, guarantees};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// How long to wait before a request is tried again that lost a race against others, beyond what the store tries itself.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(150), Duration::from_millis(400)];

/// As long as a key may be.
const LONGEST_KEY: usize = 255;

/// A request that changes something, as far as its body does not matter.
#[derive(Clone, Debug)]
pub(super) struct Request {
    key: AnswerKey,
    api_key: String,
    fingerprint: String,
    expected: Expected,
    /// Method and path, for the audit trail.
    line: String,
    address: Option<IpAddr>,
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
        let (method, kind) = (request.method(), request.content_type());
        let mut said = format!("{method} {}\n{kind}\n", request.uri()).into_bytes();
        said.extend_from_slice(body);
        Ok(Self {
            key: AnswerKey { client: caller.client.clone(), idempotency_key: key },
            api_key: caller.key.clone(),
            fingerprint: hex::encode(sm3::digest(&said)),
            expected: Expected::of(request),
            line: format!("{method} {}", request.path()),
            address: request.peer_addr().map(|peer| peer.ip()),
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

    /// Gives the answer that this request got before, or does the work and keeps its answer.
    fn carry_out(
        &self,
        connection: &mut Connection,
        work: impl Fn(&mut Connection) -> Result<Result<Done, Problem>, StoreError>,
        at: Timestamp,
    ) -> Result<Result<Answer, Problem>, StoreError> {
        if let Some(answered) = self.answered(connection)? {
            return Ok(answered);
        }
        let done = match work(connection)? {
            Ok(done) => done,
            Err(problem) => return Ok(Err(problem)),
        };
        let stored = StoredAnswer {
            fingerprint: self.fingerprint.clone(),
            status: done.status.as_u16(),
            etag: done.etag,
            body: done.body,
        };
        let guarantee = done.guarantee.as_ref();
        api_answers::insert(connection, &self.key, &self.api_key, guarantee, &stored, at)?;
        self.put_on_record(connection, done.deed, stored.status, at)?;
        Ok(Ok(Answer { stored, again: false }))
    }

    /// Who did what, for the audit trail.
    fn put_on_record(
        &self,
        connection: &mut Connection,
        deed: Deed,
        status: u16,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let AnswerKey { client, idempotency_key } = &self.key;
        let entry = Entry {
            actor: Actor::CoreSystem { client: client.clone(), key: self.api_key.clone() },
            address: self.address,
            action: deed.action,
            subject: deed.subject,
            detail: json!({
                "request": self.line,
                "idempotency_key": idempotency_key,
                "request_sm3": self.fingerprint,
                "status": status,
            }),
            before: deed.before,
            after: deed.after,
        };
        audit::append(connection, &entry, at).map(drop)
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
    let (at, shared) = (api.clock.now(), Arc::new((request, work)));
    let mut pauses = PAUSES.into_iter();
    loop {
        let (shared, asked) = (Arc::clone(&shared), Arc::clone(&shared));
        let written = api.store.write(move |connection| {
            let (request, work) = &*shared;
            request.carry_out(connection, work, at)
        });
        match (written.await, pauses.next()) {
            // Whoever sends the same request many times at once gets the one answer, and no excuse.
            (Err(error), Some(pause)) if error.lost_a_race() => api.clock.wait(pause).await,
            (Err(error), _) if !matches!(error, StoreError::Refused(_)) => return Err(error.into()),
            (written, _) => {
                let problem = match written.map_err(Problem::from).and_then(|answer| answer) {
                    Ok(answer) => return Ok(answer.into()),
                    Err(problem) => problem,
                };
                // The same request may have been answered since the first look, and that is what refuses this one.
                let again = api.store.read(move |connection| asked.0.answered(connection)).await?;
                return again.unwrap_or(Err(problem)).map(HttpResponse::from);
            }
        }
    }
}

/// What came of a request.
pub(super) struct Done {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub body: Vec<u8>,
    pub guarantee: Option<GuaranteeId>,
    pub deed: Deed,
}

/// What a request did, as the audit trail has it.
pub(super) struct Deed {
    action: &'static str,
    subject: (&'static str, String),
    /// The digests of what was changed, where it has one.
    before: Option<String>,
    after: Option<String>,
}

impl Deed {
    pub(super) fn new(action: &'static str, kind: &'static str, id: impl ToString) -> Self {
        Self { action, subject: (kind, id.to_string()), before: None, after: None }
    }
}

impl Done {
    /// An answer that shows something.
    ///
    /// # Errors
    /// When it can't be written as JSON, which all that is shown can.
    pub(super) fn showing(
        status: StatusCode,
        shown: &impl Serialize,
        deed: Deed,
    ) -> Result<Self, StoreError> {
        let body = serde_json::to_vec(shown).map_err(|error| StoreError::Statement(error.to_string()))?;
        Ok(Self { status, etag: None, body, guarantee: None, deed })
    }
}

/// What an act works on, inside its transaction.
pub(super) struct Case<'a> {
    pub connection: &'a mut Connection,
    pub platform: &'a Platform,
    pub guarantee: &'a Guarantee,
    pub at: Timestamp,
}

/// Why an act ends before anything was written.
pub(super) enum Stop {
    Problem(Box<Problem>),
    Store(StoreError),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Carries out on a guarantee what `commands` makes of a request, and answers with the guarantee as it stands then.
/// `commands` reads and writes nothing.
///
/// # Errors
/// As [`once`]; also where there is no such guarantee, the caller expects another version of it, the domain refuses, or
/// the platform can't be told.
pub(super) async fn on_guarantee(
    api: &Api,
    request: Request,
    id: GuaranteeId,
    commands: impl Fn(&mut Case<'_>) -> Result<Vec<Command>, Stop> + Send + Sync + 'static,
) -> Result<HttpResponse, Problem> {
    let id = GuaranteeId::parse(id.as_str()).ok_or_else(|| no_guarantee(&id))?;
    let (worker, expected) = (api.clone(), request.expected.clone());
    once(api, request, move |connection| match carry_out(&worker, connection, &id, &expected, &commands) {
        Ok(done) => Ok(Ok(done)),
        Err(Stop::Problem(problem)) => Ok(Err(*problem)),
        Err(Stop::Store(error)) => Err(error),
    })
    .await
}

fn carry_out(
    api: &Api,
    connection: &mut Connection,
    id: &GuaranteeId,
    expected: &Expected,
    commands: impl Fn(&mut Case<'_>) -> Result<Vec<Command>, Stop>,
) -> Result<Done, Stop> {
    let at = api.clock.now();
    let known = guarantees::find(connection, id)?.ok_or_else(|| no_guarantee(id))?;
    let guarantee = &known.guarantee;
    let platform = api.platforms.find(&guarantee.platform).ok_or_else(|| {
        let detail = format!("platform `{}` is not in the settings any more", guarantee.platform);
        Problem::new(Code::NotTellable, detail)
    })?;
    expected.meets(known.version)?;
    let commands = commands(&mut Case { connection: &mut *connection, platform: &platform, guarantee, at })?;
    // Before anything is written, so that the answer can say what may be done instead.
    if let Err(refusal) = casework::rehearse(guarantee, &commands, at) {
        let acts = legal_acts(guarantee, at).into_iter().map(Act::name).collect();
        return Err(Problem { legal_acts: acts, ..Problem::refused(&refusal) }.into());
    }
    tellable::expect(&platform, guarantee, &commands, at)
        .map_err(|problem| Problem::new(Code::NotTellable, problem.to_string()))?;
    // On what was looked at: where somebody else came in between, all is judged anew.
    if let Err(refusal) = casework::carry_out_each(connection, &platform, Some(known.clone()), &commands, at)?
    {
        return Err(StoreError::Refused(refusal).into());
    }
    let after = guarantees::find(connection, id)?.ok_or_else(|| no_guarantee(id))?;
    let shown = view::of(connection, &platform, &after, Reader::of_act(at))?;
    let deed = Deed {
        before: Some(guarantees::digest(guarantee)?),
        after: Some(guarantees::digest(&after.guarantee)?),
        // An act is one command, or the few that come to the same.
        ..Deed::new(commands.last().map_or("guarantee.nothing", Command::name), "guarantee", id)
    };
    let (etag, guarantee) = (Some(etag::of(after.version)), Some(id.clone()));
    Ok(Done { etag, guarantee, ..Done::showing(StatusCode::OK, &shown, deed)? })
}

/// What every act takes beside its body.
pub(super) struct Parameters;

impl IntoParams for Parameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = |name: &str, place, required, description: &str| {
            let named = ParameterBuilder::new().name(name).parameter_in(place).required(required);
            named.description(Some(description))
        };
        let id = parameter("id", ParameterIn::Path, Required::True, "The gateway's id of the guarantee");
        let version = "The versions that the act is about; on another one nothing is done (412)";
        let version = parameter("If-Match", ParameterIn::Header, Required::False, version);
        vec![id.schema(Some(uuid())).build(), idempotency_key(), version.schema(Some(text())).build()]
    }
}

/// What a request takes that changes something else than a guarantee.
pub(super) struct OnceParameters;

impl IntoParams for OnceParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![idempotency_key()]
    }
}

fn idempotency_key() -> Parameter {
    let description = "1 to 255 visible characters, fresh for each act. The same request under the same key is \
                       answered again and done once; one that was refused may be repeated.";
    let schema = text().min_length(Some(1)).max_length(Some(LONGEST_KEY)).pattern(Some("^[!-~]+$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

pub(super) fn no_guarantee(id: &GuaranteeId) -> Problem {
    Problem::new(Code::NotFound, format!("no guarantee `{id}` is stored"))
}

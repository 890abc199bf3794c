//! The gateway's durable work, as far as the institution has to see it: what was given up, and how to have it tried again.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::act::{self, Deed, Done, OnceParameters, Request};
use super::body::{Body, Nothing};
use super::caller::Caller;
use super::problem::{Code, Problem, ProblemBody};
use super::scope::Scope;
use super::values::{uuid, words};
use super::{Api, query};
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::store::jobs::{self, Attempt, JobId, JobState, Record, Revival};

/// Which jobs to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Wish {
    /// `dead`, `ready`, `running` or `done`; `dead` if it is not given.
    #[param(pattern = "^(dead|ready|running|done)$")]
    state: Option<String>,
    /// The platform's id in the settings; `core-system` for callbacks.
    platform: Option<String>,
    /// The kind of job, such as `notify`.
    kind: Option<String>,
    /// The gateway's id of a guarantee.
    #[param(pattern = "^[0-9a-fA-F-]{36}$")]
    guarantee: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-fA-F-]{36}$")]
    cursor: Option<String>,
    /// At most so many, up to 500; 50 if it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A job. Each is tried until it is done or given up; one that was given up stays, and can be tried again.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    #[schema(schema_with = uuid)]
    pub id: String,
    /// The platform's id in the settings; `core-system` for callbacks.
    pub platform: String,
    pub guarantee_id: Option<String>,
    /// The work that comes back by the clock, where it is a turn of such.
    pub round: Option<String>,
    #[schema(example = "notify")]
    pub kind: String,
    #[schema(schema_with = states)]
    pub state: &'static str,
    pub attempts: i64,
    /// When the next attempt may begin; while one runs, until when it is safe from others.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// Why the last attempt failed.
    #[schema(example = "rejected")]
    pub cause: Option<String>,
    pub detail: Option<String>,
}

/// A page of jobs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobList {
    pub items: Vec<JobView>,
    /// The cursor of the next page, where there is one.
    pub next_cursor: Option<String>,
}

/// A job with all its attempts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobDetail {
    #[serde(flatten)]
    pub job: JobView,
    pub history: Vec<AttemptView>,
}

/// One attempt at a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub struct AttemptView {
    pub number: i64,
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// `running`, `done`, `retry`, `stepped-aside`, `dead`, `released` or `lease-expired`.
    pub outcome: String,
    pub detail: Option<String>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let Attempt { number, started_at, ended_at, outcome, detail, .. } = attempt;
        Self { number, started_at, ended_at, outcome, detail }
    }
}

impl From<Record> for JobView {
    fn from(record: Record) -> Self {
        let unfinished = matches!(record.state, JobState::Ready | JobState::Running);
        Self {
            guarantee_id: record.lane.guarantee().map(|guarantee| guarantee.to_string()),
            round: record.lane.round().map(str::to_owned),
            id: record.id.to_string(),
            platform: record.platform.to_string(),
            kind: record.kind,
            state: record.state.name(),
            attempts: record.attempts,
            due_at: unfinished.then_some(record.due_at),
            created_at: record.created_at,
            finished_at: record.finished_at,
            cause: record.cause,
            detail: record.detail,
        }
    }
}

impl Wish {
    fn read(self) -> Result<(jobs::Wish, u32), Problem> {
        let limit = query::limit(self.limit)?;
        let state = self.state.as_deref().unwrap_or(JobState::Dead.name());
        let guarantee = self.guarantee.map(|text| query::uuid("guarantee", text)).transpose()?;
        let behind = self.cursor.map(|text| query::uuid("cursor", text)).transpose()?;
        let wish = jobs::Wish {
            state: query::word("state", state, &JobState::ALL, JobState::name)?,
            platform: self.platform.map(PlatformId::new),
            kind: self.kind,
            guarantee: guarantee.map(GuaranteeId::new),
            cause: None,
            attempts: 0,
            behind: behind.map(JobId::new),
            limit: limit.saturating_add(1),
        };
        Ok((wish, limit))
    }
}

/// Jobs, the oldest first
#[utoipa::path(
    get,
    path = "/api/v1/jobs",
    tag = "jobs",
    operation_id = "listJobs",
    params(Wish),
    responses(
        (status = 200, body = JobList),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["callbacks"]))
)]
pub(in crate::api) async fn list(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Callbacks)?;
    let (wish, limit) = query::read::<Wish>(&request)?.read()?;
    let found = api.store.read(move |connection| jobs::page(connection, &wish)).await?;
    let (found, next_cursor) = query::cut(found, limit, |record| record.id.to_string());
    let items = found.into_iter().map(JobView::from).collect();
    Ok(HttpResponse::Ok().json(JobList { items, next_cursor }))
}

/// One job with all its attempts
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}",
    tag = "jobs",
    operation_id = "getJob",
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, body = JobDetail),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["callbacks"]))
)]
pub(in crate::api) async fn read(
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Callbacks)?;
    let id = JobId::new(id.into_inner());
    let wanted = id.clone();
    let found = api.store.read(move |connection| {
        let Some(record) = jobs::find(connection, &wanted)? else { return Ok(None) };
        Ok(Some((record, jobs::attempts(connection, &wanted)?)))
    });
    let (record, attempts) = found.await?.ok_or_else(|| no_job(&id))?;
    let history = attempts.into_iter().map(AttemptView::from).collect();
    Ok(HttpResponse::Ok().json(JobDetail { job: record.into(), history }))
}

/// Try a job again
///
/// One that was given up goes to the end of its lane with a fresh schedule; one that waits for its next attempt is tried
/// at once.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/{id}/replay",
    tag = "jobs",
    operation_id = "replayJob",
    params(("id" = String, Path, description = "The job's id"),
           OnceParameters),
    request_body = Nothing,
    responses(
        (status = 200, body = JobView),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["callbacks"]))
)]
pub(in crate::api) async fn replay(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Callbacks)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let id = JobId::new(id.into_inner());
    act::once(&api, request, move |connection| {
        if let Revival::NotNeeded(state) = jobs::revive(connection, &id)? {
            let detail = format!("expected a job that is dead or ready, found one that is {}", state.name());
            return Ok(Err(Problem::new(Code::IllegalState, detail)));
        }
        let Some(record) = jobs::find(connection, &id)? else { return Ok(Err(no_job(&id))) };
        let guarantee = record.lane.guarantee();
        let deed = Deed::new("job.retry", "job", &id);
        Ok(Ok(Done { guarantee, ..Done::showing(StatusCode::OK, &JobView::from(record), deed)? }))
    })
    .await
}

fn no_job(id: &JobId) -> Problem {
    Problem::new(Code::NotFound, format!("no job `{id}` is stored"))
}

fn states() -> utoipa::openapi::schema::ObjectBuilder {
    words(JobState::ALL.map(JobState::name))
}

//! What has happened to a guarantee, in order; and on demand the messages and the jobs behind it.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::of_guarantee;
use super::parameters::Parameters;
use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::api::values::{Yuan, words};
use crate::domain::Event;
use crate::store::jobs::{self, JobState, Lane, Record};
use crate::store::messages::{self, Direction, Header};
use crate::store::{Connection, StoreError, events};

const MESSAGES: &str = "messages";
const JOBS: &str = "jobs";

/// What has happened to a guarantee.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// Oldest first.
    events: Vec<EventView>,
    /// What went between platform and gateway, oldest first, without its content; where `include` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<MessageView>>,
    /// What the gateway does for it, in order, callbacks aside, which are listed for themselves; where `include` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<Vec<JobView>>,
}

/// An entry of a timeline (事件).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TimelineEvent)]
pub struct EventView {
    /// Counts from 1 without a gap (序号).
    number: i64,
    /// 发生时间
    at: Timestamp,
    /// A stable word (事件类型).
    #[schema(example = "approved")]
    kind: &'static str,
    /// For people, in Chinese (标题).
    #[schema(example = "审批通过")]
    title: &'static str,
    data: EventData,
}

/// What is further said of an event; which of it depends on the kind.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct EventData {
    /// 担保金额、索赔金额或开票金额
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Yuan>,
    /// 保费
    #[serde(skip_serializing_if = "Option::is_none")]
    premium: Option<Yuan>,
    /// 保函编号
    #[serde(skip_serializing_if = "Option::is_none")]
    guarantee_number: Option<String>,
    /// 原因
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Which letter (保函种类): `ciphertext`, `merged` or `plaintext`.
    #[serde(skip_serializing_if = "Option::is_none")]
    letter: Option<&'static str>,
    /// The SM3 of the letter (SM3 摘要).
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// What is wrong with the section (标段异常): `failed`, `terminated`, `suspended` or `voided`.
    #[serde(skip_serializing_if = "Option::is_none")]
    abnormality: Option<&'static str>,
    /// How the claim stands (理赔状态): `in-handling`, `to-be-paid`, `paid`, `rejected` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

/// A message with its answer, without their content (报文).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageView {
    id: String,
    /// `in`: the platform called; `out`: the gateway did (方向).
    #[schema(schema_with = directions)]
    direction: &'static str,
    /// The interface, as the platform's specification names it (接口).
    interface: String,
    /// How it ended, in one word (结果).
    outcome: String,
    /// 时间
    at: Timestamp,
    /// As it stands in the gateway's log (请求编号).
    request_id: String,
    /// Of the message, in bytes (报文大小).
    size: u64,
}

/// A piece of work (任务).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TimelineJob)]
pub struct JobView {
    id: String,
    /// 任务类型
    #[schema(example = "make-letter")]
    kind: String,
    /// `ready` 待执行, `running` 执行中, `done` 已完成, `dead` 已放弃
    #[schema(schema_with = states)]
    state: &'static str,
    /// 已尝试次数
    attempts: i64,
    /// When the next attempt may begin (下次执行时间); null of what is over.
    due_at: Option<Timestamp>,
    /// Why the last attempt failed, in one word (失败原因).
    cause: Option<String>,
    /// 创建时间
    created_at: Timestamp,
    /// 结束时间
    finished_at: Option<Timestamp>,
}

/// What has happened to a guarantee
#[utoipa::path(
    get,
    path = "/api/v1/guarantees/{id}/timeline",
    tag = "guarantees",
    operation_id = "getTimeline",
    params(
        ("id" = String, Path, description = "The gateway's id of the guarantee"),
        ("include" = Option<String>, Query, description = "`messages`, `jobs`, or both with a comma between"),
    ),
    responses(
        (status = 200, body = Timeline),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["read"]))
)]
pub(in crate::api) async fn get(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let included = included(request.query_string())?;
    let timeline = of_guarantee(&api, &id, move |connection, _, stored| {
        let id = &stored.guarantee.id;
        let messages = || messages::for_guarantee(connection, id);
        let messages = included.contains(&MESSAGES).then(messages).transpose()?;
        let jobs = || jobs_of(connection, &Lane::of_guarantee(id));
        let jobs = included.contains(&JOBS).then(jobs).transpose()?;
        let events = events::timeline(connection, id)?;
        Ok(Timeline {
            events: events.into_iter().map(EventView::of).collect(),
            messages: messages.map(|all| all.into_iter().map(MessageView::of).collect()),
            jobs,
        })
    });
    Ok(HttpResponse::Ok().json(timeline.await?))
}

fn jobs_of(connection: &mut Connection, lane: &Lane) -> Result<Vec<JobView>, StoreError> {
    Ok(jobs::in_lane(connection, lane)?.into_iter().map(JobView::of).collect())
}

fn included(query: &str) -> Result<Vec<&'static str>, Problem> {
    let mut given = Parameters::read(query)?;
    let include = given.take("include")?.unwrap_or_default();
    given.finish(&["include"])?;
    let words = [(MESSAGES, MESSAGES), (JOBS, JOBS)];
    let texts = include.split(',').filter(|_| !include.is_empty());
    texts.map(|text| Parameters::word("include", text, &words)).collect()
}

impl EventView {
    fn of(entry: events::Entry) -> Self {
        let title = entry.event.title();
        let (kind, data) = said_of(entry.event);
        Self { number: entry.number, at: entry.at, kind, title, data }
    }
}

/// An event's stable word, as it is stored too, and what is further said of it.
fn said_of(event: Event) -> (&'static str, EventData) {
    let none = EventData::default;
    let amount = |amount| EventData { amount: Some(Yuan(amount)), ..none() };
    let because = |reason| EventData { reason: Some(reason), ..none() };
    match event {
        Event::ApplicationReceived { amount: of } => ("application-received", amount(of)),
        Event::ApplicationReplaced { amount: of } => ("application-replaced", amount(of)),
        Event::Approved { guarantee_number, premium } => {
            let (guarantee_number, premium) = (Some(guarantee_number.to_string()), Some(Yuan(premium)));
            ("approved", EventData { guarantee_number, premium, ..none() })
        }
        Event::Declined { reason } => ("declined", because(reason)),
        Event::PremiumPaid => ("premium-paid", none()),
        Event::DossierRecorded => ("dossier-recorded", none()),
        Event::IssueAbandoned { reason } => ("issue-abandoned", because(reason)),
        Event::LetterSealed { letter, document } => {
            let (letter, document) = (Some(letter.name()), Some(document.to_string()));
            ("letter-sealed", EventData { letter, document, ..none() })
        }
        Event::LetterDelivered { letter } => {
            ("letter-delivered", EventData { letter: Some(letter.name()), ..none() })
        }
        Event::KeyReceived => ("key-received", none()),
        Event::WaiverAsked => ("waiver-asked", none()),
        Event::WaiverRefused => ("waiver-refused", none()),
        Event::Waived => ("waived", none()),
        Event::CancellationAsked { reason } => ("cancellation-asked", because(reason)),
        Event::CancellationRefused { reason } => ("cancellation-refused", because(reason)),
        Event::OrderKept { reason } => ("order-kept", because(reason)),
        Event::SurrenderAsked => ("surrender-asked", none()),
        Event::SurrenderAgreed { reason } => ("surrender-agreed", because(reason)),
        Event::Surrendered => ("surrendered", none()),
        Event::SurrenderRefused { reason } => ("surrender-refused", because(reason)),
        Event::Cancelled => ("cancelled", none()),
        Event::Expired => ("expired", none()),
        Event::SectionAbnormal { abnormality } => {
            ("section-abnormal", EventData { abnormality: Some(abnormality.name()), ..none() })
        }
        Event::ClaimReceived { amount: demanded } => {
            ("claim-received", EventData { amount: demanded.map(Yuan), ..none() })
        }
        Event::ClaimAnswered { status, paid } => {
            let (status, amount) = (Some(status.name()), paid.map(Yuan));
            ("claim-answered", EventData { status, amount, ..none() })
        }
        Event::InvoiceAsked { amount: of } => ("invoice-asked", amount(of)),
        Event::InvoiceIssued => ("invoice-issued", none()),
        Event::InvoiceRefused { reason } => ("invoice-refused", because(reason)),
    }
}

impl MessageView {
    fn of(header: Header) -> Self {
        Self {
            id: header.id,
            direction: header.direction.name(),
            interface: header.interface,
            outcome: header.outcome,
            at: header.at,
            request_id: header.request_id,
            size: header.size,
        }
    }
}

impl JobView {
    fn of(job: Record) -> Self {
        let over = matches!(job.state, JobState::Done | JobState::Dead);
        Self {
            id: job.id.to_string(),
            kind: job.kind,
            state: job.state.name(),
            attempts: job.attempts,
            due_at: Some(job.due_at).filter(|_| !over),
            cause: job.cause.map(|cause| cause.to_string()),
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }
}

fn directions() -> utoipa::openapi::schema::ObjectBuilder {
    words([Direction::In.name(), Direction::Out.name()])
}

fn states() -> utoipa::openapi::schema::ObjectBuilder {
    words(JobState::ALL.map(JobState::name))
}

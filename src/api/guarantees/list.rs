//! Lists of guarantees, page by page.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::view::{awaited, awaited_list, stages};
use super::{cursor, query};
use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::api::values::{Yuan, uuid};
use crate::domain::awaited::Awaited;
use crate::store::guarantees::{self, Place, Summary};

/// All but the unreserved characters of RFC 3986, 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A guarantee in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GuaranteeSummary)]
pub struct SummaryView {
    /// The gateway's id, under which all of it is found.
    #[schema(schema_with = uuid)]
    id: String,
    /// The platform's id in the settings (平台).
    platform: String,
    /// The platform's number of the application (业务流水号).
    application_number: String,
    /// The number that the institution gave (保函编号), once it is approved.
    guarantee_number: Option<String>,
    #[schema(schema_with = stages)]
    stage: &'static str,
    /// What somebody owes it: whose turn it is (待办事项).
    #[schema(schema_with = awaited_list)]
    awaits: Vec<&'static str>,
    /// Counts the changes; also the ETag (版本号).
    version: i64,
    /// 投标人名称
    applicant_name: String,
    /// 投标人统一社会信用代码
    applicant_code: String,
    /// What the guarantee stands in for (担保金额).
    amount: Yuan,
    /// When the application came (收到时间).
    received_at: Timestamp,
    /// When it changed last (更新时间).
    updated_at: Timestamp,
    /// When the first letter was sealed (出函时间).
    issued_at: Option<Timestamp>,
    /// The last second of what is in force (失效时间).
    expires_at: Option<Timestamp>,
    /// 开标时间
    opened_at: Option<Timestamp>,
    /// When the plaintext letter has to be with the platform (明文保函送达期限), until it is.
    restoration_due_at: Option<Timestamp>,
}

impl SummaryView {
    fn of(summary: Summary) -> Self {
        Self {
            id: summary.id.to_string(),
            platform: summary.platform.to_string(),
            application_number: summary.application.to_string(),
            guarantee_number: summary.number.map(|number| number.to_string()),
            stage: summary.stage.name(),
            awaits: summary.awaits.into_iter().map(Awaited::name).collect(),
            version: summary.version,
            applicant_name: summary.applicant_name,
            applicant_code: summary.applicant_code,
            amount: Yuan(summary.amount),
            received_at: summary.received_at,
            updated_at: summary.updated_at,
            issued_at: summary.issued_at,
            expires_at: summary.expires_at,
            opened_at: summary.opened_at,
            restoration_due_at: summary.deadline,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GuaranteePage)]
pub struct Page {
    items: Vec<SummaryView>,
    /// What `cursor` is to be for the next page; null behind the last one.
    next_cursor: Option<String>,
}

/// List and search guarantees
///
/// Newest first: by the time of change where `updated_from` or `updated_until` is given, by the time of opening where
/// `opened_from` or `opened_until` is, and else by the time of receipt. All that is given has to hold. An end of time is
/// not included itself.
#[utoipa::path(
    get,
    path = "/api/v1/guarantees",
    tag = "guarantees",
    operation_id = "listGuarantees",
    params(
        ("platform" = Option<String>, Query, description = "The platform's id in the settings"),
        ("stage" = inline(Option<Vec<StageWord>>), Query, description = "Any of these; the parameter may be repeated"),
        ("awaits" = inline(Option<AwaitedWord>), Query, description = "What somebody owes it"),
        ("application_number" = Option<String>, Query, min_length = 1, max_length = 200,
         description = "The platform's number of the application (业务流水号)"),
        ("guarantee_number" = Option<String>, Query, min_length = 1, max_length = 200,
         description = "The institution's number (保函编号)"),
        ("applicant_code" = Option<String>, Query, min_length = 1, max_length = 200,
         description = "The applicant's credit code (统一社会信用代码)"),
        ("applicant_name" = Option<String>, Query, min_length = 4, max_length = 200,
         description = "How the applicant's name begins (投标人名称)"),
        ("section" = Option<String>, Query, min_length = 1, max_length = 200,
         description = "The number of the tender section in plain text (标段编号); what is secret is found by it from \
                        the opening on"),
        ("received_from" = Option<Timestamp>, Query),
        ("received_until" = Option<Timestamp>, Query),
        ("updated_from" = Option<Timestamp>, Query),
        ("updated_until" = Option<Timestamp>, Query),
        ("opened_from" = Option<Timestamp>, Query),
        ("opened_until" = Option<Timestamp>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "50 unless given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, with the same filters"),
    ),
    responses(
        (status = 200, body = Page,
         headers(("Link" = String, description = "The address of the next page, with `rel=\"next\"`"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["read"]))
)]
pub(in crate::api) async fn get(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let query::Query { mut filter, fingerprint, parameters } =
        query::read(request.query_string(), &api.platforms)?;
    let (order, limit) = (filter.order(), usize::try_from(filter.limit).unwrap_or(usize::MAX));
    // One more than is shown tells whether there is another page.
    filter.limit = filter.limit.saturating_add(1);
    let mut found = api.store.read(move |connection| guarantees::list(connection, &filter)).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let last = last.and_then(|last| Some(Place { at: order.of(last)?, id: last.id.clone() }));
    let next_cursor = last.map(|place| cursor::write(&place, &fingerprint));
    let mut response = HttpResponse::Ok();
    if let Some(next) = &next_cursor {
        let next = [("cursor".to_owned(), next.clone())];
        let pairs = parameters.iter().chain(&next).map(|(name, value)| {
            format!("{}={}", utf8_percent_encode(name, ENCODED), utf8_percent_encode(value, ENCODED))
        });
        let pairs: Vec<String> = pairs.collect();
        let link = format!("<{}?{}>; rel=\"next\"", request.path(), pairs.join("&"));
        response.insert_header((header::LINK, link));
    }
    let items = found.into_iter().map(SummaryView::of).collect();
    Ok(response.json(Page { items, next_cursor }))
}

/// A stage, as a parameter.
enum StageWord {}

impl PartialSchema for StageWord {
    fn schema() -> RefOr<Schema> {
        RefOr::T(Schema::Object(stages().build()))
    }
}

impl ToSchema for StageWord {}

/// What may be awaited, as a parameter.
enum AwaitedWord {}

impl PartialSchema for AwaitedWord {
    fn schema() -> RefOr<Schema> {
        RefOr::T(Schema::Object(awaited().build()))
    }
}

impl ToSchema for AwaitedWord {}

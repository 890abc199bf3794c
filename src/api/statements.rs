//! What was done for a platform on some days, as JSON, CSV or XLSX.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::files::Bytes;
use super::guarantees::view::stages;
use super::problem::{Code, Problem, ProblemBody};
use super::scope::Scope;
use super::values::{Yuan, uuid, words};
use super::{Api, query};
use crate::domain::identity::PlatformId;
use crate::reconciliation::Movement;
use crate::reconciliation::export::{self, Format};
use crate::reconciliation::statement::{Line, Period, Statement, Total};

/// More days than the one of the path.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Until {
    /// The last day, where it is not the same.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-30")]
    until: Option<Date>,
}

/// A statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementView {
    /// The platform's id in the settings.
    pub platform: String,
    /// The first day, in China.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The last day, in China.
    #[schema(value_type = String, format = Date)]
    pub until: Date,
    /// Whether the last day is over: only then nothing is added any more.
    pub complete: bool,
    /// For each kind of movement how many there were, and what they come to.
    pub totals: Vec<TotalView>,
    /// In order of time.
    pub lines: Vec<LineView>,
}

/// The sums of one kind of movement.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StatementTotal)]
pub struct TotalView {
    #[schema(schema_with = movements)]
    pub movement: &'static str,
    pub count: u64,
    /// What the guarantees are over, in yuan.
    #[schema(pattern = r"^[0-9]+\.[0-9]{2}$", example = "1600000.00")]
    pub amount: String,
    #[schema(pattern = r"^[0-9]+\.[0-9]{2}$", example = "6400.00")]
    pub premium: String,
    /// What was paid on claims.
    #[schema(pattern = r"^[0-9]+\.[0-9]{2}$", example = "0.00")]
    pub paid: String,
}

/// One movement.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub struct LineView {
    #[schema(schema_with = uuid)]
    pub guarantee_id: String,
    #[schema(schema_with = movements)]
    pub movement: &'static str,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The day in China.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// The platform's number of the application (业务流水号).
    pub application_number: String,
    pub guarantee_number: Option<String>,
    pub applicant_name: String,
    /// The applicant's unified social credit code.
    pub applicant_code: String,
    /// What the guarantee is over.
    pub amount: Yuan,
    pub premium: Option<Yuan>,
    /// What was paid on a claim with this movement.
    pub paid: Option<Yuan>,
    /// Where the guarantee stood at the end of that day.
    #[schema(schema_with = stages)]
    pub stage: &'static str,
}

fn movements() -> ObjectBuilder {
    words(Movement::ALL.map(Movement::name))
}

/// A statement
///
/// What was issued, surrendered, cancelled and paid on claims, what expired, and which premiums were received; as JSON,
/// or as a file for people where `Accept` asks for CSV or XLSX. Statements of days that are over do not change.
#[utoipa::path(
    get,
    path = "/api/v1/statements/{platform}/{date}",
    tag = "statements",
    operation_id = "getStatement",
    params(
        ("platform" = String, Path, description = "The platform's id in the settings"),
        ("date" = String, Path, description = "The day in China, such as 2026-11-22"),
        Until,
    ),
    responses(
        (status = 200, content(
            (StatementView = "application/json"),
            (Bytes = "text/csv"),
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["reconcile"]))
)]
pub(super) async fn read(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Reconcile)?;
    let (platform, day) = path.into_inner();
    let platform = PlatformId::new(platform);
    if !api.reconciler.platforms.contains_key(&platform) {
        return Err(Problem::new(Code::NotFound, format!("no platform `{platform}` is in the settings")));
    }
    let first: Date = day.parse().map_err(|_| {
        Problem::parameter("date", format!("expected a day such as 2026-11-22, found `{day}`"))
    })?;
    let Until { until } = query::read(&request)?;
    let now = api.clock.now();
    let period = Period::new(first, until.unwrap_or(first), now)
        .map_err(|error| Problem::parameter(if until.is_some() { "until" } else { "date" }, error))?;
    let Some(format) = wanted(&request)? else {
        let statement = Statement::read(&api.store, &platform, period).await?;
        return Ok(HttpResponse::Ok().json(view(statement, now)));
    };
    let mut file = Vec::new();
    export::write(&api.store, &platform, period, format, &mut file).await.map_err(failed)?;
    let name = format!("{platform}-{}-{}.{}", period.first(), period.last(), format.extension());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format.content_type()))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(file))
}

/// The kind of file that the caller wants, or none for JSON. What stands first counts.
fn wanted(request: &HttpRequest) -> Result<Option<Format>, Problem> {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let types = accepted.unwrap_or("*/*").split(',').filter_map(|it| it.split(';').next()).map(str::trim);
    for wanted in types {
        match wanted.to_ascii_lowercase().as_str() {
            "*/*" | "application/*" | "application/json" => return Ok(None),
            "text/csv" | "text/*" => return Ok(Some(Format::Csv)),
            kind if kind == Format::Xlsx.content_type() => return Ok(Some(Format::Xlsx)),
            _ => {}
        }
    }
    let known = ["application/json", "text/csv", Format::Xlsx.content_type()].join(", ");
    Err(Problem::new(Code::NotAcceptable, format!("expected one of {known}")))
}

/// A file that can't be made: too large for a workbook, or the store fails.
fn failed(error: anyhow::Error) -> Problem {
    match error.downcast::<crate::store::StoreError>() {
        Ok(error) => error.into(),
        Err(error) => Problem::new(Code::RefusedContent, error.to_string()),
    }
}

fn view(statement: Statement, now: Timestamp) -> StatementView {
    let total = |(movement, total): (Movement, &Total)| TotalView {
        movement: movement.name(),
        count: total.count,
        amount: total.amount.to_string(),
        premium: total.premium.to_string(),
        paid: total.paid.to_string(),
    };
    StatementView {
        platform: statement.platform.to_string(),
        from: statement.period.first(),
        until: statement.period.last(),
        complete: statement.period.is_over(now),
        totals: statement.totals.iter().map(total).collect(),
        lines: statement.lines.into_iter().map(line).collect(),
    }
}

fn line(line: Line) -> LineView {
    LineView {
        guarantee_id: line.guarantee.to_string(),
        movement: line.movement.name(),
        at: line.at,
        date: line.date,
        application_number: line.application.to_string(),
        guarantee_number: line.number.map(|number| number.to_string()),
        applicant_name: line.applicant.name,
        applicant_code: line.applicant.code,
        amount: Yuan(line.amount),
        premium: line.premium.map(Yuan),
        paid: line.paid.map(Yuan),
        stage: line.stage.map_or("", |stage| stage.name()),
    }
}

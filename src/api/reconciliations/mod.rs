//! Platforms' statements compared with ours: handed in, listed, explained, signed for.

pub mod view;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use self::view::{DifferencePage, ReconciliationPage, ReconciliationView};
use super::act::{self, Deed, Done, OnceParameters, Request};
use super::body::{self, Body};
use super::caller::Caller;
use super::files::Bytes;
use super::problem::{Code, Problem, ProblemBody};
use super::scope::Scope;
use super::{Api, query};
use crate::domain::identity::PlatformId;
use crate::reconciliation::export::Format;
use crate::reconciliation::import::ImportError;
use crate::reconciliation::{ImportRefused, Said, SignRefused, TheirFile, reconciler};
use crate::store::StoreError;
use crate::store::reconciliations::{self, Filter, ReconciliationId};

/// What a file is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct About {
    /// The platform's id in the settings.
    platform: String,
    /// The day in China.
    #[param(value_type = String, format = Date, example = "2026-11-22")]
    date: Date,
    /// The file's name.
    #[param(example = "对账单.xlsx", min_length = 1, max_length = 100)]
    name: String,
    /// Who hands it in.
    #[param(min_length = 1, max_length = 100)]
    by: String,
}

/// Which reconciliations to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    platform: Option<String>,
    /// A day in China; the files that were superseded stand there too.
    #[param(value_type = Option<String>, format = Date)]
    date: Option<Date>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many, up to 500; 50 if it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Which differences to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Behind {
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]+$")]
    cursor: Option<u32>,
    /// At most so many, up to 500; 50 if it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// What somebody says about a difference.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DifferenceExplanation)]
pub struct Explanation {
    /// The number of the difference.
    pub difference: u32,
    /// Who says so.
    #[schema(min_length = 1, max_length = 100)]
    pub by: String,
    #[schema(min_length = 1, max_length = 2000)]
    pub remark: String,
}

/// Who signs.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOff {
    #[schema(min_length = 1, max_length = 100)]
    pub by: String,
    /// Needed where differences are unexplained.
    #[schema(min_length = 1, max_length = 2000)]
    pub remark: Option<String>,
}

/// Hand in a platform's statement
///
/// CSV (UTF-8 or GBK) or XLSX, told by its bytes; the settings say what its columns are called. It is compared with ours,
/// and becomes the current one of its day. The same file for the same day is compared once, and answered with status 200
/// from then on. A file with a row that can't be understood is refused as a whole.
#[utoipa::path(
    post,
    path = "/api/v1/reconciliations",
    tag = "reconciliations",
    operation_id = "reconcile",
    params(About, OnceParameters),
    request_body(content(
        (Bytes = "text/csv"),
        (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Bytes = "application/octet-stream"),
    )),
    responses(
        (status = 201, body = ReconciliationView),
        (status = 200, body = ReconciliationView, description = "The file was compared before"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["reconcile"]))
)]
pub(super) async fn post(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Reconcile)?;
    let known = [Format::Csv.content_type(), Format::Xlsx.content_type(), "application/octet-stream"];
    let known = known.map(|name| name.split(';').next().unwrap_or_default());
    if !known.iter().any(|name| request.content_type().eq_ignore_ascii_case(name)) {
        let expected = format!("expected one of {}", known.join(", "));
        return Err(Problem::new(Code::UnsupportedMediaType, expected));
    }
    let About { platform, date, name, by } = query::read(&request)?;
    let bytes = body::read(payload.into_inner(), api.reconciler.options.file_bytes).await?;
    let request = Request::read(&request, &caller, &bytes)?;
    let file = TheirFile { platform: PlatformId::new(platform), day: date, name, bytes: bytes.to_vec(), by };
    let compared = api.reconciler.compare(file, api.clock.now()).await.map_err(not_compared)?;
    act::once(&api, request, move |connection| {
        let imported = compared.keep(connection)?;
        let status = if imported.is_new { StatusCode::CREATED } else { StatusCode::OK };
        let deed = Deed::new("reconciliation.import", "reconciliation", &imported.reconciliation.id);
        Ok(Ok(Done::showing(status, &view::of(imported.reconciliation), deed)?))
    })
    .await
}

/// Reconciliations, newest first
#[utoipa::path(
    get,
    path = "/api/v1/reconciliations",
    tag = "reconciliations",
    operation_id = "listReconciliations",
    params(Wanted),
    responses(
        (status = 200, body = ReconciliationPage),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["reconcile"]))
)]
pub(super) async fn list(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Reconcile)?;
    let Wanted { platform, date, cursor, limit } = query::read(&request)?;
    let (limit, cursor) = (query::limit(limit)?, cursor.map(|text| query::uuid("cursor", text)).transpose()?);
    let filter = Filter {
        platform: platform.map(PlatformId::new),
        day: date,
        before: cursor.map(ReconciliationId::new),
        open: false,
        limit: limit.saturating_add(1),
    };
    let found = api.store.read(move |connection| reconciliations::list(connection, &filter)).await?;
    let (found, next_cursor) = query::cut(found, limit, |last| last.id.to_string());
    let items = found.into_iter().map(view::of).collect();
    Ok(HttpResponse::Ok().json(ReconciliationPage { items, next_cursor }))
}

/// One reconciliation
#[utoipa::path(
    get,
    path = "/api/v1/reconciliations/{id}",
    tag = "reconciliations",
    operation_id = "getReconciliation",
    params(("id" = String, Path, description = "The id of the reconciliation")),
    responses(
        (status = 200, body = ReconciliationView),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["reconcile"]))
)]
pub(super) async fn read(api: Data<Api>, caller: Caller, id: Path<String>) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Reconcile)?;
    let id = ReconciliationId::new(id.into_inner());
    let wanted = id.clone();
    let found = api.store.read(move |connection| reconciliations::find(connection, &wanted)).await?;
    let found = found.ok_or_else(|| no_reconciliation(&id))?;
    Ok(HttpResponse::Ok().json(view::of(found)))
}

/// The differences of a reconciliation
#[utoipa::path(
    get,
    path = "/api/v1/reconciliations/{id}/differences",
    tag = "reconciliations",
    operation_id = "listDifferences",
    params(("id" = String, Path, description = "The id of the reconciliation"), Behind),
    responses(
        (status = 200, body = DifferencePage),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["reconcile"]))
)]
pub(super) async fn differences(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Reconcile)?;
    let Behind { cursor, limit } = query::read(&request)?;
    let (limit, behind) = (query::limit(limit)?, cursor.unwrap_or(0));
    let id = ReconciliationId::new(id.into_inner());
    let wanted = id.clone();
    let found = api.store.read(move |connection| {
        if reconciliations::find(connection, &wanted)?.is_none() {
            return Ok(None);
        }
        reconciliations::differences(connection, &wanted, behind, limit.saturating_add(1)).map(Some)
    });
    let found = found.await?.ok_or_else(|| no_reconciliation(&id))?;
    let (found, next_cursor) = query::cut(found, limit, |last| last.number.to_string());
    let items = found.into_iter().map(view::of_difference).collect();
    Ok(HttpResponse::Ok().json(DifferencePage { items, next_cursor }))
}

/// Explain a difference
///
/// The first remark explains it; later ones stand below.
#[utoipa::path(
    post,
    path = "/api/v1/reconciliations/{id}/remarks",
    tag = "reconciliations",
    operation_id = "explainDifference",
    params(("id" = String, Path, description = "The id of the reconciliation"), OnceParameters),
    request_body = Explanation,
    responses(
        (status = 200, body = ReconciliationView),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["reconcile"]))
)]
pub(super) async fn remark(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<Explanation>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Reconcile)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let id = ReconciliationId::new(id.into_inner());
    let Explanation { difference, by, remark } = body.value;
    let said = Said { by, remark: Some(remark), at: api.clock.now() };
    act::once(&api, request, move |connection| {
        match reconciler::remark(connection, &id, difference, &said)? {
            Ok(reconciliation) => {
                let deed = Deed::new("reconciliation.remark", "reconciliation", &id);
                Ok(Ok(Done::showing(StatusCode::OK, &view::of(reconciliation), deed)?))
            }
            Err(refused) => not_signed(refused).map(Err),
        }
    })
    .await
}

/// Sign for a reconciliation
///
/// From then on it does not change any more.
#[utoipa::path(
    post,
    path = "/api/v1/reconciliations/{id}/sign-off",
    tag = "reconciliations",
    operation_id = "signOff",
    params(("id" = String, Path, description = "The id of the reconciliation"), OnceParameters),
    request_body = SignOff,
    responses(
        (status = 200, body = ReconciliationView),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["reconcile"]))
)]
pub(super) async fn sign_off(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<SignOff>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Reconcile)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    let id = ReconciliationId::new(id.into_inner());
    let SignOff { by, remark } = body.value;
    let said = Said { by, remark, at: api.clock.now() };
    act::once(&api, request, move |connection| match reconciler::sign(connection, &id, &said)? {
        Ok(reconciliation) => {
            let deed = Deed::new("reconciliation.sign", "reconciliation", &id);
            Ok(Ok(Done::showing(StatusCode::OK, &view::of(reconciliation), deed)?))
        }
        Err(refused) => not_signed(refused).map(Err),
    })
    .await
}

fn no_reconciliation(id: &ReconciliationId) -> Problem {
    Problem::new(Code::NotFound, format!("no reconciliation `{id}` is stored"))
}

fn not_compared(refused: ImportRefused) -> Problem {
    match refused {
        ImportRefused::Store(error) => error.into(),
        ImportRefused::UnknownPlatform(_) => Problem::parameter("platform", refused),
        ImportRefused::Day(_) => Problem::parameter("date", refused),
        ImportRefused::Text(error) => Problem::parameter(error.what, error),
        ImportRefused::File(ImportError::TooLarge { .. }) => {
            Problem::new(Code::BodyTooLarge, refused.to_string())
        }
        ImportRefused::File(_) => Problem::new(Code::RefusedContent, refused.to_string()),
    }
}

/// # Errors
/// Where the store is to blame.
fn not_signed(refused: SignRefused) -> Result<Problem, StoreError> {
    Ok(match refused {
        SignRefused::Store(error) => return Err(error),
        SignRefused::Unknown => Problem::new(Code::NotFound, refused.to_string()),
        SignRefused::Signed { .. } | SignRefused::Superseded(_) => {
            Problem::new(Code::IllegalState, refused.to_string())
        }
        SignRefused::RemarkNeeded { .. } => Problem::unfit("/remark", refused.to_string()),
        SignRefused::Text(error) => Problem::at(format!("/{}", error.what), error.to_string()),
    })
}

//! Files of applicants, handed in once and named by their digest from then on.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::Api;
use super::act::{self, Deed, Done, OnceParameters, Request};
use super::body;
use super::caller::Caller;
use super::media_type::MediaType;
use super::problem::{Code, Problem, ProblemBody};
use super::scope::Scope;
use super::texts::Digest;
use crate::crypto::encoding::TextForm;
use crate::crypto::md5;
use crate::store::uploads::{self, Upload};

/// What a file is called, where that is to be checked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Named {
    /// The file's name; it has to end as names of its type do, and is not kept.
    #[param(example = "licence.pdf")]
    name: Option<String>,
}

/// A file that was handed in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = File)]
pub struct FileView {
    /// Names the file from now on: its SM3 digest.
    #[schema(value_type = Digest)]
    pub digest: String,
    /// In bytes.
    pub size: u64,
    /// In lower-case hexadecimal, as platforms are told it.
    #[schema(pattern = "^[0-9a-f]{32}$", example = "900150983cd24fb0d6963f7d28e17f72")]
    pub md5: String,
    #[schema(example = "application/pdf")]
    pub media_type: String,
}

/// The bytes of a file.
pub struct Bytes;

impl PartialSchema for Bytes {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()))
    }
}

impl ToSchema for Bytes {}

/// Hand in a file
///
/// It is kept under its digest, by which dossiers and payments name it. The same bytes get the same answer, whoever hands
/// them in again, with the type under which they came first. The bytes have to be of the type that `Content-Type` says.
#[utoipa::path(
    post,
    path = "/api/v1/files",
    tag = "files",
    operation_id = "handInFile",
    params(Named, OnceParameters),
    request_body(content(
        (Bytes = "application/pdf"),
        (Bytes = "application/ofd"),
        (Bytes = "application/zip"),
        (Bytes = "image/png"),
        (Bytes = "image/jpeg"),
        (Bytes = "text/plain"),
    )),
    responses(
        (status = 200, body = FileView),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["dossiers"]))
)]
pub(super) async fn post(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Dossiers)?;
    let media_type = MediaType::of_name(request.content_type()).ok_or_else(|| {
        let known = MediaType::ALL.map(MediaType::name).join(", ");
        Problem::new(Code::UnsupportedMediaType, format!("expected one of {known}"))
    })?;
    expect_suitable_name(&request, media_type)?;
    let bytes = body::read(payload.into_inner(), api.options.file_bytes).await?;
    let request = Request::read(&request, &caller, &bytes)?;
    if bytes.is_empty() || !media_type.fits(&bytes) {
        return Err(Problem::at(
            "",
            format!("expected a file of type {}, found other bytes", media_type.name()),
        ));
    }
    let md5 = TextForm::Hex.encode(&md5::digest(&bytes));
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    // The archive comes first: what the database names is there.
    let digest = api.archive.put(bytes.to_vec()).await.map_err(|error| {
        tracing::error!(%error, "a file of the core system could not be archived");
        Problem { retry_after: Some(1), ..Problem::new(Code::Unavailable, "the request may be repeated") }
    })?;
    let upload = Upload { digest, media_type: media_type.name().to_owned(), size, md5 };
    let at = api.clock.now();
    act::once(&api, request, move |connection| {
        let Upload { digest, media_type, size, md5 } =
            uploads::record(connection, upload.clone(), &caller.key, at)?;
        let deed = Deed::new("file.upload", "document", &digest);
        let shown = FileView { digest: digest.to_string(), size, md5, media_type };
        Done::showing(StatusCode::OK, &shown, deed).map(Ok)
    })
    .await
}

fn expect_suitable_name(request: &HttpRequest, media_type: MediaType) -> Result<(), Problem> {
    let Named { name } = Query::<Named>::from_query(request.query_string())
        .map_err(|error| Problem::new(Code::InvalidParameter, error.to_string()))?
        .into_inner();
    match name {
        Some(name) if !media_type.suits(&name) => {
            let expected = format!("expected the name of a file of type {}", media_type.name());
            Err(Problem::parameter("name", expected))
        }
        _ => Ok(()),
    }
}

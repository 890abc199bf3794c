//! A guarantee as the core system sees it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::values::{Yuan, uuid, words};
use crate::casework::Platform;
use crate::domain::Stage;
use crate::store::guarantees::Stored;
use crate::store::{Connection, StoreError};

/// One application and the guarantee that came of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Guarantee)]
pub struct GuaranteeView {
    #[schema(schema_with = uuid)]
    pub id: String,
    /// The platform's id in the settings.
    pub platform: String,
    /// The platform's number of the application (业务流水号).
    pub application_number: String,
    /// The number that the institution gave (保函编号), once it is approved.
    pub guarantee_number: Option<String>,
    #[schema(schema_with = stages)]
    pub stage: &'static str,
    /// Counts the changes; also the ETag.
    pub version: i64,
    pub amount: Yuan,
}

/// The schema of a stage.
pub(in crate::api) fn stages() -> utoipa::openapi::schema::ObjectBuilder {
    words(Stage::ALL.map(Stage::name))
}

/// # Errors
/// When the key of an opening can't be read.
pub(in crate::api) fn of(
    _connection: &mut Connection,
    _platform: &Platform,
    stored: &Stored,
) -> Result<GuaranteeView, StoreError> {
    let guarantee = &stored.guarantee;
    Ok(GuaranteeView {
        id: guarantee.id.to_string(),
        platform: guarantee.platform.to_string(),
        application_number: guarantee.application.number.to_string(),
        guarantee_number: guarantee.number().map(ToString::to_string),
        stage: guarantee.stage.name(),
        version: stored.version,
        amount: Yuan(guarantee.application.amount),
    })
}

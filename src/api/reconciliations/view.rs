//! Reconciliations and differences as the interface shows them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::ObjectBuilder;

use crate::api::values::{Yuan, uuid, words};
use crate::store::reconciliations::{Difference, DifferenceKind, Reconciliation, Remark, Side, Signature};

/// A platform's statement as it was compared with ours.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub struct ReconciliationView {
    #[schema(schema_with = uuid)]
    pub id: String,
    /// The platform's id in the settings.
    pub platform: String,
    /// The day in China.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// Counts the files of this day from 1.
    pub generation: u32,
    /// The reconciliation of the next file for this day; without one, this is the current one.
    pub superseded_by: Option<String>,
    /// The file's name.
    pub file: String,
    /// The file's SM3 digest.
    pub digest: String,
    pub imported_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub imported_at: Timestamp,
    /// Rows of the platform's file.
    pub theirs: u64,
    /// Guarantees of ours that were expected in it.
    pub ours: u64,
    /// What the file says beside numbers, and was compared.
    pub compared: Vec<String>,
    /// How many differences there are of each kind.
    pub differences: Vec<CountView>,
    /// How many of them nobody has explained.
    pub unexplained: u64,
    pub signature: Option<SignatureView>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DifferenceCount)]
pub struct CountView {
    #[schema(schema_with = kinds)]
    pub kind: &'static str,
    pub count: u64,
}

/// Who signed for it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Signature)]
pub struct SignatureView {
    pub by: String,
    pub remark: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A page of reconciliations.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReconciliationPage {
    pub items: Vec<ReconciliationView>,
    /// `cursor` of the next page, where there is one.
    pub next_cursor: Option<String>,
}

/// A page of differences.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DifferencePage {
    pub items: Vec<DifferenceView>,
    /// `cursor` of the next page, where there is one.
    pub next_cursor: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Difference)]
pub struct DifferenceView {
    /// Counts from 1.
    pub number: u32,
    #[schema(schema_with = kinds)]
    pub kind: &'static str,
    /// Ours, where we have it.
    pub guarantee_id: Option<String>,
    pub ours: Option<SideView>,
    pub theirs: Option<SideView>,
    pub remarks: Vec<RemarkView>,
}

/// What one side says.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DifferenceSide)]
pub struct SideView {
    pub application_number: Option<String>,
    pub guarantee_number: Option<String>,
    pub applicant_name: Option<String>,
    pub amount: Option<Yuan>,
    pub premium: Option<Yuan>,
    /// In that side's own words.
    pub state: Option<String>,
    /// The day in China under which that side has it.
    #[schema(value_type = Option<String>, format = Date)]
    pub date: Option<Date>,
    /// When it happened with us.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// The line of the platform's file.
    pub line: Option<u64>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DifferenceRemark)]
pub struct RemarkView {
    pub by: String,
    pub remark: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

fn kinds() -> ObjectBuilder {
    words(DifferenceKind::ALL.map(DifferenceKind::name))
}

pub(super) fn of(it: Reconciliation) -> ReconciliationView {
    let count = |(kind, count): (DifferenceKind, u64)| CountView { kind: kind.name(), count };
    let signature = |Signature { by, remark, at }| SignatureView { by, remark, at };
    ReconciliationView {
        id: it.id.to_string(),
        platform: it.platform.to_string(),
        date: it.day,
        generation: it.generation,
        superseded_by: it.superseded_by.map(|id| id.to_string()),
        file: it.import.file,
        digest: it.digest.to_string(),
        imported_by: it.import.by,
        imported_at: it.imported_at,
        theirs: it.import.theirs,
        ours: it.import.ours,
        compared: it.import.compared,
        differences: it.differences.into_iter().map(count).collect(),
        unexplained: it.unexplained,
        signature: it.signature.map(signature),
    }
}

pub(super) fn of_difference(Difference { number, finding, remarks }: Difference) -> DifferenceView {
    let remark = |Remark { by, text, at }| RemarkView { by, remark: text, at };
    DifferenceView {
        number,
        kind: finding.kind.name(),
        guarantee_id: finding.guarantee.map(|id| id.to_string()),
        ours: finding.ours.map(of_side),
        theirs: finding.theirs.map(of_side),
        remarks: remarks.into_iter().map(remark).collect(),
    }
}

fn of_side(side: Side) -> SideView {
    SideView {
        application_number: side.application.map(|it| it.to_string()),
        guarantee_number: side.number.map(|it| it.to_string()),
        applicant_name: side.applicant,
        amount: side.amount.map(Yuan),
        premium: side.premium.map(Yuan),
        state: side.state,
        date: side.date,
        at: side.at,
        line: side.line,
    }
}

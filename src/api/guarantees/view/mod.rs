//! A guarantee as the core system sees it, with everything that is known of it.

mod application;
mod claim;
mod dossier;
mod letters;
mod requests;
mod terms;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use self::application::{ApplicationView, SectionView};
use self::claim::ClaimView;
use self::dossier::DossierView;
use self::letters::{LetterView, OpeningView};
use self::requests::{AbnormalityView, CancellationView, InvoiceView, OrderCancellationView, SurrenderView};
use self::terms::{PaymentView, TermsView};
use crate::api::caller::Caller;
use crate::api::scope::Scope;
use crate::api::values::{Yuan, uuid, words};
use crate::casework::{Platform, sections};
use crate::domain::Stage;
use crate::domain::awaited::Awaited;
use crate::domain::decision::{Act, legal_acts};
use crate::store::guarantees::{self, Stored};
use crate::store::{Connection, StoreError};

/// One application (投保申请) and the guarantee (保函) that came of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Guarantee)]
pub struct GuaranteeView {
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
    /// What the institution may do with it as it stands (可执行操作).
    #[schema(schema_with = act_list)]
    legal_acts: Vec<&'static str>,
    /// Counts the changes; also the ETag (版本号).
    version: i64,
    /// What the guarantee stands in for (担保金额).
    amount: Yuan,
    /// When the application came (收到时间).
    received_at: Timestamp,
    /// When it changed last (更新时间).
    updated_at: Timestamp,
    application: ApplicationView,
    /// The tender section and the beneficiary in plain text (标段与招标人). Null until the bids are opened, where the
    /// platform keeps them secret until then.
    section: Option<SectionView>,
    /// What the institution agreed to (承保条件), once it is approved.
    terms: Option<TermsView>,
    /// The premium as it was paid (保费支付).
    payment: Option<PaymentView>,
    /// Sealed letters, the first one first (保函文件).
    letters: Vec<LetterView>,
    /// The bid opening as the platform told it (开标).
    opening: Option<OpeningView>,
    /// Whether the platform was asked to let the application go and has not answered yet (放弃申请).
    waiver_asked: bool,
    order_cancellation: Option<OrderCancellationView>,
    surrender: Option<SurrenderView>,
    cancellation: Option<CancellationView>,
    /// The latest claim (索赔).
    claim: Option<ClaimView>,
    /// What all claims together were paid (累计赔付金额).
    paid_on_claims: Yuan,
    invoice: Option<InvoiceView>,
    dossier: Option<DossierView>,
    abnormality: Option<AbnormalityView>,
}

/// Who looks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    at: Timestamp,
    /// Whether people's data is shown: that of the dossier, and numbers of identity documents.
    people: bool,
}

impl Reader {
    pub(in crate::api) fn of(caller: &Caller, at: Timestamp) -> Self {
        Self { at, people: caller.require(Scope::Dossiers).is_ok() }
    }

    /// Of an answer that is kept, and given again to whichever key of the client asks.
    pub(in crate::api) fn of_act(at: Timestamp) -> Self {
        Self { at, people: false }
    }
}

/// # Errors
/// When the database fails or the key of an opening can't be read.
pub(in crate::api) fn of(
    connection: &mut Connection,
    platform: &Platform,
    stored: &Stored,
    reader: Reader,
) -> Result<GuaranteeView, StoreError> {
    let guarantee = &stored.guarantee;
    // The same as a list shows, to the microsecond.
    let summary = guarantees::summary(connection, &guarantee.id)?;
    let times = summary.map(|summary| (summary.received_at, summary.updated_at));
    let (received_at, updated_at) = times.unwrap_or((guarantee.received_at, guarantee.received_at));
    let section = sections::revealed(connection, platform, guarantee)?;
    Ok(GuaranteeView {
        id: guarantee.id.to_string(),
        platform: guarantee.platform.to_string(),
        application_number: guarantee.application.number.to_string(),
        guarantee_number: guarantee.number().map(ToString::to_string),
        stage: guarantee.stage.name(),
        awaits: guarantee.awaits().into_iter().map(Awaited::name).collect(),
        legal_acts: legal_acts(guarantee, reader.at).into_iter().map(Act::name).collect(),
        version: stored.version,
        amount: Yuan(guarantee.application.amount),
        received_at,
        updated_at,
        application: ApplicationView::of(&platform.profile, &guarantee.application, reader),
        section: section.map(|section| SectionView::of(section, reader)),
        terms: guarantee.terms.as_ref().map(|terms| TermsView::of(guarantee, terms)),
        payment: guarantee.payment.as_ref().map(|payment| PaymentView::of(guarantee, payment)),
        letters: letters::of(connection, guarantee)?,
        opening: guarantee.opening.as_ref().map(OpeningView::of),
        waiver_asked: guarantee.waiver_asked,
        order_cancellation: guarantee.order_cancellation.as_ref().map(OrderCancellationView::of),
        surrender: guarantee.surrender.as_ref().map(SurrenderView::of),
        cancellation: guarantee.cancellation.as_ref().map(CancellationView::of),
        claim: guarantee.claim.as_ref().map(|claim| ClaimView::of(claim, reader)),
        paid_on_claims: Yuan(guarantee.paid_on_claims),
        invoice: guarantee.invoice.as_ref().map(InvoiceView::of),
        dossier: guarantee.dossier.as_ref().map(|dossier| DossierView::of(guarantee, dossier, reader)),
        abnormality: guarantee.abnormality.as_ref().map(AbnormalityView::of),
    })
}

/// The schema of a stage.
pub(in crate::api) fn stages() -> utoipa::openapi::schema::ObjectBuilder {
    let titles = Stage::ALL.map(|stage| format!("`{}` {}", stage.name(), stage.title()));
    let description = format!("Where it stands (状态): {}", titles.join(", "));
    words(Stage::ALL.map(Stage::name)).description(Some(description))
}

/// The schema of what a guarantee awaits.
pub(in crate::api) fn awaited() -> utoipa::openapi::schema::ObjectBuilder {
    words(Awaited::ALL.map(Awaited::name))
}

/// The schema of everything that a guarantee awaits.
pub(in crate::api) fn awaited_list() -> utoipa::openapi::schema::ArrayBuilder {
    utoipa::openapi::schema::ArrayBuilder::new().items(awaited().build())
}

fn act_list() -> utoipa::openapi::schema::ArrayBuilder {
    utoipa::openapi::schema::ArrayBuilder::new().items(words(Act::ALL.map(Act::name)).build())
}

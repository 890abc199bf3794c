//! The aggregate: one application and the guarantee that came of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::abnormality::Abnormality;
use super::application::Application;
use super::claim::{ClaimRequest, ClaimResult, ClaimStatus};
use super::command::{Command, Replacement};
use super::dossier::{Dossier, Paper};
use super::identity::{DocumentDigest, GuaranteeId, GuaranteeNumber, PlatformId};
use super::invoice::{InvoiceOutcome, InvoiceRequest};
use super::money::Fen;
use super::section::Secrecy;
use super::terms::{Payment, Terms};

/// Everything known of a guarantee, from its application on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarantee {
    pub id: GuaranteeId,
    pub platform: PlatformId,
    pub received_at: Timestamp,
    pub stage: Stage,
    pub application: Application,
    pub terms: Option<Terms>,
    pub payment: Option<Payment>,
    /// The letter made at issue: ciphertext where the section is secret, plaintext otherwise.
    #[serde(alias = "ciphertext_letter")]
    pub issued_letter: Option<Letter>,
    pub merged_letter: Option<Letter>,
    pub opening: Option<Opening>,
    pub surrender: Option<Surrender>,
    pub claim: Option<Claim>,
    /// What all claims together were paid.
    #[serde(default)]
    pub paid_on_claims: Fen,
    pub invoice: Option<InvoiceCase>,
    pub waiver_asked: bool,
    /// The platform's latest wish to cancel the order.
    #[serde(default)]
    pub order_cancellation: Option<OrderCancellation>,
    pub dossier: Option<Dossier>,
    pub abnormality: Option<Abnormality>,
    pub cancellation: Option<Cancellation>,
}

/// Where a guarantee stands. It only ever moves forward, except that a replaced application is underwritten again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Received; underwriting is due.
    Applied,
    /// Underwritten; the premium is due.
    Approved,
    /// Paid; the first letter is being made.
    Issuing,
    /// The first letter is sealed: of ciphertext where the section is secret, else in the clear.
    Issued,
    /// The platform's key has arrived; the plaintext letter is being made.
    Opened,
    /// The merged letter is sealed.
    Restored,
    Declined,
    Waived,
    /// It could not be issued though it was paid.
    Abandoned,
    Surrendered,
    Cancelled,
    /// Its last day is over.
    Expired,
}

impl Stage {
    pub const ALL: [Self; 12] = [
        Self::Applied,
        Self::Approved,
        Self::Issuing,
        Self::Issued,
        Self::Opened,
        Self::Restored,
        Self::Declined,
        Self::Waived,
        Self::Abandoned,
        Self::Surrendered,
        Self::Cancelled,
        Self::Expired,
    ];

    /// Whether a guarantee is there and binds the institution.
    pub fn is_in_force(self) -> bool {
        matches!(self, Self::Issued | Self::Opened | Self::Restored)
    }

    /// Whether it ended, in whichever way.
    pub fn is_ended(self) -> bool {
        !self.is_in_force() && !matches!(self, Self::Applied | Self::Approved | Self::Issuing)
    }

    /// The stable name, as stored and as a metric's label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Approved => "approved",
            Self::Issuing => "issuing",
            Self::Issued => "issued",
            Self::Opened => "opened",
            Self::Restored => "restored",
            Self::Declined => "declined",
            Self::Waived => "waived",
            Self::Abandoned => "abandoned",
            Self::Surrendered => "surrendered",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// How people call it, in Chinese.
    pub fn title(self) -> &'static str {
        match self {
            Self::Applied => "待审批",
            Self::Approved => "待支付保费",
            Self::Issuing => "出函中",
            Self::Issued => "保函已出具",
            Self::Opened => "已开标待还原",
            Self::Restored => "明文保函已出具",
            Self::Declined => "审批未通过",
            Self::Waived => "已放弃",
            Self::Abandoned => "开函失败",
            Self::Surrendered => "已退保",
            Self::Cancelled => "已注销",
            Self::Expired => "已到期",
        }
    }
}

/// Whether a repeated push says the same as the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Same,
    Other,
}

/// Which of a guarantee's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterKind {
    /// 密文保函: the received ciphertext stands where section and beneficiary are named.
    Ciphertext,
    /// 明文保函 with the 密文保函 appended, under one seal.
    Merged,
    /// 明文保函, where the platform keeps nothing secret.
    Plaintext,
}

impl LetterKind {
    pub const ALL: [Self; 3] = [Self::Ciphertext, Self::Merged, Self::Plaintext];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ciphertext => "ciphertext",
            Self::Merged => "merged",
            Self::Plaintext => "plaintext",
        }
    }
}

/// A sealed letter in the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub document: DocumentDigest,
    pub sealed_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
}

/// The bid opening as the platform told it. The key itself is kept by the store, wrapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub opened_at: Timestamp,
    pub key_received_at: Timestamp,
    /// When the plaintext letter has to be with the platform.
    pub deadline: Timestamp,
}

/// A beneficiary's word that the guarantee is no longer needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub kind: CancellationKind,
    /// When it is to end; the time of the push, where none is given.
    pub effective_at: Option<Timestamp>,
    pub remark: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CancellationKind {
    /// The platform gives no reason.
    #[default]
    Unstated,
    /// 项目履约完成
    Fulfilled,
    /// 保函文件格式错误
    Defective,
}

impl CancellationKind {
    pub const ALL: [Self; 3] = [Self::Unstated, Self::Fulfilled, Self::Defective];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unstated => "unstated",
            Self::Fulfilled => "fulfilled",
            Self::Defective => "defective",
        }
    }
}

/// A platform's wish to end an application before its letter is sealed (内蒙古 10.9). While it is open, nothing is
/// approved, paid, sealed or replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancellation {
    pub reason: String,
    pub outcome: OrderCancellationOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderCancellationOutcome {
    Asked,
    Granted,
    Refused { reason: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surrender {
    pub reason: String,
    pub outcome: SurrenderOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SurrenderOutcome {
    Asked,
    Granted,
    Refused { reason: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub request: ClaimRequest,
    pub result: Option<ClaimResult>,
}

impl Claim {
    /// Whether it was paid or rejected, so that another may follow.
    pub fn is_settled(&self) -> bool {
        self.result.as_ref().is_some_and(|result| result.status.is_final())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceCase {
    pub request: InvoiceRequest,
    pub outcome: InvoiceOutcome,
}

impl Guarantee {
    /// A guarantee that has just been applied for.
    pub fn apply(id: GuaranteeId, platform: PlatformId, application: Application, at: Timestamp) -> Self {
        Self {
            id,
            platform,
            received_at: at,
            stage: Stage::Applied,
            application,
            terms: None,
            payment: None,
            issued_letter: None,
            merged_letter: None,
            opening: None,
            surrender: None,
            claim: None,
            paid_on_claims: Fen::ZERO,
            invoice: None,
            waiver_asked: false,
            order_cancellation: None,
            dossier: None,
            abnormality: None,
            cancellation: None,
        }
    }

    /// Which letter is made at issue.
    pub fn letter_at_issue(&self) -> LetterKind {
        match self.application.secrecy {
            Secrecy::UntilOpening => LetterKind::Ciphertext,
            Secrecy::None => LetterKind::Plaintext,
        }
    }

    pub fn number(&self) -> Option<&GuaranteeNumber> {
        self.terms.as_ref().map(|terms| &terms.guarantee_number)
    }

    pub fn letter(&self, kind: LetterKind) -> Option<&Letter> {
        match kind {
            LetterKind::Ciphertext | LetterKind::Plaintext => {
                self.issued_letter.as_ref().filter(|_| kind == self.letter_at_issue())
            }
            LetterKind::Merged => self.merged_letter.as_ref(),
        }
    }

    pub fn order_cancellation_is_asked(&self) -> bool {
        self.order_cancellation.as_ref().is_some_and(|it| it.outcome == OrderCancellationOutcome::Asked)
    }

    pub fn surrender_is_asked(&self) -> bool {
        self.surrender.as_ref().is_some_and(|it| it.outcome == SurrenderOutcome::Asked)
    }

    pub fn invoice_is_asked(&self) -> bool {
        self.invoice.as_ref().is_some_and(|it| it.outcome == InvoiceOutcome::Asked)
    }

    /// The claim that has no final answer yet.
    pub fn open_claim(&self) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| !claim.is_settled())
    }

    /// What shows that the premium arrived (到账凭证): from the dossier, or else what came with the payment.
    pub fn payment_proof(&self) -> Option<&Paper> {
        let in_dossier = self.dossier.as_ref().and_then(|dossier| dossier.payment_proof.as_ref());
        in_dossier.or_else(|| self.payment.as_ref()?.voucher.as_ref())
    }

    /// Whatever of the applicant's is in the archive. The same paper may come twice.
    pub fn papers(&self) -> impl Iterator<Item = &Paper> {
        let dossier = self.dossier.as_ref();
        let collected =
            dossier.into_iter().flat_map(|it| [&it.order, &it.qualification, &it.licence, &it.payment_proof]);
        let voucher = self.payment.as_ref().and_then(|payment| payment.voucher.as_ref());
        collected.flatten().chain(voucher)
    }

    /// Whether a push of the same kind as an earlier, accepted one may be taken anew: the earlier request was turned
    /// down, so the platform is asking again rather than repeating itself. What was granted is taken anew only with
    /// other content: a further claim, or, before issue and where the settings allow it, a changed application.
    pub fn may_ask_again(&self, command: &Command, content: Content) -> bool {
        match command {
            Command::Apply { replace: Replacement::UntilIssued, .. } => {
                content == Content::Other && matches!(self.stage, Stage::Applied | Stage::Approved)
            }
            Command::RequestSurrender { .. } => self
                .surrender
                .as_ref()
                .is_some_and(|it| matches!(it.outcome, SurrenderOutcome::Refused { .. })),
            Command::CancelOrder { .. } => self
                .order_cancellation
                .as_ref()
                .is_some_and(|it| matches!(it.outcome, OrderCancellationOutcome::Refused { .. })),
            Command::RequestInvoice { .. } => {
                self.invoice.as_ref().is_some_and(|it| matches!(it.outcome, InvoiceOutcome::Refused { .. }))
            }
            Command::Claim { .. } => {
                let result = self.claim.as_ref().and_then(|claim| claim.result.as_ref());
                result.is_some_and(|result| match result.status {
                    ClaimStatus::Rejected => true,
                    // What was paid and comes again is a repetition; further damage is claimed in other words.
                    ClaimStatus::Paid => content == Content::Other,
                    ClaimStatus::InHandling | ClaimStatus::ToBePaid | ClaimStatus::Other => false,
                })
            }
            _ => false,
        }
    }
}

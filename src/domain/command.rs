//! What a platform, the institution or a job asks of a guarantee.

use jiff::Timestamp;

use super::abnormality::Abnormality;
use super::application::Application;
use super::claim::{ClaimRequest, ClaimResult};
use super::dossier::Dossier;
use super::guarantee::{Cancellation, LetterKind};
use super::identity::{DocumentDigest, GuaranteeNumber};
use super::invoice::{Invoice, InvoiceRequest};
use super::terms::{Payment, Terms};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    // From the platform.
    Apply {
        application: Application,
        replace: Replacement,
    },
    Restore {
        guarantee: GuaranteeNumber,
        opened_at: Timestamp,
        key: KeyCheck,
        deadline: Timestamp,
    },
    RequestInvoice {
        guarantee: GuaranteeNumber,
        request: InvoiceRequest,
    },
    /// Not every platform names the guarantee beside the application.
    RequestSurrender {
        guarantee: Option<GuaranteeNumber>,
        reason: String,
    },
    Cancel {
        guarantee: GuaranteeNumber,
        cancellation: Cancellation,
    },
    Claim {
        guarantee: GuaranteeNumber,
        request: ClaimRequest,
    },
    Waive,
    /// Before issue the institution decides; the platform waits for a notice of the outcome.
    CancelOrder {
        reason: String,
    },
    RecordAbnormality {
        abnormality: Abnormality,
    },

    // From the institution: its rules, its core system or an operator.
    Approve {
        terms: Terms,
    },
    Decline {
        reason: String,
        issuer: String,
    },
    RecordPremium {
        payment: Payment,
        payer: PayerRule,
    },
    RecordDossier {
        dossier: Dossier,
    },
    AbandonIssue {
        reason: String,
    },
    AskWaiver,
    GrantCancellation,
    RefuseCancellation {
        reason: String,
    },
    GrantSurrender,
    /// Agreed with the applicant directly: nobody asked through the platform, or whoever did is answered by it.
    Surrender {
        reason: String,
    },
    RefuseSurrender {
        reason: String,
    },
    AnswerClaim {
        result: ClaimResult,
    },
    IssueInvoice {
        invoice: Invoice,
    },
    RefuseInvoice {
        reason: String,
    },

    // From jobs.
    RecordLetter {
        letter: LetterKind,
        document: DocumentDigest,
    },
    RecordDelivery {
        letter: LetterKind,
    },
    SettleWaiver {
        accepted: bool,
    },
    /// The last day of validity is over.
    Expire,
}

impl Command {
    /// The stable name, as records of who did what have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Apply { .. } => "guarantee.apply",
            Self::Restore { .. } => "guarantee.restore",
            Self::RequestInvoice { .. } => "guarantee.request-invoice",
            Self::RequestSurrender { .. } => "guarantee.request-surrender",
            Self::Cancel { .. } => "guarantee.cancel",
            Self::Claim { .. } => "guarantee.claim",
            Self::Waive => "guarantee.waive",
            Self::CancelOrder { .. } => "guarantee.cancel-order",
            Self::RecordAbnormality { .. } => "guarantee.record-abnormality",
            Self::Approve { .. } => "guarantee.approve",
            Self::Decline { .. } => "guarantee.decline",
            Self::RecordPremium { .. } => "guarantee.record-premium",
            Self::RecordDossier { .. } => "guarantee.record-dossier",
            Self::AbandonIssue { .. } => "guarantee.abandon-issue",
            Self::AskWaiver => "guarantee.ask-waiver",
            Self::GrantCancellation => "guarantee.grant-cancellation",
            Self::RefuseCancellation { .. } => "guarantee.refuse-cancellation",
            Self::GrantSurrender => "guarantee.grant-surrender",
            Self::Surrender { .. } => "guarantee.surrender",
            Self::RefuseSurrender { .. } => "guarantee.refuse-surrender",
            Self::AnswerClaim { .. } => "guarantee.answer-claim",
            Self::IssueInvoice { .. } => "guarantee.issue-invoice",
            Self::RefuseInvoice { .. } => "guarantee.refuse-invoice",
            Self::RecordLetter { .. } => "guarantee.record-letter",
            Self::RecordDelivery { .. } => "guarantee.record-delivery",
            Self::SettleWaiver { .. } => "guarantee.settle-waiver",
            Self::Expire => "guarantee.expire",
        }
    }
}

/// Whether the platform's key opened every ciphertext field of the guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCheck {
    Fits,
    DoesNotFit,
}

/// Whether an application that was pushed again with other content replaces the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    Refused,
    UntilIssued,
}

/// Which account the premium has to come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayerRule {
    BasicAccountOnly,
    AnyAccount,
}

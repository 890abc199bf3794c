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

//! What the institution tells a platform. A notice holds everything that goes on the wire except what belongs to a
//! single attempt (the time of sending and the digest), so that each attempt says the same.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claim::ClaimResult;
use super::identity::{ApplicationNumber, GuaranteeNumber};
use super::invoice::Invoice;
use super::money::Fen;
use super::party::Account;
use super::premium::Rate;
use super::terms::PaymentMethod;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Notice {
    ApplicationResult(ApplicationResult),
    Progress(Progress),
    /// The merged letter, handed over in the notice itself.
    RestorationResult {
        application: ApplicationNumber,
        guarantee: GuaranteeNumber,
    },
    InvoiceResult(InvoiceResult),
    SurrenderResult(SurrenderResult),
    ClaimResult {
        application: ApplicationNumber,
        guarantee: GuaranteeNumber,
        result: ClaimResult,
    },
    CancellationResult {
        application: ApplicationNumber,
        guarantee: GuaranteeNumber,
        at: Timestamp,
        text: Option<String>,
    },
    WaiverRequest {
        application: ApplicationNumber,
    },
}

/// A step of an application, for platforms that want to hear of each (内蒙古 10.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub application: ApplicationNumber,
    pub step: ProgressStep,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgressStep {
    Approved,
    Paid { at: Timestamp, premium: Fen, method: PaymentMethod },
    IssueFailed { reason: String },
    OrderCancelled,
    OrderKept { reason: String },
}

/// Whether an application was approved, and on which terms (海南 A.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationResult {
    pub application: ApplicationNumber,
    /// None where the application was declined.
    pub terms: Option<IssuedTerms>,
    /// Why it was declined.
    pub reason: Option<String>,
    /// The organisation that issues (出单机构).
    pub issuer: String,
    /// When the letter was sealed, or the application declined.
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedTerms {
    pub guarantee: GuaranteeNumber,
    pub payer: Account,
    pub rate: Rate,
    pub premium: Fen,
    pub amount: Fen,
    pub applicant: String,
    /// The first and the last moment of validity.
    pub valid: (Timestamp, Timestamp),
}

/// The answer to a request for an invoice (海南 A.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceResult {
    pub application: ApplicationNumber,
    pub guarantee: GuaranteeNumber,
    /// None where the request was refused.
    pub invoice: Option<Invoice>,
}

/// The answer to a request to surrender (海南 A.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurrenderResult {
    pub application: ApplicationNumber,
    pub guarantee: GuaranteeNumber,
    /// When the guarantee was surrendered; None where the request was refused.
    pub surrendered_at: Option<Timestamp>,
    /// Why it was refused.
    pub reason: Option<String>,
}

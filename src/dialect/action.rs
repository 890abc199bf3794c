//! What an interface does: the closed list of things that a platform asks of the gateway, and the gateway of a platform.

use serde::Deserialize;

use super::meaning::Meaning::{self, *};
use super::table::Direction;

/// What calling an interface does, as tables write it under `does`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    // Pushes.
    Apply,
    Restore,
    RequestInvoice,
    RequestSurrender,
    Cancel,
    Claim,
    Waive,
    // Notices.
    ApplicationResult,
    PublicKey,
    Slice,
    Completion,
    InvoiceResult,
    SurrenderResult,
    ClaimResult,
    WaiverRequest,
}

/// The meanings that an interface's request must have and those it may have besides.
pub(super) struct Vocabulary {
    pub must: &'static [Meaning],
    pub may: &'static [Meaning],
}

impl Action {
    pub fn direction(self) -> Direction {
        match self {
            Self::Apply
            | Self::Restore
            | Self::RequestInvoice
            | Self::RequestSurrender
            | Self::Cancel
            | Self::Claim
            | Self::Waive => Direction::In,
            Self::ApplicationResult
            | Self::PublicKey
            | Self::Slice
            | Self::Completion
            | Self::InvoiceResult
            | Self::SurrenderResult
            | Self::ClaimResult
            | Self::WaiverRequest => Direction::Out,
        }
    }

    /// The stable name, as tables write it and as a metric's label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Restore => "restore",
            Self::RequestInvoice => "request-invoice",
            Self::RequestSurrender => "request-surrender",
            Self::Cancel => "cancel",
            Self::Claim => "claim",
            Self::Waive => "waive",
            Self::ApplicationResult => "application-result",
            Self::PublicKey => "public-key",
            Self::Slice => "slice",
            Self::Completion => "completion",
            Self::InvoiceResult => "invoice-result",
            Self::SurrenderResult => "surrender-result",
            Self::ClaimResult => "claim-result",
            Self::WaiverRequest => "waiver-request",
        }
    }

    pub(super) fn vocabulary(self) -> Vocabulary {
        let (must, may): (&'static [Meaning], &'static [Meaning]) = match self {
            Self::Apply => (
                &[
                    ApplicationNumber,
                    ApplicantName,
                    ApplicantCode,
                    SectionNumber,
                    SectionName,
                    GuaranteedAmount,
                    BeneficiaryName,
                ],
                &[ContactName, ContactPhone, BeneficiaryCode],
            ),
            Self::Restore => (&[ApplicationNumber, GuaranteeNumber, OpenedAt, SectionKey], &[SectionIv]),
            Self::RequestInvoice => (
                &[
                    ApplicationNumber,
                    GuaranteeNumber,
                    ApplicantName,
                    ApplicantCode,
                    InvoiceAmount,
                    InvoiceKind,
                ],
                &[
                    InvoiceAddress,
                    InvoicePhone,
                    InvoiceBank,
                    InvoiceAccount,
                    InvoiceEmail,
                    RecipientName,
                    RecipientPhone,
                    RecipientAddress,
                ],
            ),
            Self::RequestSurrender => (&[ApplicationNumber, GuaranteeNumber, Reason], &[]),
            Self::Cancel => (&[ApplicationNumber, GuaranteeNumber], &[]),
            Self::Claim => (
                &[ApplicationNumber, GuaranteeNumber, Reason],
                &[PayeeAccount, ClaimedAmount, ClaimantName, ClaimantPhone, Evidence],
            ),
            Self::Waive | Self::WaiverRequest => (&[ApplicationNumber], &[]),
            Self::ApplicationResult => (
                &[ApplicationNumber, Outcome],
                &[GuaranteeNumber, PayerName, PayerAccount, PayerBank, Issuer, IssuedAt, Rate, Premium],
            ),
            Self::PublicKey => (&[], &[ApplicationNumber]),
            Self::Slice => (&[SliceData, SliceIndex], &[ApplicationNumber, GuaranteeNumber, Letter]),
            Self::Completion => {
                (&[WrappedKey], &[ApplicationNumber, GuaranteeNumber, WrappedIv, FileDigest, Letter])
            }
            Self::InvoiceResult => {
                (&[GuaranteeNumber, Outcome], &[ApplicationNumber, InvoiceUrl, InvoiceCode, InvoiceNumber])
            }
            Self::SurrenderResult => (&[GuaranteeNumber, Outcome], &[ApplicationNumber, SurrenderedAt]),
            Self::ClaimResult => (
                &[GuaranteeNumber, ClaimStatus],
                &[
                    ApplicationNumber,
                    Remark,
                    PaidAmount,
                    PayerName,
                    PayerCode,
                    PayerContact,
                    PayerPhone,
                    PayerAccount,
                    PayerBank,
                    BeneficiaryName,
                    BeneficiaryCode,
                    BeneficiaryContact,
                    BeneficiaryPhone,
                    BeneficiaryAccount,
                    BeneficiaryBank,
                ],
            ),
        };
        Vocabulary { must, may }
    }
}

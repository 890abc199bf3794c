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
    /// Surrender, or cancel the order, as a field says.
    Withdraw,
    // Questions of the platform: nothing changes by their answers but that a letter has arrived.
    LetterInfo,
    FetchLetter,
    VerifyLetter,
    Reconcile,
    // Notices.
    ApplicationResult,
    /// Every step of an application, one notice each.
    ApplicationStatus,
    RestorationResult,
    PublicKey,
    Slice,
    Completion,
    InvoiceResult,
    SurrenderResult,
    ClaimResult,
    CancellationResult,
    WaiverRequest,
    // Questions of the gateway.
    AbnormalSections,
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
            | Self::Waive
            | Self::Withdraw
            | Self::LetterInfo
            | Self::FetchLetter
            | Self::VerifyLetter
            | Self::Reconcile => Direction::In,
            Self::ApplicationResult
            | Self::ApplicationStatus
            | Self::RestorationResult
            | Self::PublicKey
            | Self::Slice
            | Self::Completion
            | Self::InvoiceResult
            | Self::SurrenderResult
            | Self::ClaimResult
            | Self::CancellationResult
            | Self::WaiverRequest
            | Self::AbnormalSections => Direction::Out,
        }
    }

    /// Whether the platform only wants to know something.
    pub(super) fn is_question(self) -> bool {
        matches!(self, Self::LetterInfo | Self::FetchLetter | Self::VerifyLetter | Self::Reconcile)
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
            Self::Withdraw => "withdraw",
            Self::LetterInfo => "letter-info",
            Self::FetchLetter => "fetch-letter",
            Self::VerifyLetter => "verify-letter",
            Self::Reconcile => "reconcile",
            Self::ApplicationResult => "application-result",
            Self::ApplicationStatus => "application-status",
            Self::RestorationResult => "restoration-result",
            Self::PublicKey => "public-key",
            Self::Slice => "slice",
            Self::Completion => "completion",
            Self::InvoiceResult => "invoice-result",
            Self::SurrenderResult => "surrender-result",
            Self::ClaimResult => "claim-result",
            Self::CancellationResult => "cancellation-result",
            Self::WaiverRequest => "waiver-request",
            Self::AbnormalSections => "abnormal-sections",
        }
    }

    pub(super) fn vocabulary(self) -> Vocabulary {
        let (must, may): (&'static [Meaning], &'static [Meaning]) = match self {
            Self::Apply => (APPLICATION, PARTICULARS),
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
            Self::Cancel => (&[GuaranteeNumber], &[ApplicationNumber, CancellationKind, EffectiveAt, Remark]),
            Self::Claim => (&[GuaranteeNumber], CLAIM),
            Self::Waive | Self::WaiverRequest => (&[ApplicationNumber], &[]),
            Self::Withdraw => (&[ApplicationNumber, WithdrawalKind], &[GuaranteeNumber, Reason]),
            Self::LetterInfo => (&[ApplicationNumber, GuaranteeNumber], &[]),
            Self::FetchLetter => (&[ApplicationNumber], &[GuaranteeNumber]),
            Self::VerifyLetter => (&[GuaranteeNumber, LetterFile], &[ApplicationNumber]),
            Self::Reconcile => (&[FirstDay, LastDay], &[]),
            Self::ApplicationResult => (
                &[ApplicationNumber, Outcome],
                &[
                    GuaranteeNumber,
                    PayerName,
                    PayerAccount,
                    PayerBank,
                    Issuer,
                    IssuedAt,
                    Rate,
                    Premium,
                    LetterUrl,
                    LetterFile,
                ],
            ),
            Self::ApplicationStatus => (
                &[ApplicationNumber, ApplicationStatus],
                &[
                    FailureReason,
                    GuaranteeNumber,
                    GuaranteedAmount,
                    ValidFrom,
                    ValidUntil,
                    IssuedAt,
                    ApplicantName,
                    PaidAt,
                    Premium,
                    PaymentMethod,
                ],
            ),
            Self::RestorationResult => (&[GuaranteeNumber], &[ApplicationNumber, LetterUrl, LetterFile]),
            Self::PublicKey => (&[], &[ApplicationNumber]),
            Self::Slice => (&[SliceData, SliceIndex], &[ApplicationNumber, GuaranteeNumber, Letter]),
            Self::Completion => {
                (&[WrappedKey], &[ApplicationNumber, GuaranteeNumber, WrappedIv, FileDigest, Letter])
            }
            Self::InvoiceResult => {
                (&[GuaranteeNumber, Outcome], &[ApplicationNumber, InvoiceUrl, InvoiceCode, InvoiceNumber])
            }
            Self::SurrenderResult => (&[GuaranteeNumber], &[ApplicationNumber, Outcome, SurrenderedAt]),
            Self::ClaimResult => (&[GuaranteeNumber, ClaimStatus], CLAIM_RESULT),
            Self::CancellationResult => (&[GuaranteeNumber, CancelledAt], &[ApplicationNumber, Remark]),
            Self::AbnormalSections => (&[UpdatedSince], &[]),
        };
        Vocabulary { must, may }
    }

    /// What the answer to this may hold, beside code and message.
    pub(super) fn answers(self) -> &'static [Meaning] {
        match self {
            Self::Apply => &[RedirectUrl],
            Self::LetterInfo => LETTER_INFO,
            Self::FetchLetter => &[LetterFileName, LetterFile],
            Self::VerifyLetter => &[
                GuaranteeNumber,
                SealStatus,
                CertificateSerial,
                CertificateOwner,
                CertificateFrom,
                CertificateUntil,
                CertificateIssuer,
                SealedAt,
            ],
            Self::Reconcile => {
                &[ApplicationNumber, GuaranteeNumber, IssuedAt, Rate, Premium, GuaranteeStatus]
            }
            Self::PublicKey => &[PublicKey],
            Self::AbnormalSections => &[
                ProjectNumber,
                ProjectName,
                SectionNumber,
                SectionName,
                SectionStatus,
                Remark,
                DecidedAt,
                Handling,
                Announced,
                AnnouncementTitle,
            ],
            _ => &[],
        }
    }
}

const APPLICATION: &[Meaning] = &[
    ApplicationNumber,
    ApplicantName,
    ApplicantCode,
    SectionNumber,
    SectionName,
    GuaranteedAmount,
    BeneficiaryName,
];

const PARTICULARS: &[Meaning] = &[
    ContactName,
    ContactPhone,
    BeneficiaryCode,
    ProjectNumber,
    ProjectName,
    ProjectApproval,
    InvestmentCode,
    ProjectKind,
    Region,
    ContractEstimate,
    BidValidityDays,
    DepositDeadline,
    OpeningTime,
    TenderNotice,
    TenderFile,
    BeneficiaryAccount,
    BeneficiaryBank,
    BeneficiaryAccountName,
    BeneficiaryContact,
    BeneficiaryPhone,
    ApplicantAddress,
    LegalRepresentative,
    LegalRepresentativeId,
    ContactId,
    ProcurementKind,
    AwardDate,
    AwardAmount,
    GuaranteeMonths,
    ContractMonths,
    GuaranteeFrom,
    GuaranteeUntil,
    FirstExtension,
    SecondExtension,
    ThirdExtension,
];

/// A claim may repeat whom and what it is about; what it repeats must be right.
const CLAIM: &[Meaning] = &[
    ApplicationNumber,
    Reason,
    PayeeAccount,
    PayeeBank,
    ClaimedAmount,
    ClaimantName,
    ClaimantPhone,
    ClaimantId,
    Evidence,
    SectionNumber,
    ProjectName,
    ProjectNumber,
    ApplicantName,
    ApplicantCode,
    BeneficiaryName,
    BeneficiaryCode,
];

const CLAIM_RESULT: &[Meaning] = &[
    ApplicationNumber,
    Remark,
    PaidAmount,
    PaidAt,
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
];

const LETTER_INFO: &[Meaning] = &[
    LetterUrl,
    LetterFile,
    LetterDigest,
    DataUrl,
    DataDigest,
    PayerName,
    PayerAccount,
    Rate,
    Premium,
    PaymentMethod,
    ValidityDays,
    ValidFrom,
    ValidUntil,
    ApplicantContact,
    ApplicantPhone,
    ApplicantAddress,
    ApplicantEmail,
    LegalRepresentative,
    LegalRepresentativeId,
    LegalRepresentativePhone,
    OrderUrl,
    OrderDigest,
    QualificationUrl,
    QualificationDigest,
    LicenceUrl,
    LicenceDigest,
    PaymentProofUrl,
];

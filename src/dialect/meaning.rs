//! What a wire field means: the gateway's own name for it, whatever the platform calls it.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::domain::money::Fen;
use crate::domain::particulars::Particular;

/// The meaning of a field in a request or an answer, as tables write it under `is`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    // Of every message.
    AppKey,
    Timestamp,
    Digest,
    PlatformCode,
    ApplicationNumber,
    GuaranteeNumber,
    /// Checked and signed like any field, but neither interpreted nor sent.
    Unused,

    // Of a wrapper round every message.
    /// The interface's name, where the message carries it.
    Transaction,
    /// A fresh number for each message: 32 hexadecimal digits of a UUID.
    MessageNumber,
    /// The encrypted message itself.
    Payload,

    // Of an application.
    ApplicantName,
    ApplicantCode,
    ContactName,
    ContactPhone,
    SectionNumber,
    SectionName,
    GuaranteedAmount,
    BeneficiaryName,
    BeneficiaryCode,

    // Of an application, and kept as its particulars.
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
    BeneficiaryAccountName,
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

    // Of its result and the guarantee.
    Outcome,
    ApplicationStatus,
    FailureReason,
    Issuer,
    IssuedAt,
    Rate,
    Premium,
    ValidFrom,
    ValidUntil,
    ValidityDays,
    PaidAt,
    PaymentMethod,

    // Of the opening.
    OpenedAt,
    SectionKey,
    SectionIv,

    // Of a sealed letter on its way.
    Letter,
    /// The whole letter as Base64.
    LetterFile,
    LetterFileName,
    LetterUrl,
    LetterDigest,
    /// The letter's fields as XML.
    DataUrl,
    DataDigest,
    SliceData,
    SliceIndex,
    WrappedKey,
    WrappedIv,
    FileDigest,

    // Of what the institution knows of the applicant.
    ApplicantContact,
    ApplicantPhone,
    ApplicantEmail,
    LegalRepresentativePhone,
    OrderUrl,
    OrderDigest,
    QualificationUrl,
    QualificationDigest,
    LicenceUrl,
    LicenceDigest,
    PaymentProofUrl,

    // Of an invoice.
    InvoiceAmount,
    InvoiceKind,
    InvoiceAddress,
    InvoicePhone,
    InvoiceBank,
    InvoiceAccount,
    InvoiceEmail,
    RecipientName,
    RecipientPhone,
    RecipientAddress,
    InvoiceUrl,
    InvoiceCode,
    InvoiceNumber,

    // Of surrenders, cancellations and claims.
    Reason,
    WithdrawalKind,
    SurrenderedAt,
    CancellationKind,
    EffectiveAt,
    CancelledAt,
    PayeeAccount,
    PayeeBank,
    ClaimedAmount,
    ClaimantName,
    ClaimantPhone,
    ClaimantId,
    Evidence,
    ClaimStatus,
    Remark,
    PaidAmount,
    PayerName,
    PayerCode,
    PayerContact,
    PayerPhone,
    PayerAccount,
    PayerBank,
    BeneficiaryContact,
    BeneficiaryPhone,
    BeneficiaryAccount,
    BeneficiaryBank,

    // Of a reconciliation and of abnormal sections.
    FirstDay,
    LastDay,
    GuaranteeStatus,
    UpdatedSince,
    SectionStatus,
    DecidedAt,
    Handling,
    Announced,
    AnnouncementTitle,

    // Of a verification.
    SealStatus,
    CertificateSerial,
    CertificateOwner,
    CertificateIssuer,
    CertificateFrom,
    CertificateUntil,
    SealedAt,

    // Of answers.
    Code,
    Message,
    RedirectUrl,
    PublicKey,
}

/// As tables write it.
impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    /// Yuan.
    Amount,
    /// A whole number above 0.
    Count,
    Moment,
    Date,
}

impl Shape {
    /// Whether a text reads as the domain writes it.
    pub fn is_normal(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Amount => text.parse::<Fen>().is_ok(),
            Self::Count => text.parse::<u32>().is_ok(),
            Self::Moment => clock::from_wire(text).is_ok(),
            Self::Date => text.parse::<Date>().is_ok(),
        }
    }
}

impl Meaning {
    /// The words that a table's `values` translate, for a meaning that is one of a few: all of them, unless
    /// a table may leave some out.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Outcome => &["approved", "refused"],
            Self::Letter => &["ciphertext", "merged"],
            Self::InvoiceKind => &["ordinary", "special"],
            Self::ClaimStatus => &["in-handling", "to-be-paid", "paid", "rejected", "other"],
            Self::ApplicationStatus => &[
                "approved",
                "declined",
                "issued",
                "issue-failed",
                "paid",
                "order-kept",
                "order-cancelled",
                "surrendered",
                "surrender-refused",
            ],
            Self::PaymentMethod => &["online-banking", "wechat", "alipay", "other"],
            Self::WithdrawalKind => &["surrender", "order"],
            Self::CancellationKind => &["fulfilled", "defective"],
            Self::GuaranteeStatus => &["issued", "surrendered"],
            Self::SectionStatus => &["failed", "terminated", "suspended", "voided"],
            Self::SealStatus => &["valid", "invalid"],
            _ => &[],
        }
    }

    /// Whether a platform may have no word for some of [`Self::words`]; then it is not told what it can't say.
    pub(super) fn may_lack_words(self) -> bool {
        matches!(self, Self::ClaimStatus | Self::ApplicationStatus)
    }

    /// Whether every message has it, whatever the message does.
    pub(super) fn is_general(self) -> bool {
        matches!(self, Self::AppKey | Self::Timestamp | Self::Digest | Self::PlatformCode | Self::Unused)
    }

    /// The particular of an application that it is, where it is one.
    pub(super) fn particular(self) -> Option<Particular> {
        Some(match self {
            Self::ProjectNumber => Particular::ProjectNumber,
            Self::ProjectName => Particular::ProjectName,
            Self::ProjectApproval => Particular::ProjectApproval,
            Self::InvestmentCode => Particular::InvestmentCode,
            Self::ProjectKind => Particular::ProjectKind,
            Self::Region => Particular::Region,
            Self::ContractEstimate => Particular::ContractEstimate,
            Self::BidValidityDays => Particular::BidValidityDays,
            Self::DepositDeadline => Particular::DepositDeadline,
            Self::OpeningTime => Particular::OpeningTime,
            Self::TenderNotice => Particular::TenderNotice,
            Self::TenderFile => Particular::TenderFile,
            Self::BeneficiaryAccount => Particular::BeneficiaryAccount,
            Self::BeneficiaryBank => Particular::BeneficiaryBank,
            Self::BeneficiaryAccountName => Particular::BeneficiaryAccountName,
            Self::BeneficiaryContact => Particular::BeneficiaryContact,
            Self::BeneficiaryPhone => Particular::BeneficiaryPhone,
            Self::ApplicantAddress => Particular::ApplicantAddress,
            Self::LegalRepresentative => Particular::LegalRepresentative,
            Self::LegalRepresentativeId => Particular::LegalRepresentativeId,
            Self::ContactId => Particular::ContactId,
            Self::ProcurementKind => Particular::ProcurementKind,
            Self::AwardDate => Particular::AwardDate,
            Self::AwardAmount => Particular::AwardAmount,
            Self::GuaranteeMonths => Particular::GuaranteeMonths,
            Self::ContractMonths => Particular::ContractMonths,
            Self::GuaranteeFrom => Particular::GuaranteeFrom,
            Self::GuaranteeUntil => Particular::GuaranteeUntil,
            Self::FirstExtension => Particular::FirstExtension,
            Self::SecondExtension => Particular::SecondExtension,
            Self::ThirdExtension => Particular::ThirdExtension,
            _ => return None,
        })
    }

    /// How its text has to read, where that can be checked.
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::ContractEstimate | Self::AwardAmount => Shape::Amount,
            Self::BidValidityDays | Self::GuaranteeMonths | Self::ContractMonths => Shape::Count,
            Self::DepositDeadline | Self::OpeningTime => Shape::Moment,
            Self::AwardDate | Self::GuaranteeFrom | Self::GuaranteeUntil => Shape::Date,
            _ => Shape::Text,
        }
    }

    /// Whether it only repeats what the platform said, which then takes it back at any length: some print less room for
    /// it in what they are told than in what they tell (内蒙古 10.1, 10.2).
    pub(super) fn echoes(self) -> bool {
        matches!(self, Self::ApplicationNumber | Self::ApplicantName)
    }

    /// Whether it is a text of ours to be read by people: where there is no room for all of it, its beginning is better
    /// than silence about what happened.
    pub(super) fn is_prose(self) -> bool {
        matches!(self, Self::FailureReason | Self::Remark)
    }

    /// Whether people write it, so that it may have several lines.
    pub(super) fn is_free_text(self) -> bool {
        matches!(self, Self::Reason | Self::Evidence | Self::Remark | Self::Unused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_particular_is_called_the_same_in_tables_and_in_the_store() {
        for particular in Particular::ALL {
            let meaning: Meaning = serde_json::from_value(particular.name().into()).unwrap();
            assert_eq!(meaning.particular(), Some(particular));
        }
    }
}

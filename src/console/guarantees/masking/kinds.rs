//! What may be seen of a field, by what it means.

use crate::dialect::meaning::Meaning as M;

/// The least careful first: where a name means several things, the most careful kind holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Numbers, amounts, times, codes of companies and of the platform.
    Open,
    /// The name of a company, which may be a person's.
    Company,
    /// Written by people, about anything.
    Prose,
    Unknown,
    /// Ciphertext, files: shown by their beginning.
    Long,
    /// It opens a document to whoever has it.
    Link,
    Person,
    Phone,
    Account,
    IdNumber,
    /// Mail and postal addresses.
    Hidden,
    /// Keys.
    Secret,
}

/// A new meaning has to be put in its place here.
pub(super) fn kind_of(meaning: Option<M>, is_ciphertext: bool) -> Kind {
    if is_ciphertext {
        return Kind::Long;
    }
    let Some(meaning) = meaning else { return Kind::Unknown };
    match meaning {
        M::SectionKey | M::SectionIv | M::WrappedKey | M::WrappedIv => Kind::Secret,
        M::ApplicantAddress | M::ApplicantEmail | M::InvoiceEmail | M::RecipientAddress => Kind::Hidden,
        M::LegalRepresentativeId | M::ContactId | M::ClaimantId => Kind::IdNumber,
        M::PayeeAccount | M::PayerAccount | M::BeneficiaryAccount | M::InvoiceAccount => Kind::Account,
        M::ContactPhone
        | M::ApplicantPhone
        | M::LegalRepresentativePhone
        | M::RecipientPhone
        | M::ClaimantPhone
        | M::PayerPhone
        | M::BeneficiaryPhone => Kind::Phone,
        M::ContactName
        | M::ApplicantContact
        | M::LegalRepresentative
        | M::RecipientName
        | M::ClaimantName
        | M::PayerContact
        | M::BeneficiaryContact => Kind::Person,
        M::LetterUrl
        | M::DataUrl
        | M::OrderUrl
        | M::QualificationUrl
        | M::LicenceUrl
        | M::PaymentProofUrl
        | M::InvoiceUrl
        | M::RedirectUrl => Kind::Link,
        M::Payload | M::LetterFile | M::SliceData | M::PublicKey => Kind::Long,
        M::Unused | M::FirstExtension | M::SecondExtension | M::ThirdExtension => Kind::Unknown,
        M::Reason
        | M::Remark
        | M::Evidence
        | M::FailureReason
        | M::Message
        | M::Handling
        | M::Announced
        | M::AnnouncementTitle
        | M::TenderNotice
        | M::TenderFile
        | M::InvoiceAddress
        | M::InvoicePhone
        | M::LetterFileName => Kind::Prose,
        M::ApplicantName
        | M::BeneficiaryName
        | M::BeneficiaryAccountName
        | M::PayerName
        | M::Issuer
        | M::CertificateOwner => Kind::Company,
        M::AppKey
        | M::Timestamp
        | M::Digest
        | M::PlatformCode
        | M::ApplicationNumber
        | M::GuaranteeNumber
        | M::Transaction
        | M::MessageNumber
        | M::ApplicantCode
        | M::SectionNumber
        | M::SectionName
        | M::GuaranteedAmount
        | M::BeneficiaryCode
        | M::ProjectNumber
        | M::ProjectName
        | M::ProjectApproval
        | M::InvestmentCode
        | M::ProjectKind
        | M::Region
        | M::ContractEstimate
        | M::BidValidityDays
        | M::DepositDeadline
        | M::OpeningTime
        | M::ProcurementKind
        | M::AwardDate
        | M::AwardAmount
        | M::GuaranteeMonths
        | M::ContractMonths
        | M::GuaranteeFrom
        | M::GuaranteeUntil
        | M::Outcome
        | M::ApplicationStatus
        | M::IssuedAt
        | M::Rate
        | M::Premium
        | M::ValidFrom
        | M::ValidUntil
        | M::ValidityDays
        | M::PaidAt
        | M::PaymentMethod
        | M::OpenedAt
        | M::Letter
        | M::LetterDigest
        | M::DataDigest
        | M::SliceIndex
        | M::FileDigest
        | M::OrderDigest
        | M::QualificationDigest
        | M::LicenceDigest
        | M::InvoiceAmount
        | M::InvoiceKind
        | M::InvoiceBank
        | M::InvoiceCode
        | M::InvoiceNumber
        | M::WithdrawalKind
        | M::SurrenderedAt
        | M::CancellationKind
        | M::EffectiveAt
        | M::CancelledAt
        | M::PayeeBank
        | M::ClaimedAmount
        | M::ClaimStatus
        | M::PaidAmount
        | M::PayerCode
        | M::PayerBank
        | M::BeneficiaryBank
        | M::FirstDay
        | M::LastDay
        | M::GuaranteeStatus
        | M::UpdatedSince
        | M::SectionStatus
        | M::DecidedAt
        | M::SealStatus
        | M::CertificateSerial
        | M::CertificateIssuer
        | M::CertificateFrom
        | M::CertificateUntil
        | M::SealedAt
        | M::Code => Kind::Open,
    }
}

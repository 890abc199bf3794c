//! What a wire field means: the gateway's own name for it, whatever the platform calls it.

use serde::Deserialize;

/// The meaning of a field in a request or an answer, as tables write it under `is`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
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

    // Of its result and the guarantee.
    Outcome,
    Issuer,
    IssuedAt,
    Rate,
    Premium,

    // Of the opening.
    OpenedAt,
    SectionKey,
    SectionIv,

    // Of a sealed letter on its way.
    Letter,
    SliceData,
    SliceIndex,
    WrappedKey,
    WrappedIv,
    FileDigest,

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

    // Of surrenders and claims.
    Reason,
    SurrenderedAt,
    PayeeAccount,
    ClaimedAmount,
    ClaimantName,
    ClaimantPhone,
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

    // Of answers.
    Code,
    Message,
    RedirectUrl,
    PublicKey,
}

impl Meaning {
    /// The words that a table's `values` must translate, for a meaning that is one of a few.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Outcome => &["approved", "refused"],
            Self::Letter => &["ciphertext", "merged"],
            Self::InvoiceKind => &["ordinary", "special"],
            Self::ClaimStatus => &["to-be-paid", "paid", "rejected", "other"],
            _ => &[],
        }
    }

    /// Whether every message has it, whatever the message does.
    pub(super) fn is_general(self) -> bool {
        matches!(self, Self::AppKey | Self::Timestamp | Self::Digest | Self::PlatformCode | Self::Unused)
    }

    /// Whether people write it, so that it may have several lines.
    pub(super) fn is_free_text(self) -> bool {
        matches!(self, Self::Reason | Self::Evidence | Self::Unused)
    }
}

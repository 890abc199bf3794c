//! Claims on a guarantee and what the institution answers.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::money::Fen;
use super::party::{Account, Contact};

/// A beneficiary's demand for payment (索赔). Debug prints only the amount.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// The amount demanded; not all platforms send one.
    pub amount: Option<Fen>,
    /// The account to pay into; not all platforms send one.
    pub payee_account: Option<String>,
    #[serde(default)]
    pub payee_bank: Option<String>,
    pub claimant: Contact,
    /// The identity number of whoever claims.
    #[serde(default)]
    pub claimant_id: Option<String>,
    /// Not all platforms demand one.
    pub reason: Option<String>,
    /// Whom and what the claim says it is about, where it repeats that.
    #[serde(default)]
    pub about: ClaimSubject,
    /// Links to the evidence. They are kept and never fetched without an operator's word.
    pub evidence: Vec<String>,
}

/// What a claim repeats of the application; it must be the same there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimSubject {
    pub applicant_code: Option<String>,
    pub project_number: Option<String>,
}

impl fmt::Debug for ClaimRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimRequest").field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// The institution's answer to a claim (海南 A.13, 内蒙古 10.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimResult {
    pub status: ClaimStatus,
    /// Why, where nothing is paid or the status is `Other`.
    pub remark: Option<String>,
    pub payer: ClaimSide,
    pub beneficiary: ClaimSide,
    pub amount: Fen,
    /// When it was paid, where it was.
    #[serde(default)]
    pub paid_at: Option<Timestamp>,
}

/// One side of a payment on a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimSide {
    pub code: String,
    pub contact: Contact,
    pub account: Account,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimStatus {
    InHandling,
    ToBePaid,
    Paid,
    Rejected,
    Other,
}

impl ClaimStatus {
    pub const ALL: [Self; 5] = [Self::InHandling, Self::ToBePaid, Self::Paid, Self::Rejected, Self::Other];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::InHandling => "in-handling",
            Self::ToBePaid => "to-be-paid",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
            Self::Other => "other",
        }
    }

    /// Whether the claim is closed, so that another may follow.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Rejected)
    }
}

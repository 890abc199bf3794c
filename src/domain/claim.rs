//! Claims on a guarantee and what the institution answers.

use std::fmt;

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
    pub claimant: Contact,
    pub reason: String,
    /// Links to the evidence. They are kept and never fetched without an operator's word.
    pub evidence: Vec<String>,
}

impl fmt::Debug for ClaimRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimRequest").field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// The institution's answer to a claim (海南 A.13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimResult {
    pub status: ClaimStatus,
    /// Why, where nothing is paid or the status is `Other`.
    pub remark: Option<String>,
    pub payer: ClaimSide,
    pub beneficiary: ClaimSide,
    pub amount: Fen,
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
    ToBePaid,
    Paid,
    Rejected,
    Other,
}

impl ClaimStatus {
    /// Whether the claim is closed, so that another may follow.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Rejected)
    }
}

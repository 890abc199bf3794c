//! What the institution agreed to: number, premium, validity; and how the premium was paid.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::identity::GuaranteeNumber;
use super::money::Fen;
use super::party::Account;
use super::premium::Rate;

/// The terms of an approved guarantee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub guarantee_number: GuaranteeNumber,
    pub premium: Fen,
    pub rate: Rate,
    /// The organisation that issues (出单机构).
    pub issuer: String,
    pub validity: Validity,
}

/// How long the guarantee holds (建市〔2021〕11号, annex 1, clause 3): from issue until some days after the bid
/// validity ends, at the latest on a fixed day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// Days after the end of bid validity.
    pub days_after_bid_validity: u32,
    /// The last day in any case (China date).
    pub latest: Date,
}

/// The premium as it was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub payer: Account,
    /// Whether the payer's account is the applicant's basic account (基本户), where that is known.
    pub basic_account: BasicAccount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasicAccount {
    Confirmed,
    NotBasic,
    Unchecked,
}

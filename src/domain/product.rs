//! What is guaranteed, and which kind of institution guarantees it.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// 投标保函: stands in for a bid's deposit.
    #[default]
    BidBond,
    /// 预付款保函: secures an advance that a buyer pays.
    AdvancePayment,
}

impl Product {
    pub const ALL: [Self; 2] = [Self::BidBond, Self::AdvancePayment];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::BidBond => "bid-bond",
            Self::AdvancePayment => "advance-payment",
        }
    }
}

/// Only banks and non-bank financial institutions may issue independent guarantees (法释〔2016〕24号, article 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstitutionKind {
    #[default]
    Bank,
    Insurer,
    GuaranteeCompany,
}

/// The file format of letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterFormat {
    /// GB/T 33190
    #[default]
    Ofd,
    /// PDF/A-2b
    Pdf,
}

impl LetterFormat {
    pub const ALL: [Self; 2] = [Self::Ofd, Self::Pdf];

    /// The file name's extension, and what the database calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ofd => "ofd",
            Self::Pdf => "pdf",
        }
    }
}

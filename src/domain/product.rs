//! What is guaranteed, and what kind of institution stands for it. Both together decide which text a letter has.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// 投标保函: stands in for the bid bond.
    BidBond,
    /// 预付款保函: secures an advance until it is worked off or paid back.
    AdvancePayment,
}

/// Only banks and other financial institutions may issue independent guarantees (法释〔2016〕24号 article 1); an insurer
/// is bound by its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstitutionKind {
    Bank,
    Insurer,
    GuaranteeCompany,
}

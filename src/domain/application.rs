//! An application (投保申请) as it was accepted.

use serde::{Deserialize, Serialize};

use super::identity::ApplicationNumber;
use super::money::Fen;
use super::particulars::Particulars;
use super::party::{Contact, Party};
use super::section::{SealedSection, Secrecy};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub number: ApplicationNumber,
    /// The platform's own code, where it sends one; a few platforms serve several trading centres under one id.
    pub platform_code: Option<String>,
    pub applicant: Party,
    pub contact: Contact,
    /// What the guarantee stands in for: a bid's deposit, or an advance.
    pub amount: Fen,
    pub section: SealedSection,
    #[serde(default)]
    pub particulars: Particulars,
    #[serde(default)]
    pub secrecy: Secrecy,
}

#[cfg(test)]
impl Application {
    /// An application over some yuan, for tests.
    pub(crate) fn for_testing(amount: &str) -> Self {
        use super::section::Ciphertext;
        Self {
            number: ApplicationNumber::new("TB0001"),
            platform_code: None,
            applicant: Party {
                name: "海峡示例建设有限公司".into(), code: "91350100MA0EXAMP1B".into()
            },
            contact: Contact::default(),
            amount: amount.parse().unwrap(),
            section: SealedSection {
                number: Ciphertext::new("c1"),
                name: Ciphertext::new("c2"),
                beneficiary: Ciphertext::new("c3"),
                beneficiary_code: None,
            },
            particulars: Particulars::default(),
            secrecy: Secrecy::UntilOpening,
        }
    }
}

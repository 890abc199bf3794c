//! An application (投保申请) as it was accepted.

use serde::{Deserialize, Serialize};

use super::identity::ApplicationNumber;
use super::money::Fen;
use super::party::{Contact, Party};
use super::section::SealedSection;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub number: ApplicationNumber,
    /// The platform's own code, where it sends one; a few platforms serve several trading centres under one id.
    pub platform_code: Option<String>,
    pub applicant: Party,
    pub contact: Contact,
    /// The bid bond that the guarantee stands in for.
    pub amount: Fen,
    pub section: SealedSection,
}

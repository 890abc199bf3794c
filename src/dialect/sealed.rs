//! Which fields of an application a platform encrypts.

use super::action::Action;
use super::meaning::Meaning;
use super::profile::Profile;
use super::request::particulars_of;
use crate::domain::particulars::Particular;

/// Whether each field of an application comes as ciphertext.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedFields {
    /// Of the tender section.
    pub number: bool,
    /// Of the tender section.
    pub name: bool,
    pub beneficiary: bool,
    pub beneficiary_code: bool,
    /// Those that are encrypted.
    pub particulars: Vec<Particular>,
}

impl Profile {
    pub fn sealed_fields(&self) -> SealedFields {
        let Some(apply) = self.inbound().find(|it| it.does == Action::Apply) else {
            return SealedFields::default();
        };
        let sealed = |meaning| apply.field(meaning).is_some_and(|field| field.cipher);
        let particulars = particulars_of(&apply.fields).filter(|(field, ..)| field.cipher);
        SealedFields {
            number: sealed(Meaning::SectionNumber),
            name: sealed(Meaning::SectionName),
            beneficiary: sealed(Meaning::BeneficiaryName),
            beneficiary_code: sealed(Meaning::BeneficiaryCode),
            particulars: particulars.map(|(_, _, particular)| particular).collect(),
        }
    }
}

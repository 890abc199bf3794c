//! The forms of letters: which text is printed for which product of which kind of institution.

use serde::{Deserialize, Serialize};

use super::letter::LetterKind;
use crate::domain::product::{InstitutionKind, Product};

/// Each form is a template of its own. The same names stand in settings, in a letter's data and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Independent bid bond, payable on demand (建市〔2021〕11号 annex 1)
    BidBond,
    /// Bid bond of a guarantee company: suretyship with joint liability, dependent on the debt (民法典 681 to 702)
    ConditionalBidBond,
    /// Certificate of an insurer's bid security insurance (投标保证保险凭证)
    BidBondInsurance,
    /// Advance-payment guarantee (预付款保函)
    AdvancePayment,
}

impl Form {
    pub const ALL: [Self; 4] =
        [Self::BidBond, Self::ConditionalBidBond, Self::BidBondInsurance, Self::AdvancePayment];

    /// The form that the law leaves to an institution of this kind. A platform may prescribe another.
    pub fn choose(product: Product, institution: InstitutionKind) -> Self {
        match (product, institution) {
            (Product::BidBond, InstitutionKind::Bank) => Self::BidBond,
            (Product::BidBond, InstitutionKind::Insurer) => Self::BidBondInsurance,
            (Product::BidBond, InstitutionKind::GuaranteeCompany) => Self::ConditionalBidBond,
            (Product::AdvancePayment, _) => Self::AdvancePayment,
        }
    }

    /// What the document is called, at its head and in its metadata.
    pub fn title(self) -> &'static str {
        match self {
            Self::BidBond | Self::ConditionalBidBond => "投标保函",
            Self::BidBondInsurance => "投标保证保险凭证",
            Self::AdvancePayment => "预付款保函",
        }
    }

    /// As in settings: `bid-bond`.
    pub fn name(self) -> &'static str {
        self.template().trim_end_matches(".typ")
    }

    /// Nothing is secret about an advance: it is paid after the award.
    pub fn has(self, kind: LetterKind) -> bool {
        kind == LetterKind::Plaintext || self != Self::AdvancePayment
    }

    pub(super) fn template(self) -> &'static str {
        match self {
            Self::BidBond => "bid-bond.typ",
            Self::ConditionalBidBond => "conditional-bid-bond.typ",
            Self::BidBondInsurance => "bid-bond-insurance.typ",
            Self::AdvancePayment => "advance-payment.typ",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_one_name_in_data_in_settings_and_on_the_command_line() {
        use clap::ValueEnum;
        for form in Form::ALL {
            assert_eq!(serde_json::to_value(form).unwrap(), form.name());
            assert_eq!(Form::from_str(form.name(), false).unwrap(), form);
        }
        assert_eq!(Form::value_variants(), Form::ALL);
    }

    #[test]
    fn only_a_bank_issues_the_independent_bid_bond_by_itself() {
        use InstitutionKind::{Bank, GuaranteeCompany, Insurer};
        let forms =
            |product| [Bank, Insurer, GuaranteeCompany].map(|kind| Form::choose(product, kind).name());
        assert_eq!(forms(Product::BidBond), ["bid-bond", "bid-bond-insurance", "conditional-bid-bond"]);
        assert_eq!(forms(Product::AdvancePayment), ["advance-payment"; 3]);
    }
}

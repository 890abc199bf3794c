//! What a guarantee letter says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::form::Form;

/// Before the opening a letter carries the section and the beneficiary as the platform's ciphertext
/// (密文保函), after it in the clear (明文保函).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    Ciphertext,
    Plaintext,
}

/// The blanks of a letter, of whatever form. Texts are printed as they are; dates in the form `2024-06-03` are printed
/// as 2024年6月3日. What is `None` is left out of the page.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    pub form: Form,
    pub kind: LetterKind,
    /// The institution's number of the guarantee; equal on both letters.
    pub number: String,
    /// An insurer's number of the policy; the certificate prints the guarantee's number if there is none. Other forms
    /// don't print it.
    #[serde(default)]
    pub policy_number: Option<String>,
    pub applicant: Party,
    pub beneficiary: Party,
    pub issuer: Issuer,
    /// The tender or procurement project; ciphertext in a ciphertext letter. A letter has a project or a section.
    #[serde(default)]
    pub project: Option<Project>,
    #[serde(default)]
    pub section: Option<Section>,
    /// 采购品目: 货物类, 服务类 or 工程类.
    #[serde(default)]
    pub procurement_kind: Option<String>,
    #[serde(default)]
    pub award: Option<Award>,
    /// How long the awarded contract runs.
    #[serde(default)]
    pub contract_months: Option<u32>,
    /// Yuan with two places, grouped: `800,000.00`.
    pub amount: String,
    /// The same in words (大写), without 人民币.
    pub amount_words: String,
    /// For how long an advance is guaranteed; only an advance-payment guarantee prints it.
    #[serde(default)]
    pub guarantee_months: Option<u32>,
    /// The first and the last day, where they are agreed; else a bid bond runs from its issue, an advance-payment
    /// guarantee from the payment of the advance.
    #[serde(default)]
    pub period: Option<Period>,
    /// The guarantee ends so many days after the bids' validity; `None` where it doesn't depend on that.
    #[serde(default)]
    pub after_days: Option<u32>,
    /// The date beyond which it does not last, whatever is extended.
    pub latest_date: String,
    /// Days from a complying demand to payment.
    pub days_to_pay: u32,
    /// The court that decides, by its full name.
    pub court: String,
    pub issued_on: String,
    /// Printed and drawn as a QR code; empty if there is none.
    pub verification_url: String,
    /// The platform's number of the application.
    pub application_number: String,
}

/// An unknown code or address is printed as 以招标文件载明为准 or the like.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    pub name: String,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub legal_representative: Option<String>,
}

/// Empty contacts are printed as a dash.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    pub name: String,
    pub address: String,
    pub postcode: String,
    pub phone: String,
    pub fax: String,
    pub legal_representative: String,
}

/// An empty number is left out.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    pub number: String,
    pub name: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub number: String,
    pub name: String,
}

/// 中标, of which an advance-payment guarantee tells. The amount is written like [`Letter::amount`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Award {
    pub date: String,
    pub amount: String,
}

/// Both days belong to it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    pub from: String,
    pub to: String,
}

/// Prints no party and no section: after the opening they are what was secret before it.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("form", &self.form)
            .field("kind", &self.kind)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_keeps_the_section_and_the_beneficiary_to_itself() {
        let shown = format!("{:?}", Letter::sample(Form::BidBond, LetterKind::Plaintext));
        assert_eq!(
            shown,
            "Letter { form: BidBond, kind: Plaintext, number: \"DEMO46000020240603000001\", .. }"
        );
    }
}

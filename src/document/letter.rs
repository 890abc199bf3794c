//! What a guarantee letter says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Before the opening a letter carries the section and the beneficiary as the platform's ciphertext
/// (密文保函), after it in the clear (明文保函).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    Ciphertext,
    Plaintext,
}

/// The blanks of the independent bid bond (建市〔2021〕11号 annex 1). Texts are printed as they are; dates in
/// the form `2024-06-03` are printed as 2024年6月3日.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    pub kind: LetterKind,
    /// The institution's number of the guarantee; equal on both letters.
    pub number: String,
    pub applicant: Party,
    pub beneficiary: Party,
    pub issuer: Issuer,
    pub section: Section,
    /// Yuan with two places, grouped: `800,000.00`.
    pub amount: String,
    /// The same in words (大写), without 人民币.
    pub amount_words: String,
    /// The guarantee ends so many days after the bids' validity.
    pub after_days: u32,
    /// The date beyond which it does not last, however the bids' validity is extended.
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

/// An unknown code or address is printed as 以招标文件载明为准 or 以投标文件载明为准.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    pub name: String,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
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

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub number: String,
    pub name: String,
}

/// Prints no party and no section: after the opening they are what was secret before it.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("kind", &self.kind)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Letter {
    /// A letter with invented data: what templates are tried with at start.
    pub fn sample(kind: LetterKind) -> Self {
        let text = str::to_owned;
        let (beneficiary, section) = match kind {
            LetterKind::Plaintext => (
                Party {
                    name: text("海口市示例城市建设投资有限公司"),
                    code: Some(text("91460100MA5EXAMP2X")),
                    address: Some(text("示例省示例市东湖区海府路示例大厦 12 层")),
                },
                Section {
                    number: text("HNZB2024-0603-001-01"),
                    name: text("海口市示例片区市政道路及配套管网工程（二期）施工一标段"),
                },
            ),
            LetterKind::Ciphertext => (
                Party {
                    name: text("LE23+AIz8WOOwrrRSpDJBs2ffvW6C6EDn3PQueHP4QFiCkhp7/bjAaDEOOHIZFSS"),
                    code: Some(text("DGB7R5TVsVSWcTTOKmJ9p7QIBfZGvyVej7xOYM1Zb7E=")),
                    address: None,
                },
                Section {
                    number: text("NkzetRlXBwxCflZDj8Sfb0u2Bj6GL8JCJkV/e6g0s7c="),
                    name: text(
                        "tDCV49HSVDyYYk6o2SRv2+WMxSiHI39OElBFyAVWd50S5dh5/jY8OlhicpgMfSvnlU4gTkLb69D8R7NXTXOkLj16rOoHGR+8IHP20mWEGOI=",
                    ),
                },
            ),
        };
        Self {
            kind,
            number: text("DEMO46000020240603000001"),
            applicant: Party {
                name: text("海峡示例建设有限公司"),
                code: Some(text("91350100MA0EXAMP1B")),
                address: None,
            },
            beneficiary,
            issuer: Issuer {
                name: text("海峡示例财产保险股份有限公司示例分公司"),
                address: text("示例省示例市西湖区国贸大道 1 号示例大厦 18 层"),
                postcode: text("570125"),
                phone: text("0898-66660000"),
                fax: text("0898-66660001"),
                legal_representative: text("陈示例"),
            },
            section,
            amount: text("800,000.00"),
            amount_words: text("捌拾万元整"),
            after_days: 30,
            latest_date: text("2024-11-30"),
            days_to_pay: 5,
            court: text("示例省示例市西湖区人民法院"),
            issued_on: text("2024-06-03"),
            verification_url: text("https://verify.example.com/v/DEMO46000020240603000001"),
            application_number: text("TBHN202406030915270001"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_keeps_the_section_and_the_beneficiary_to_itself() {
        let shown = format!("{:?}", Letter::sample(LetterKind::Plaintext));
        assert_eq!(shown, "Letter { kind: Plaintext, number: \"DEMO46000020240603000001\", .. }");
    }
}

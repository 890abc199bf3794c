//! What has to be true of templates before letters are printed from them: nothing that identifies the guarantee is left
//! out, and the seal stays on the paper.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::BTreeSet;

use serde_json::Value;

use super::DocumentError;
use super::display_list::Item;
use super::form::Form;
use super::letter::{Letter, LetterKind};
use super::press::{Laid, Press, SEAL_DIAMETER_MM};

/// Without these on the page a letter does not say for whom, to whom and for how much it stands, whatever its form.
const INDISPENSABLE: [&str; 7] =
    ["number", "applicant.name", "beneficiary.name", "issuer.name", "amount", "amount_words", "section.name"];

/// Why letters may not be printed from a template.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error(transparent)]
    Unprintable(#[from] DocumentError),
    #[error("template `{}`: expected the blank `{blank}` to be printed, found it nowhere", .form.template())]
    BlankLost { form: Form, blank: &'static str },
    #[error("template `{}`: expected the seal of {SEAL_DIAMETER_MM} mm to lie on its page, found page {page} to cut it", .form.template())]
    SealCut { form: Form, page: usize },
}

/// What was seen of one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub form: Form,
    /// How many pages its letters of invented data have, all together.
    pub pages: usize,
    /// The blanks that are printed, such as `applicant.code`.
    pub printed: BTreeSet<String>,
}

impl Press {
    /// Prints every form with invented data and looks at the pages.
    ///
    /// # Errors
    /// When a letter can't be printed, lacks a blank without which it is none, or the seal would be cut.
    pub fn prove(&self) -> Result<Vec<Proof>, ProofError> {
        Form::ALL.into_iter().map(|form| self.prove_form(form)).collect()
    }

    fn prove_form(&self, form: Form) -> Result<Proof, ProofError> {
        let mut proof = Proof { form, pages: 0, printed: BTreeSet::new() };
        for kind in [LetterKind::Plaintext, LetterKind::Ciphertext] {
            if !form.has(kind) {
                continue;
            }
            let letter = Letter::sample(form, kind);
            let laid = self.letter(&letter)?;
            let printed = laid.prints(&letter)?;
            let lost = INDISPENSABLE.into_iter().find(|blank| !printed.contains(*blank));
            if let Some(blank) = lost {
                return Err(ProofError::BlankLost { form, blank });
            }
            if let Some(page) = laid.cut_seal() {
                return Err(ProofError::SealCut { form, page: page + 1 });
            }
            proof.pages += laid.pages();
            proof.printed.extend(printed);
        }
        Ok(proof)
    }
}

impl Laid {
    /// Which blanks of the letter can be read on the pages.
    fn prints(&self, letter: &Letter) -> Result<BTreeSet<String>, DocumentError> {
        let data =
            serde_json::to_value(letter).map_err(|error| DocumentError::Metadata(error.to_string()))?;
        let runs = self.list.pages.iter().flat_map(|page| &page.items).filter_map(|item| match item {
            Item::Text(run) => Some(run.text.as_str()),
            Item::Path(_) | Item::Picture(_) => None,
        });
        let text = unspaced(&runs.collect::<String>());
        let mut blanks = Vec::new();
        leaves("", &data, &mut blanks);
        let can_be_read = |value: &str| {
            let value = unspaced(value);
            text.contains(&value) || in_chinese(&value).is_some_and(|date| text.contains(&date))
        };
        Ok(blanks.into_iter().filter(|(_, value)| can_be_read(value)).map(|(blank, _)| blank).collect())
    }

    /// The first page whose edge would cut the seal.
    fn cut_seal(&self) -> Option<usize> {
        let half = f64::from(SEAL_DIAMETER_MM) / 2.0;
        let cut = |at: f64, length: f64| at < half || at + half > length;
        self.list
            .pages
            .iter()
            .position(|page| page.seals.iter().any(|(x, y)| cut(*x, page.width) || cut(*y, page.height)))
    }
}

fn unspaced(text: &str) -> String {
    text.chars().filter(|it| !it.is_whitespace()).collect()
}

/// `2024-06-03` as it is printed: 2024年6月3日.
fn in_chinese(value: &str) -> Option<String> {
    let date: jiff::civil::Date = value.parse().ok()?;
    Some(format!("{}年{}月{}日", date.year(), date.month(), date.day()))
}

/// Every text and number of the data with its path.
fn leaves(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, value, found);
            }
        }
        Value::String(text) if !text.is_empty() => found.push((path.to_owned(), text.clone())),
        _ => {}
    }
}

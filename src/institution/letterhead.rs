//! Who the institution is, as its letters say.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::domain::product::InstitutionKind;

/// The `[institution]` section of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstitutionOptions {
    /// Full name, as on the seal.
    #[serde(deserialize_with = "written")]
    pub name: String,
    /// Unified social credit code.
    #[serde(deserialize_with = "written")]
    pub code: String,
    #[serde(default)]
    pub kind: InstitutionKind,
    #[serde(deserialize_with = "written")]
    pub address: String,
    #[serde(default)]
    pub postcode: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub fax: String,
    /// 法定代表人（负责人）或其授权的代理人
    #[serde(deserialize_with = "written")]
    pub legal_representative: String,
    /// The court that a dispute goes to (建市〔2021〕11号, annex 1, clause 8).
    #[serde(deserialize_with = "written")]
    pub court: String,
    /// Within how many days of a demand the institution pays (clause 4).
    #[serde(default = "seven")]
    pub days_to_pay: u32,
    /// Where anyone may check a letter; `{number}` stands for the guarantee number.
    #[serde(deserialize_with = "address_of_a_letter")]
    pub verification_url: String,
}

fn seven() -> u32 {
    7
}

/// What every letter prints must be there.
fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Err(D::Error::custom("expected a text, found none")) } else { Ok(text) }
}

/// Without the number, the QR code of every letter would lead to the same page.
fn address_of_a_letter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let web = text.starts_with("https://") || text.starts_with("http://");
    if web && text.contains("{number}") {
        return Ok(text);
    }
    let expected = "expected an address such as `https://verify.example.com/{number}`";
    Err(D::Error::custom(format!("{expected}, found `{text}`")))
}

//! Who the institution is, as its letters say.

use serde::Deserialize;

/// The `[institution]` section of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstitutionOptions {
    /// Full name, as on the seal.
    pub name: String,
    /// Unified social credit code.
    pub code: String,
    pub address: String,
    #[serde(default)]
    pub postcode: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub fax: String,
    /// 法定代表人（负责人）或其授权的代理人
    pub legal_representative: String,
    /// The court that a dispute goes to (建市〔2021〕11号, annex 1, clause 8).
    pub court: String,
    /// Within how many days of a demand the institution pays (clause 4).
    #[serde(default = "seven")]
    pub days_to_pay: u32,
    /// Where anyone may check a letter; `{number}` stands for the guarantee number.
    pub verification_url: String,
}

fn seven() -> u32 {
    7
}

//! What an institution answers to a push.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::journal::Outcome;

/// Which codes a specification has for answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Codes {
    pub success: &'static str,
    pub failures: &'static [&'static str],
}

/// 1 and 0, as all platforms for tenders have it.
const ONE_AND_ZERO: Codes = Codes { success: "1", failures: &["0"] };

/// The institution's answer to a push.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// As text, whether it came as a string or as a number; empty if the body has none.
    pub code: String,
    pub message: String,
    pub data: Value,
    /// The body as it came.
    pub body: String,
    /// What the platform objects to in an answer that says that all went well: a member that is missing, figures that
    /// are not its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flaw: Option<String>,
    #[serde(skip)]
    pub codes: &'static Codes,
}

impl Answer {
    /// Reads a body with the members `code`, `message` and `data`.
    pub fn read(status: u16, body: String) -> Self {
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        let text = |name: &str| match parsed.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let data = parsed.get("data").cloned().unwrap_or_default();
        Self {
            status,
            code: text("code"),
            message: text("message"),
            data,
            body,
            flaw: None,
            codes: &ONE_AND_ZERO,
        }
    }

    /// Status 200, the code of success, and nothing to object to.
    pub fn is_accepted(&self) -> bool {
        self.status == 200 && self.code == self.codes.success && self.flaw.is_none()
    }

    /// How the journal puts it.
    pub fn outcome(&self) -> Outcome {
        match &self.flaw {
            Some(flaw) => Outcome::Failed(flaw.clone()),
            None if self.is_accepted() => Outcome::Accepted,
            None if self.codes.failures.contains(&self.code.as_str()) => {
                Outcome::Refused(self.message.clone())
            }
            None => Outcome::Failed(self.to_string()),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "status {}, code `{}`, {}", self.status, self.code, self.message)?;
        match &self.flaw {
            Some(flaw) => write!(formatter, "; {flaw}"),
            None => Ok(()),
        }
    }
}

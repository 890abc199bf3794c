//! The steps of an application's life by what they are, whatever a platform calls them, for those who lead applications of
//! all platforms through the same life.

use std::sync::Arc;

use serde::Serialize;

/// Something that a platform pushes about one application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    Application,
    /// A key that is not this application's; it has to be refused.
    WrongKey,
    /// The key; where nothing is secret, the letter is collected.
    Opening,
    Surrender,
    Invoice,
    Claim,
    /// The guarantee is over before its last day.
    Cancellation,
}

impl Step {
    pub const ALL: [Self; 7] = [
        Self::Application,
        Self::WrongKey,
        Self::Opening,
        Self::Surrender,
        Self::Invoice,
        Self::Claim,
        Self::Cancellation,
    ];

    /// As reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::WrongKey => "wrong key",
            Self::Opening => "opening",
            Self::Surrender => "surrender",
            Self::Invoice => "invoice",
            Self::Claim => "claim",
            Self::Cancellation => "cancellation",
        }
    }
}

/// What has come of one application, as its platform sees it.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The guarantee's number, once the institution has named one.
    pub guarantee: Option<String>,
    /// Told to be issued, with its letter where the platform gets one at once.
    pub issued: bool,
    /// The plaintext letter has arrived.
    pub complete: bool,
    pub surrendered: bool,
    /// A claim has been paid or refused.
    pub claim_answered: bool,
    /// An invoice has been issued or refused.
    pub invoice_answered: bool,
    /// What contradicts something that was accepted before: a second content, another file.
    pub contradictions: Vec<String>,
    /// The accepted letters; without their bytes if the options don't keep letters.
    pub letters: Vec<Arc<[u8]>>,
}

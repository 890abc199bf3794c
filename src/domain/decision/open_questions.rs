//! Which questions to the institution still wait for an answer.

use super::Question;
use crate::domain::awaited::Awaited;
use crate::domain::guarantee::Guarantee;

impl Question {
    pub const ALL: [Self; 5] =
        [Self::Underwriting, Self::Surrender, Self::Cancellation, Self::Invoice, Self::Claim];

    /// The stable name: that of the answer.
    pub fn name(self) -> &'static str {
        self.awaited().name()
    }

    fn awaited(self) -> Awaited {
        match self {
            Self::Underwriting => Awaited::Underwriting,
            Self::Surrender => Awaited::Surrender,
            Self::Cancellation => Awaited::Cancellation,
            Self::Invoice => Awaited::Invoice,
            Self::Claim => Awaited::Claim,
        }
    }

    /// Whether nobody has answered it yet, and nothing else has settled it. A claim that is being handled is answered
    /// for the time being.
    pub fn is_open(self, guarantee: &Guarantee) -> bool {
        let is_awaited = guarantee.awaits().contains(&self.awaited());
        let first = guarantee.claim.as_ref().is_none_or(|claim| claim.result.is_none());
        is_awaited && (self != Self::Claim || first)
    }
}

//! What a guarantee waits for: whose turn it is, derived from where it stands.

use super::guarantee::{Guarantee, Stage};

/// An answer that somebody owes a guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Awaited {
    /// The institution approves or declines.
    Underwriting,
    /// The applicant pays, and somebody records it.
    Premium,
    /// The institution grants or refuses that the guarantee is surrendered.
    Surrender,
    /// The institution grants or refuses that the platform cancels the order.
    Cancellation,
    /// The institution issues or refuses the invoice.
    Invoice,
    /// The institution answers the claim, until it is paid or rejected.
    Claim,
    /// The platform lets the institution give the application up, or does not.
    Waiver,
}

impl Awaited {
    pub const ALL: [Self; 7] = [
        Self::Underwriting,
        Self::Premium,
        Self::Surrender,
        Self::Cancellation,
        Self::Invoice,
        Self::Claim,
        Self::Waiver,
    ];

    /// The stable name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Underwriting => "underwriting",
            Self::Premium => "premium",
            Self::Surrender => "surrender",
            Self::Cancellation => "cancellation",
            Self::Invoice => "invoice",
            Self::Claim => "claim",
            Self::Waiver => "waiver",
        }
    }
}

impl Guarantee {
    /// What is awaited, in the order of [`Awaited::ALL`]. While a waiver or the cancellation of the order is open, that
    /// alone is awaited of an application.
    pub fn awaits(&self) -> Vec<Awaited> {
        let given_up = self.waiver_asked || self.order_cancellation_is_asked();
        let awaited = |what: &Awaited| match what {
            Awaited::Underwriting => self.stage == Stage::Applied && !given_up,
            Awaited::Premium => self.stage == Stage::Approved && !given_up,
            Awaited::Surrender => self.surrender_is_asked(),
            Awaited::Cancellation => self.order_cancellation_is_asked(),
            Awaited::Invoice => self.invoice_is_asked(),
            Awaited::Claim => self.open_claim().is_some(),
            Awaited::Waiver => self.waiver_asked,
        };
        Awaited::ALL.into_iter().filter(awaited).collect()
    }
}

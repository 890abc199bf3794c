//! What callbacks are about: one type for each sort of event, under names that stay what they are.

use std::fmt;
use std::str::FromStr;

use crate::domain::Event;
use crate::domain::guarantee::LetterKind;

macro_rules! callback_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a callback is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CallbackType {
            $($(#[$doc])* $variant,)*
        }

        impl CallbackType {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name, as the core system reads it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

callback_types! {
    ApplicationReceived = "application.received",
    ApplicationReplaced = "application.replaced",
    ApplicationApproved = "application.approved",
    ApplicationDeclined = "application.declined",
    ApplicationWaived = "application.waived",
    PremiumPaid = "premium.paid",
    DossierRecorded = "dossier.recorded",
    IssueAbandoned = "issue.abandoned",
    /// The first letter is sealed.
    GuaranteeIssued = "guarantee.issued",
    /// The platform has the first letter.
    GuaranteeDelivered = "guarantee.delivered",
    /// The key of the opening has arrived.
    GuaranteeOpened = "guarantee.opened",
    /// The letter in plain text is sealed.
    GuaranteeRestored = "guarantee.restored",
    /// The platform has the letter in plain text.
    RestorationDelivered = "guarantee.restoration-delivered",
    WaiverAsked = "waiver.asked",
    WaiverRefused = "waiver.refused",
    CancellationAsked = "cancellation.asked",
    CancellationRefused = "cancellation.refused",
    OrderKept = "order.kept",
    SurrenderAsked = "surrender.asked",
    SurrenderAgreed = "surrender.agreed",
    SurrenderRefused = "surrender.refused",
    GuaranteeSurrendered = "guarantee.surrendered",
    GuaranteeCancelled = "guarantee.cancelled",
    GuaranteeExpired = "guarantee.expired",
    SectionAbnormal = "section.abnormal",
    ClaimReceived = "claim.received",
    ClaimAnswered = "claim.answered",
    InvoiceAsked = "invoice.asked",
    InvoiceIssued = "invoice.issued",
    InvoiceRefused = "invoice.refused",
    /// A job was given up and waits for people.
    JobDead = "job.dead",
    /// A question that is left to the core system was not answered in time.
    DecisionOverdue = "decision.overdue",
    PlatformUnreachable = "platform.unreachable",
    PlatformRecovered = "platform.recovered",
    /// A test that somebody asked for.
    Ping = "ping",
}

impl CallbackType {
    /// What an event is told as.
    pub(super) fn of(event: &Event) -> Self {
        match event {
            Event::ApplicationReceived { .. } => Self::ApplicationReceived,
            Event::ApplicationReplaced { .. } => Self::ApplicationReplaced,
            Event::Approved { .. } => Self::ApplicationApproved,
            Event::Declined { .. } => Self::ApplicationDeclined,
            Event::PremiumPaid => Self::PremiumPaid,
            Event::DossierRecorded => Self::DossierRecorded,
            Event::IssueAbandoned { .. } => Self::IssueAbandoned,
            Event::LetterSealed { letter: LetterKind::Merged, .. } => Self::GuaranteeRestored,
            Event::LetterSealed { .. } => Self::GuaranteeIssued,
            Event::LetterDelivered { letter: LetterKind::Merged } => Self::RestorationDelivered,
            Event::LetterDelivered { .. } => Self::GuaranteeDelivered,
            Event::KeyReceived => Self::GuaranteeOpened,
            Event::WaiverAsked => Self::WaiverAsked,
            Event::WaiverRefused => Self::WaiverRefused,
            Event::Waived => Self::ApplicationWaived,
            Event::CancellationAsked { .. } => Self::CancellationAsked,
            Event::CancellationRefused { .. } => Self::CancellationRefused,
            Event::OrderKept { .. } => Self::OrderKept,
            Event::SurrenderAsked => Self::SurrenderAsked,
            Event::SurrenderAgreed { .. } => Self::SurrenderAgreed,
            Event::Surrendered => Self::GuaranteeSurrendered,
            Event::SurrenderRefused { .. } => Self::SurrenderRefused,
            Event::Cancelled => Self::GuaranteeCancelled,
            Event::Expired => Self::GuaranteeExpired,
            Event::SectionAbnormal { .. } => Self::SectionAbnormal,
            Event::ClaimReceived { .. } => Self::ClaimReceived,
            Event::ClaimAnswered { .. } => Self::ClaimAnswered,
            Event::InvoiceAsked { .. } => Self::InvoiceAsked,
            Event::InvoiceIssued => Self::InvoiceIssued,
            Event::InvoiceRefused { .. } => Self::InvoiceRefused,
        }
    }
}

impl fmt::Display for CallbackType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}, found `{found}`", names())]
pub struct UnknownType {
    found: String,
}

fn names() -> String {
    CallbackType::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for CallbackType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let found = Self::ALL.iter().copied().find(|kind| kind.name() == text);
        found.ok_or_else(|| UnknownType { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_type_has_a_name_of_its_own_by_which_it_is_found() {
        let names: BTreeSet<_> = CallbackType::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), CallbackType::ALL.len());
        for kind in CallbackType::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        let wrong = "guarantee.lost".parse::<CallbackType>().unwrap_err().to_string();
        assert!(wrong.contains("guarantee.issued") && wrong.contains("guarantee.lost"), "{wrong}");
    }
}

//! What a statement counts: the events of a guarantee that move money or end an obligation.

use serde::{Deserialize, Serialize};

use crate::domain::Event;
use crate::domain::claim::ClaimStatus;
use crate::domain::guarantee::LetterKind;

/// The kinds of events among which movements are, as the store names them.
pub const KINDS: &[&str] =
    &["premium-paid", "letter-sealed", "surrendered", "claim-answered", "cancelled", "expired"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Movement {
    /// The premium was recorded as received.
    Premium,
    /// The first letter was sealed: from then on the guarantee binds the institution.
    Issued,
    Surrendered,
    /// A claim was paid; the guarantee goes on.
    ClaimPaid,
    Cancelled,
    Expired,
}

impl Movement {
    pub const ALL: [Self; 6] =
        [Self::Premium, Self::Issued, Self::Surrendered, Self::ClaimPaid, Self::Cancelled, Self::Expired];

    /// The movement that an event is, if it is one.
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::PremiumPaid => Some(Self::Premium),
            Event::LetterSealed { letter: LetterKind::Ciphertext | LetterKind::Plaintext, .. } => {
                Some(Self::Issued)
            }
            Event::Surrendered => Some(Self::Surrendered),
            Event::ClaimAnswered { status: ClaimStatus::Paid, .. } => Some(Self::ClaimPaid),
            Event::Cancelled => Some(Self::Cancelled),
            Event::Expired => Some(Self::Expired),
            _ => None,
        }
    }

    /// The stable name, as settings and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Premium => "premium",
            Self::Issued => "issued",
            Self::Surrendered => "surrendered",
            Self::ClaimPaid => "claim-paid",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// How people call it, in Chinese.
    pub fn title(self) -> &'static str {
        match self {
            Self::Premium => "收取保费",
            Self::Issued => "出函",
            Self::Surrendered => "退保",
            Self::ClaimPaid => "赔付",
            Self::Cancelled => "注销",
            Self::Expired => "到期",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::DocumentDigest;

    fn sealed(letter: LetterKind) -> Event {
        Event::LetterSealed { letter, document: DocumentDigest::new("d") }
    }

    #[test]
    fn every_movement_is_an_event_of_a_kind_that_is_asked_for() {
        let paid = Event::ClaimAnswered { status: ClaimStatus::Paid, paid: None };
        let events = [
            (Event::PremiumPaid, Movement::Premium),
            (sealed(LetterKind::Ciphertext), Movement::Issued),
            (sealed(LetterKind::Plaintext), Movement::Issued),
            (Event::Surrendered, Movement::Surrendered),
            (paid, Movement::ClaimPaid),
            (Event::Cancelled, Movement::Cancelled),
            (Event::Expired, Movement::Expired),
        ];
        for (event, movement) in &events {
            assert_eq!(Movement::of(event), Some(*movement), "{event:?}");
            let stored = serde_json::to_value(event).unwrap();
            assert!(KINDS.contains(&stored["kind"].as_str().unwrap()), "{stored}");
        }
        for movement in Movement::ALL {
            assert!(events.iter().any(|(_, it)| *it == movement), "{movement:?}");
            assert_eq!(serde_json::to_value(movement).unwrap(), movement.name());
        }
    }

    #[test]
    fn a_restored_letter_and_a_claim_that_is_not_paid_yet_move_nothing() {
        assert_eq!(Movement::of(&sealed(LetterKind::Merged)), None);
        for status in
            [ClaimStatus::InHandling, ClaimStatus::ToBePaid, ClaimStatus::Rejected, ClaimStatus::Other]
        {
            assert_eq!(Movement::of(&Event::ClaimAnswered { status, paid: None }), None);
        }
    }
}

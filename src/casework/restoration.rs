//! The key of an opening: tried on every ciphertext field at once, and kept wrapped if it is carried out.

use jiff::{SignedDuration, Timestamp};

use super::{Platform, sections};
use crate::dialect::{Profile, SectionKey};
use crate::domain::command::KeyCheck;
use crate::domain::identity::GuaranteeNumber;
use crate::domain::{Command, Guarantee};
use crate::store::guarantees::Summary;
use crate::store::keys::{self, Purpose};
use crate::store::{Connection, StoreError};

/// The command that a key means for a guarantee. Trying the key takes microseconds: a wrong one is refused while
/// whoever brought it still listens.
pub fn command(
    profile: &Profile,
    known: Option<&Guarantee>,
    guarantee: GuaranteeNumber,
    opened_at: Timestamp,
    key: &SectionKey,
    at: Timestamp,
) -> Command {
    let fits = known.is_some_and(|known| profile.reveal_application(&known.application, Some(key)).is_ok());
    let time = SignedDuration::from_mins(i64::from(profile.restoration_minutes()));
    Command::Restore {
        guarantee,
        opened_at,
        key: if fits { KeyCheck::Fits } else { KeyCheck::DoesNotFit },
        deadline: at.saturating_add(time).unwrap_or(Timestamp::MAX),
    }
}

/// Keeps the key of a restoration that was carried out in the same transaction. From now on the section's number can be
/// read: the guarantee is found by it, and what was reported of the section counts.
///
/// # Errors
/// When the database fails.
pub fn keep(
    connection: &mut Connection,
    platform: &Platform,
    opened: &Guarantee,
    key: &SectionKey,
    at: Timestamp,
) -> Result<(), StoreError> {
    keys::put(connection, &opened.id, Purpose::Restoration, &key.to_bytes(), at)?;
    if let Ok(section) = platform.profile.reveal_application(&opened.application, Some(key)) {
        sections::mark(connection, platform, &opened.id, &section.number, at)?;
    }
    Ok(())
}

/// When the key came: so many minutes before the deadline. What else was changed since on the guarantee says nothing
/// of how long its letter has been waited for.
pub fn awaited_since(summary: &Summary, minutes: u32) -> Timestamp {
    let allowed = SignedDuration::from_mins(i64::from(minutes));
    let since = summary.deadline.and_then(|deadline| deadline.checked_sub(allowed).ok());
    since.unwrap_or(summary.updated_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Stage;
    use crate::domain::identity::{ApplicationNumber, GuaranteeId, PlatformId};
    use crate::domain::money::Fen;

    #[test]
    fn a_restoration_is_awaited_since_its_key_came_whatever_happened_to_the_guarantee_since() {
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let summary = Summary {
            id: GuaranteeId::new("g1"),
            platform: PlatformId::new("hainan"),
            application: ApplicationNumber::new("A1"),
            number: None,
            stage: Stage::Restored,
            version: 9,
            awaits: Vec::new(),
            applicant_name: String::new(),
            applicant_code: String::new(),
            amount: Fen::new(1).unwrap(),
            // As the platform writes it, which may be any time.
            opened_at: Some(instant("2001-01-01T00:00:00Z")),
            deadline: Some(instant("2026-11-22T01:35:00Z")),
            received_at: instant("2026-11-01T00:00:00Z"),
            updated_at: instant("2026-11-22T06:00:00Z"),
            issued_at: None,
            expires_at: None,
        };
        assert_eq!(awaited_since(&summary, 5), instant("2026-11-22T01:30:00Z"));
    }
}

//! The key of an opening: tried on every ciphertext field at once, and kept wrapped if it is carried out.

use jiff::{SignedDuration, Timestamp};

use super::{Platform, sections};
use crate::dialect::{Profile, SectionKey};
use crate::domain::command::KeyCheck;
use crate::domain::identity::GuaranteeNumber;
use crate::domain::{Command, Guarantee};
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

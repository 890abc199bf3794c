//! Tender sections: which guarantees are in one, what may be read of it, and which came to nothing (标段异常).
//!
//! The core system and the reports of platforms name a section by its number in plain text, and guarantees hold that as
//! ciphertext until the opening. Both meet in a mark of the number, made as soon as it may be read: at the opening, or at
//! the application where nothing is secret. Where a platform reports sections, an application is marked at first by the
//! text in which it names the section, since the report may do the same; a report that came before the mark waits in the
//! store.

use jiff::Timestamp;

use super::{Platform, carry_out};
use crate::clock;
use crate::dialect::{AbnormalSection, SectionKey};
use crate::domain::abnormality::Abnormality;
use crate::domain::identity::GuaranteeId;
use crate::domain::section::{RevealedSection, Secrecy};
use crate::domain::{Command, Guarantee};
use crate::institution::rules::judgement::planned_opening;
use crate::store::abnormal_sections::{self, Report, SectionMark};
use crate::store::guarantees::{self, Stored};
use crate::store::keys::{self, Purpose};
use crate::store::{Connection, StoreError};

/// How many guarantees of a section are read at once.
const PAGE: u32 = 100;

/// What a guarantee's section and beneficiary are, as far as the institution may read them by now.
///
/// # Errors
/// When the database fails or the key of the opening can't be read.
pub fn revealed(
    connection: &mut Connection,
    platform: &Platform,
    guarantee: &Guarantee,
) -> Result<Option<RevealedSection>, StoreError> {
    let application = &guarantee.application;
    // Where the settings have changed since, whoever makes the letter meets the same and says so.
    Ok(match application.secrecy {
        Secrecy::None => platform.reveal_agreed(application).ok(),
        Secrecy::UntilOpening => {
            let kept = keys::find(connection, &guarantee.id, Purpose::Restoration)?;
            let Some(key) = kept.and_then(|kept| SectionKey::from_bytes(&kept)) else { return Ok(None) };
            platform.profile.reveal_application(application, Some(&key)).ok()
        }
    })
}

/// Marks a guarantee that was just applied for, or applied for anew, by the section's number as far as it can be read.
/// What is encrypted is marked by the text in which it came only where the platform may report it so.
///
/// # Errors
/// When the database fails or another writer changed the guarantee meanwhile.
pub fn mark_applied(
    connection: &mut Connection,
    platform: &Platform,
    guarantee: &Guarantee,
    at: Timestamp,
) -> Result<(), StoreError> {
    let application = &guarantee.application;
    let readable = match application.secrecy {
        Secrecy::UntilOpening => None,
        Secrecy::None => revealed(connection, platform, guarantee)?,
    };
    let particulars = readable.as_ref().map_or(&application.particulars, |section| &section.particulars);
    if let Some(opening) = planned_opening(particulars) {
        guarantees::note_opening_day(connection, &guarantee.id, clock::china_date(opening))?;
    }
    let number = match (application.secrecy, readable) {
        (Secrecy::UntilOpening, _) if platform.profile.reports_sections() => {
            application.section.number.as_str().to_owned()
        }
        (Secrecy::None, Some(mut section)) => std::mem::take(&mut section.number),
        (Secrecy::UntilOpening, _) | (Secrecy::None, None) => return Ok(()),
    };
    mark(connection, platform, &guarantee.id, &number, at)
}

/// Marks a guarantee by its section's number, so that it is found by it, and applies what has been reported of that
/// section.
///
/// # Errors
/// As [`mark_applied`].
pub fn mark(
    connection: &mut Connection,
    platform: &Platform,
    id: &GuaranteeId,
    number: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let section = SectionMark::of(connection, platform.profile.id(), number);
    guarantees::note_section(connection, id, &section)?;
    if !platform.profile.reports_sections() {
        return Ok(());
    }
    let Some(report) = abnormal_sections::find(connection, platform.profile.id(), &section)? else {
        return Ok(());
    };
    if let Some(stored) = guarantees::find(connection, id)? {
        apply(connection, platform, stored, &report.abnormality, at)?;
    }
    Ok(())
}

/// Stores a report and applies it to the guarantees of its section. What is known already is left alone, and so is what a
/// later decision of the platform's has overtaken. Yields how many rows were changed; `room` of them at most, beyond
/// which the same report has to be recorded again.
///
/// # Errors
/// As [`mark_applied`].
pub fn record(
    connection: &mut Connection,
    platform: &Platform,
    reported: &AbnormalSection,
    room: u32,
    at: Timestamp,
) -> Result<u32, StoreError> {
    let id = platform.profile.id();
    let section = SectionMark::of(connection, id, &reported.number);
    let known = abnormal_sections::find(connection, id, &section)?.map(|report| report.abnormality);
    if overtaken(known.as_ref(), &reported.abnormality) || room == 0 {
        return Ok(0);
    }
    let mut changed = 0;
    if known.as_ref() != Some(&reported.abnormality) {
        let (number, abnormality) = (reported.number.clone(), reported.abnormality.clone());
        abnormal_sections::put(connection, id, &section, &Report { number, abnormality }, at)?;
        changed += 1;
    }
    let mut behind: Option<GuaranteeId> = None;
    loop {
        let page = guarantees::in_section(connection, id, &section, behind.as_ref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(changed) };
        behind = Some(last.guarantee.id.clone());
        for stored in page {
            if changed >= room {
                return Ok(changed);
            }
            changed += u32::from(apply(connection, platform, stored, &reported.abnormality, at)?);
        }
    }
}

/// Whether the guarantee was changed. One that is no longer in force stays as it ended.
fn apply(
    connection: &mut Connection,
    platform: &Platform,
    stored: Stored,
    abnormality: &Abnormality,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let known = stored.guarantee.abnormality.as_ref();
    if known == Some(abnormality) || overtaken(known, abnormality) {
        return Ok(false);
    }
    let command = Command::RecordAbnormality { abnormality: abnormality.clone() };
    Ok(carry_out(connection, platform, Some(stored), command, at)?.is_ok())
}

fn overtaken(known: Option<&Abnormality>, reported: &Abnormality) -> bool {
    known.is_some_and(|known| known.decided_at > reported.decided_at)
}

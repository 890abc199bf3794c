//! Tender sections that came to nothing (标段异常): what a platform reports of a section is matched with the guarantees in
//! it.
//!
//! Reports name a section by its number in plain text, and guarantees hold that as ciphertext until the opening. Both are
//! found by a mark of the number: at first of the text in which an application names the section, since a platform may
//! report it by the same text, and of the number itself from when it may be read. A report that came before that waits in
//! the store.

use jiff::Timestamp;

use super::{Platform, carry_out};
use crate::dialect::AbnormalSection;
use crate::domain::abnormality::Abnormality;
use crate::domain::identity::GuaranteeId;
use crate::domain::section::Secrecy;
use crate::domain::{Command, Guarantee};
use crate::store::abnormal_sections::{self, Report, SectionMark};
use crate::store::guarantees::{self, Stored};
use crate::store::{Connection, StoreError};

/// How many guarantees of a section are read at once.
const PAGE: u32 = 100;

/// Marks a guarantee that was just applied for, or applied for anew, by the section's number as far as it can be read.
///
/// # Errors
/// When the database fails or another writer changed the guarantee meanwhile.
pub fn mark_applied(
    connection: &mut Connection,
    platform: &Platform,
    guarantee: &Guarantee,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (profile, application) = (&platform.profile, &guarantee.application);
    let number = match application.secrecy {
        Secrecy::UntilOpening => application.section.number.as_str().to_owned(),
        Secrecy::None => {
            let revealed = profile.reveal_application(application, profile.agreed_section_key().as_ref());
            // Whoever makes the letter will meet the same and say so.
            let Ok(section) = revealed else { return Ok(()) };
            section.number
        }
    };
    mark(connection, platform, &guarantee.id, &number, at)
}

/// Marks a guarantee by its section's number, and applies what has been reported of that section. Does nothing where the
/// platform reports no sections.
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
    if !platform.profile.reports_sections() {
        return Ok(());
    }
    let section = SectionMark::of(connection, platform.profile.id(), number);
    guarantees::note_section(connection, id, &section)?;
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

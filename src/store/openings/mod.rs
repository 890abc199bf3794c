//! Openings as people watch them: sections whose keys have come, what waits for its opening, and what goes wrong.
//!
//! Nothing here reads a sealed body. A section is known by the mark of its number from the key on. Before that, what is
//! known of which guarantees belong together is what their ciphertext tells: where section and key are the same, so is
//! the ciphertext, and with it the mark of it. A platform with a key for each application leaves each alone until then.

mod day;
mod members;
mod waiting;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

pub use day::{Day, Totals, day, section, totals};
pub use members::{Failure, Member, failures, members, missing};
pub use waiting::{Planned, Refused, SealedGroup, Waiting, planned, refused_keys, waiting};

use super::abnormal_sections::SectionMark;
use super::connection::Connection;
use crate::domain::identity::PlatformId;

const TABLE: &str = "guarantees";

/// What the marks of days are made for, as the keyring takes it.
const DAY: &str = "opening-day";

/// The fingerprint of a day in China on which sections are opened: the day itself would tell which public tender it is.
pub(super) fn day_mark(connection: &Connection, day: Date) -> String {
    hex::encode(connection.mark(DAY, &[&day.to_string()]))
}

/// A section for which keys have come, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedSection {
    pub platform: PlatformId,
    /// None for guarantees whose section could not be read though the key fits.
    pub section: Option<SectionMark>,
    /// Guarantees whose key has come.
    pub received: u64,
    /// Those of them whose plaintext letter is sealed, and those whose platform has it.
    pub restored: u64,
    pub delivered: u64,
    /// Those of them whose letter the platform still waits for, and those whose time for that is over. What was reported
    /// as abnormal, or has ended, is not due.
    pub due: u64,
    pub overdue: u64,
    /// Known by their ciphertext to be in this section, and without a key; and those of them for which a key came that
    /// does not fit.
    pub missing: u64,
    pub refused: u64,
    /// The marks of the ciphertexts of those that are missing.
    pub sealed: Vec<String>,
    /// Jobs that were given up, of guarantees whose key has come: whenever, since the database's clock, by which jobs go,
    /// may differ from the one by which keys come.
    pub failed: u64,
    /// As the platform told it with the key.
    pub opened_at: Option<Timestamp>,
    pub first_key_at: Timestamp,
    pub last_key_at: Timestamp,
    pub last_delivered_at: Option<Timestamp>,
    /// When the key came of the one that is due for longest.
    pub oldest_due: Option<Timestamp>,
    /// From the key to the delivered letter.
    pub median: Option<SignedDuration>,
    pub slowest: Option<SignedDuration>,
}

impl OpenedSection {
    /// All guarantees that are known to be in it.
    pub fn known(&self) -> u64 {
        self.received.saturating_add(self.missing)
    }

    /// Whether something went wrong that does not mend itself.
    pub fn is_in_trouble(&self) -> bool {
        self.failed > 0 || self.overdue > 0 || self.missing > 0
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.due == 0 && !self.is_in_trouble()
    }
}

//! A section on the board.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;

use super::names::Name;
use super::took;
use crate::console::language::Language;
use crate::store::openings::OpenedSection;

/// The width of a bar that is full.
const FULL: u64 = 1000;

/// An opened section with what it is called.
pub(in crate::console) struct Card {
    pub section: OpenedSection,
    pub name: Option<Arc<Name>>,
    /// What people call its platform.
    pub platform: String,
}

/// How a section's opening goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::console) enum Course {
    /// Somebody has to look.
    Trouble,
    Running,
    Done,
}

impl Card {
    pub fn course(&self) -> Course {
        if self.section.is_in_trouble() {
            Course::Trouble
        } else if self.section.is_done() {
            Course::Done
        } else {
            Course::Running
        }
    }

    /// The class of its look.
    pub fn look(&self) -> &'static str {
        match self.course() {
            Course::Trouble => "is-bad",
            Course::Running => "is-running",
            Course::Done => "is-good",
        }
    }

    /// The look of its badge, and the key of the word on it.
    pub fn badge(&self) -> (&'static str, &'static str) {
        match self.course() {
            Course::Trouble => ("badge-bad", "openings.trouble"),
            Course::Running => ("badge-warn", "openings.running"),
            Course::Done => ("badge-good", "openings.done"),
        }
    }

    /// What can be read of its name; the beginning of its mark where nothing can.
    pub fn title(&self) -> String {
        match (&self.name, &self.section.section) {
            (Some(name), _) => name.name.clone(),
            (None, Some(mark)) => mark.as_str().chars().take(8).collect(),
            (None, None) => "—".to_owned(),
        }
    }

    pub fn number(&self) -> &str {
        self.name.as_ref().map_or("", |name| name.number.as_str())
    }

    /// The page of the section; None where it has no mark to be found by.
    pub fn address(&self) -> Option<String> {
        let mark = self.section.section.as_ref()?;
        Some(format!("/openings/{}/{}", self.section.platform, mark.as_str()))
    }

    /// How much of the bar is delivered, and how much restored, in thousandths.
    pub fn delivered(&self) -> u64 {
        self.share(self.section.delivered)
    }

    pub fn restored(&self) -> u64 {
        self.share(self.section.restored)
    }

    pub fn received(&self) -> u64 {
        self.share(self.section.received)
    }

    fn share(&self, part: u64) -> u64 {
        part.saturating_mul(FULL).checked_div(self.section.known()).unwrap_or(0)
    }

    pub fn median(&self, language: &Language) -> String {
        self.section.median.map_or_else(|| "—".to_owned(), |median| took(median, *language))
    }

    pub fn slowest(&self, language: &Language) -> String {
        self.section.slowest.map_or_else(|| "—".to_owned(), |slowest| took(slowest, *language))
    }

    /// How long the one waits that waits for longest.
    pub fn oldest(&self, now: &Timestamp, language: &Language) -> String {
        let oldest = self.section.oldest_due;
        oldest.map_or_else(|| "—".to_owned(), |since| took(now.duration_since(since), *language))
    }

    /// Nobody waits for these: abnormal sections, guarantees that ended meanwhile.
    pub fn released(&self) -> u64 {
        let OpenedSection { received, delivered, due, .. } = self.section;
        received.saturating_sub(delivered).saturating_sub(due)
    }

    /// What needs somebody stands first, then what runs, the oldest first, then what is done, the latest first.
    pub fn place(&self) -> (Course, Option<Timestamp>, Reverse<Timestamp>) {
        (self.course(), self.section.oldest_due, Reverse(self.section.last_key_at))
    }
}

//! Which guarantees a list shows, as its address says it and as the store is asked.

use jiff::Timestamp;
use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::casework::Platforms;
use crate::clock;
use crate::domain::Stage;
use crate::domain::awaited::Awaited;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::store::guarantees::{self, Period, Place, Time};

/// So many guarantees stand on a page.
pub(super) const PAGE: u32 = 50;

/// All but the unreserved characters of RFC 3986, 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What the text in the search box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Key {
    Application,
    Guarantee,
    Code,
    CodeStart,
    Section,
    Name,
}

impl Key {
    /// In the order in which a text is taken for one.
    pub const ALL: [Self; 6] =
        [Self::Application, Self::Guarantee, Self::Code, Self::Section, Self::CodeStart, Self::Name];

    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Guarantee => "guarantee",
            Self::Code => "code",
            Self::CodeStart => "code-start",
            Self::Section => "section",
            Self::Name => "name",
        }
    }

    /// The key of its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Application => "guarantees.key_application",
            Self::Guarantee => "guarantees.key_guarantee",
            Self::Code => "guarantees.key_code",
            Self::CodeStart => "guarantees.key_code_start",
            Self::Section => "guarantees.key_section",
            Self::Name => "guarantees.key_name",
        }
    }

    /// Whether one platform has at most one guarantee under it.
    pub fn is_unique(self) -> bool {
        matches!(self, Self::Application | Self::Guarantee)
    }
}

/// The query of `/guarantees`. What is empty does not count.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    pub q: String,
    /// What `q` is; found out where it is empty.
    pub by: String,
    pub platform: String,
    pub stage: String,
    pub awaits: String,
    /// Days in China; the last one is included.
    pub received_from: String,
    pub received_to: String,
    pub opened_from: String,
    pub opened_to: String,
    /// `1` for opened guarantees whose plaintext letter has not arrived.
    pub undelivered: String,
    /// `1` for guarantees with a job that was given up.
    pub dead: String,
    /// `received`, `updated` or `opened`.
    pub sort: String,
    /// The last guarantee of the page before: microseconds, a dot, its id.
    pub behind: String,
    /// Whether what a text finds alone is listed too, in place of its own page.
    #[serde(skip)]
    pub lists_one: bool,
}

impl Filter {
    fn pairs(&self) -> [(&'static str, &str); 12] {
        [
            ("q", &self.q),
            ("by", &self.by),
            ("platform", &self.platform),
            ("stage", &self.stage),
            ("awaits", &self.awaits),
            ("received_from", &self.received_from),
            ("received_to", &self.received_to),
            ("opened_from", &self.opened_from),
            ("opened_to", &self.opened_to),
            ("undelivered", &self.undelivered),
            ("dead", &self.dead),
            ("sort", &self.sort),
        ]
    }

    /// The address of the list, from its first page.
    pub fn address(&self, path: &str) -> String {
        let given = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> =
            given.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED))).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }

    /// The address of the page behind a place.
    pub fn behind(&self, place: &Place) -> String {
        let address = self.address("/guarantees");
        let joint = if address.contains('?') { '&' } else { '?' };
        format!("{address}{joint}behind={}.{}", place.at.as_microsecond(), place.id)
    }

    /// Whether anything but the search box narrows the list.
    pub fn is_narrowed(&self) -> bool {
        self.pairs()
            .into_iter()
            .any(|(name, value)| !matches!(name, "q" | "by" | "sort") && !value.is_empty())
    }

    pub fn key(&self) -> Option<Key> {
        Key::ALL.into_iter().find(|key| key.name() == self.by)
    }

    /// As the store is asked, without what the search box says. None for what can't be read.
    pub fn asked(&self, platforms: &Platforms) -> Option<guarantees::Filter> {
        let known = platforms.iter().map(|platform| platform.profile.id().clone());
        let wanted = |id: &PlatformId| self.platform.is_empty() || id.as_str() == self.platform;
        let one_of = |value: &str, name: &str| value == name;
        let stage = Stage::ALL.into_iter().find(|stage| one_of(&self.stage, stage.name()));
        let awaits = Awaited::ALL.into_iter().find(|awaited| one_of(&self.awaits, awaited.name()));
        let sort = match self.sort.as_str() {
            "received" => Some(Time::Received),
            "updated" => Some(Time::Updated),
            "opened" => Some(Time::Opened),
            _ => None,
        };
        if (stage.is_none() && !self.stage.is_empty()) || (awaits.is_none() && !self.awaits.is_empty()) {
            return None;
        }
        Some(guarantees::Filter {
            platforms: known.filter(wanted).collect(),
            stages: stage.into_iter().collect(),
            awaits,
            received: period(&self.received_from, &self.received_to)?,
            opened: period(&self.opened_from, &self.opened_to)?,
            is_undelivered: self.undelivered == "1",
            has_dead_job: self.dead == "1",
            sort,
            behind: if self.behind.is_empty() { None } else { Some(place(&self.behind)?) },
            limit: PAGE,
            ..guarantees::Filter::default()
        })
    }

    /// The same where the text of the search box is such a key. None where it can't be one.
    pub fn asked_by(&self, key: Key, asked: &guarantees::Filter) -> Option<guarantees::Filter> {
        let (text, asked) = (self.q.trim(), asked.clone());
        let length = text.chars().count();
        let is_code = text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        Some(match key {
            Key::Application => {
                guarantees::Filter { application: Some(ApplicationNumber::new(text)), ..asked }
            }
            Key::Guarantee => guarantees::Filter { guarantee: Some(GuaranteeNumber::new(text)), ..asked },
            Key::Code => guarantees::Filter { applicant_code: Some(text.to_owned()), ..asked },
            Key::CodeStart if is_code && length >= guarantees::Filter::SHORTEST_CODE => {
                guarantees::Filter { applicant_code_start: Some(text.to_ascii_uppercase()), ..asked }
            }
            Key::CodeStart => return None,
            Key::Section => guarantees::Filter { section: Some(text.to_owned()), ..asked },
            Key::Name => guarantees::Filter { applicant_name_part: Some(text.to_owned()), ..asked },
        })
    }
}

fn period(from: &str, to: &str) -> Option<Period> {
    let day = |text: &str| if text.is_empty() { Some(None) } else { text.parse::<Date>().ok().map(Some) };
    let (from, to) = (day(from)?, day(to)?);
    let until = to.map(|day| day.tomorrow()).transpose().ok()?;
    Some(Period { from: from.map(clock::china_midnight), until: until.map(clock::china_midnight) })
}

fn place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('.')?;
    Some(Place { at: Timestamp::from_microsecond(at.parse().ok()?).ok()?, id: GuaranteeId::parse(id)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_is_asked_and_nothing_that_is_not() {
        let filter =
            Filter { q: "海南&建设".to_owned(), stage: "issued".to_owned(), ..Filter::default() };
        let address = filter.address("/guarantees");
        assert_eq!(address, "/guarantees?q=%E6%B5%B7%E5%8D%97%26%E5%BB%BA%E8%AE%BE&stage=issued");
        assert_eq!(Filter::default().address("/guarantees"), "/guarantees");
    }

    #[test]
    fn days_are_those_of_china_and_the_last_one_is_included() {
        let Period { from, until } = period("2026-11-22", "2026-11-22").unwrap();
        assert_eq!(from.unwrap().to_string(), "2026-11-21T16:00:00Z");
        assert_eq!(until.unwrap().to_string(), "2026-11-22T16:00:00Z");
        assert!(period("yesterday", "").is_none());
        assert_eq!(period("", ""), Some(Period::default()));
    }

    #[test]
    fn what_can_not_be_read_is_not_taken_for_nothing() {
        let platforms = Platforms::default();
        let asked = |filter: Filter| filter.asked(&platforms).is_some();
        assert!(asked(Filter::default()));
        assert!(!asked(Filter { stage: "no such".to_owned(), ..Filter::default() }));
        assert!(!asked(Filter { behind: "1.x".to_owned(), ..Filter::default() }));
    }
}

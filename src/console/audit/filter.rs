//! Which entries a list shows, as its address says.

use jiff::Timestamp;
use jiff::civil::Date;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::clock::china_midnight;
use crate::console::Failure;
use crate::store::audit::{self, ActorKind};

/// The query of `/audit`. What is empty does not count.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    pub kind: String,
    pub actor: String,
    pub action: String,
    pub subject: String,
    /// Days in China, the last one included.
    pub from: String,
    pub until: String,
    /// The last entry of the page before.
    pub before: String,
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// # Errors
/// When there is something that is no day.
fn day(text: &str) -> Result<Option<Date>, Failure> {
    given(text).map(|text| text.parse().map_err(|_| Failure::NotUnderstood)).transpose()
}

impl Filter {
    /// # Errors
    /// When a day or a number is none.
    pub fn wanted(&self, limit: u32) -> Result<audit::Filter, Failure> {
        let before = given(&self.before).map(|text| text.parse().map_err(|_| Failure::NotUnderstood));
        // The first moment that is too late.
        let after = |last: Date| last.tomorrow().map_or(Timestamp::MAX, china_midnight);
        Ok(audit::Filter {
            actor_kind: ActorKind::ALL.into_iter().find(|kind| kind.name() == self.kind),
            actor: given(&self.actor),
            action: given(&self.action),
            subject_kind: None,
            subject: given(&self.subject),
            from: day(&self.from)?.map(china_midnight),
            until: day(&self.until)?.map(after),
            before: before.transpose()?,
            limit,
        })
    }

    /// Whether anything but the page is chosen.
    pub fn narrows(&self) -> bool {
        !self.pairs().is_empty()
    }

    /// The address of the list behind an entry.
    pub fn behind(&self, number: i64) -> String {
        format!("/audit?{}before={number}", self.pairs())
    }

    /// The address of the whole list as a file.
    pub fn export(&self, format: &str) -> String {
        format!("/audit/export?{}format={format}", self.pairs())
    }

    /// What is given, as the beginning of a query.
    fn pairs(&self) -> String {
        let Self { kind, actor, action, subject, from, until, before: _ } = self;
        let fields = [
            ("kind", kind),
            ("actor", actor),
            ("action", action),
            ("subject", subject),
            ("from", from),
            ("until", until),
        ];
        let given = fields.iter().filter(|(_, value)| !value.trim().is_empty());
        given
            .map(|(name, value)| format!("{name}={}&", utf8_percent_encode(value.trim(), NON_ALPHANUMERIC)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_china_and_the_last_one_counts() {
        let filter =
            Filter { from: "2026-11-22".to_owned(), until: "2026-11-22".to_owned(), ..Filter::default() };
        let wanted = filter.wanted(10).unwrap();
        let moment = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(wanted.from, moment("2026-11-21T16:00:00Z"));
        assert_eq!(wanted.until, moment("2026-11-22T16:00:00Z"));
        let wrong = Filter { from: "yesterday".to_owned(), ..Filter::default() };
        assert_eq!(wrong.wanted(10), Err(Failure::NotUnderstood));
    }

    #[test]
    fn an_address_keeps_the_filter_and_encodes_it() {
        let filter = Filter { actor: "王&工".to_owned(), before: "7".to_owned(), ..Filter::default() };
        assert_eq!(filter.behind(3), "/audit?actor=%E7%8E%8B%26%E5%B7%A5&before=3");
        assert_eq!(filter.export("csv"), "/audit/export?actor=%E7%8E%8B%26%E5%B7%A5&format=csv");
        assert!(!Filter { before: "7".to_owned(), ..Filter::default() }.narrows());
    }
}

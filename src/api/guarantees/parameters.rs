//! Parameters of a query, taken one after the other by name: what is left at the end is a mistake.

use actix_web::web;
use jiff::Timestamp;

use crate::api::problem::{Code, Problem};

/// Longer than any name or number.
const LONGEST: usize = 200;

/// What a query holds, in the order in which it was written.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// # Errors
    /// When a text can't be one, or is longer than anything that is searched for.
    pub(super) fn read(query: &str) -> Result<Self, Problem> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
            .map_err(|_| Problem::new(Code::InvalidParameter, "expected a query of names and values"))?;
        for (name, value) in pairs.iter() {
            if value.is_empty() || value.chars().count() > LONGEST || value.chars().any(char::is_control) {
                let expected = format!("expected 1 to {LONGEST} characters without control characters");
                return Err(Problem::parameter(&shown(name), expected));
            }
        }
        Ok(Self(pairs.into_inner()))
    }

    /// All that was read, sorted: the same for the same question.
    pub(super) fn sorted(&self) -> Vec<(String, String)> {
        let mut pairs = self.0.clone();
        pairs.sort();
        pairs
    }

    /// Every value of a parameter that may be repeated.
    pub(super) fn take_all(&mut self, name: &str) -> Vec<String> {
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(|(key, _)| key == name);
        self.0 = left;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// # Errors
    /// When it stands there more than once.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut taken = self.take_all(name);
        match taken.len() {
            0 | 1 => Ok(taken.pop()),
            times => Err(Problem::parameter(name, format!("expected it once, found it {times} times"))),
        }
    }

    /// # Errors
    /// As [`Self::take`]; also when it is no time.
    pub(super) fn take_time(&mut self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        let wrong = |_| {
            let expected = "expected a time with its offset (RFC 3339; a plus sign is written %2B), such as \
                            2026-06-03T01:15:27Z";
            Problem::parameter(name, format!("{expected}, found `{text}`"))
        };
        text.parse().map(Some).map_err(wrong)
    }

    /// One of some words.
    ///
    /// # Errors
    /// When the text is none of them.
    pub(super) fn word<T: Copy>(name: &str, text: &str, all: &[(&'static str, T)]) -> Result<T, Problem> {
        let found = all.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
            Problem::parameter(name, format!("expected one of {}, found `{text}`", words.join(", ")))
        })
    }

    /// # Errors
    /// When something is left that nobody has taken.
    pub(super) fn finish(self, known: &[&str]) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let expected = format!("unknown parameter, expected one of {}", known.join(", "));
                Err(Problem::parameter(&shown(name), expected))
            }
        }
    }
}

/// Somebody else's name for something, as far as it fits into an answer.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(50).collect()
}

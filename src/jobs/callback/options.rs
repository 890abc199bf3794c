//! The `[callbacks]` section of the settings.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::casework::{CallbackType, Wanted};
use crate::jobs::schedule::Schedule;
use crate::secret::Secret;

/// Every type there is, in the list of types.
const ALL: &str = "*";

/// What the core system is told, and how. Without an address it is told nothing, and nothing is stored for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackOptions {
    pub url: Option<Secret>,
    /// `whsec_…`
    pub secret: Option<Secret>,
    /// Another one that callbacks are signed with beside it, while the core system changes from one to the other.
    pub previous_secret: Option<Secret>,
    /// Types, or `*`.
    pub events: Vec<String>,
    /// For one whole exchange.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
    /// How many are sent at the same time. They have no part in the slots of other work.
    pub at_once: u32,
    pub ca_file: Option<PathBuf>,
    /// When one is sent again that was not taken.
    pub schedule: Schedule,
}

impl Default for CallbackOptions {
    fn default() -> Self {
        Self {
            url: None,
            secret: None,
            previous_secret: None,
            events: vec![ALL.to_owned()],
            timeout: Duration::from_secs(15),
            at_once: 8,
            ca_file: None,
            schedule: Schedule::for_callbacks(),
        }
    }
}

impl CallbackOptions {
    /// Of what the core system is to be told.
    ///
    /// # Errors
    /// When a type is unknown.
    pub fn wanted(&self) -> anyhow::Result<Wanted> {
        let mut types = Vec::new();
        for name in &self.events {
            if name == ALL {
                types.extend(CallbackType::ALL);
            } else {
                types.push(name.parse().context("callbacks.events: expected types or `*`")?);
            }
        }
        Ok(if self.url.is_some() { Wanted::new(types) } else { Wanted::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: Option<&str>, events: &[&str]) -> CallbackOptions {
        let events = events.iter().map(|name| (*name).to_owned()).collect();
        CallbackOptions { url: url.map(Secret::new), events, ..CallbackOptions::default() }
    }

    #[test]
    fn nothing_is_wanted_without_an_address_and_a_type_that_there_is_not_is_named() {
        assert!(options(None, &["*"]).wanted().unwrap().is_nothing());
        assert!(options(Some("http://core"), &[]).wanted().unwrap().is_nothing());
        assert!(!options(Some("http://core"), &["claim.received"]).wanted().unwrap().is_nothing());
        let wrong = format!("{:#}", options(None, &["claim.recieved"]).wanted().unwrap_err());
        assert!(wrong.contains("callbacks.events") && wrong.contains("`claim.recieved`"), "{wrong}");
    }

    #[test]
    fn three_days_pass_before_a_callback_is_given_up() {
        let schedule = Schedule { jitter_percent: 0, ..Schedule::for_callbacks() };
        let all: Duration =
            (1..schedule.attempts()).filter_map(|attempt| schedule.delay_after(attempt)).sum();
        let hours = all.as_secs() / 3600;
        assert!((72..80).contains(&hours), "{hours}");
    }
}

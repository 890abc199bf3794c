//! The herald: knows the channels and tells them.

use std::collections::BTreeMap;

use anyhow::Context;

use super::channel::{Channel, NotTaken};
use super::options::AlarmOptions;
use super::wording::Letterhead;
use crate::casework::{AlarmNews, Platforms};
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::store::alarms::Alarm;

/// Sends messages. Each attempt of one message carries the same id.
pub struct Herald {
    channels: BTreeMap<String, Channel>,
    letterhead: Letterhead,
    platforms: Platforms,
    clock: Clock,
}

impl Herald {
    /// `institution` and `replica` say where a message comes from.
    ///
    /// # Errors
    /// Which key of which channel is wrong, and what was expected.
    pub fn new(
        options: &AlarmOptions,
        platforms: &Platforms,
        institution: &str,
        replica: &str,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        options.check()?;
        let mut channels = BTreeMap::new();
        for (name, options) in &options.channels {
            let within = format!("alarms.channels.{name}");
            let channel = Channel::new(&within, options).with_context(|| within.clone())?;
            channels.insert(name.clone(), channel);
        }
        let letterhead = Letterhead {
            institution: institution.to_owned(),
            replica: replica.to_owned(),
            runbook: options.runbook.clone(),
        };
        Ok(Self { channels, letterhead, platforms: platforms.clone(), clock: clock.clone() })
    }

    /// The names of the channels.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.channels.keys().map(String::as_str)
    }

    /// Tells one channel what is new of an alarm; `id` is the message's.
    ///
    /// # Errors
    /// When the channel did not take it.
    pub async fn tell(
        &self,
        channel: &str,
        id: &str,
        alarm: &Alarm,
        news: AlarmNews,
    ) -> Result<(), NotTaken> {
        let platform = self.platforms.find(&PlatformId::new(&alarm.about.subject));
        let title = platform.as_ref().map(|platform| platform.profile.title());
        let message = self.letterhead.message(id, alarm, news, title);
        self.channel(channel)?.send(&message, self.clock.now()).await
    }

    /// Sends one channel a message that says that it is a test.
    ///
    /// # Errors
    /// When the channel did not take it.
    pub async fn try_out(&self, channel: &str) -> Result<(), NotTaken> {
        let now = self.clock.now();
        let message = self.letterhead.trial(&uuid::Uuid::now_v7().to_string(), now);
        self.channel(channel)?.send(&message, now).await
    }

    fn channel(&self, name: &str) -> Result<&Channel, NotTaken> {
        self.channels.get(name).ok_or(NotTaken::NoSuchChannel)
    }
}

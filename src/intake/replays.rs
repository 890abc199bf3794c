//! A message that somebody has captured and sends again, to the letter, changes nothing a second time: whatever time it
//! names, and whatever has become of its guarantee since.
//!
//! That a push repeats another is known by its business key and content already ([`recognise`](super::recognise)), but a
//! surrender, a claim or an invoice may be asked for again after a refusal, and an application replaced and replaced back.
//! Whoever asks again signs a new time; whoever only has an old message can't. So each message that was carried out is known
//! by what its digest covers, for as long as the settings say.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::receive::Intake;
use crate::dialect::Opened;
use crate::domain::identity::PlatformId;
use crate::edge::Gate;
use crate::store::replays::{self, Mark, Replay};
use crate::store::{Connection, StoreError, messages};

/// Told to a platform whose message comes once more, too late or elsewhere.
pub(super) const TOO_LATE: &str = "报文重复提交，请以新的时间戳重新签名后提交";

/// How often marks that are too old are looked for.
const EVERY: Duration = Duration::from_secs(3_600);

/// For how long one platform's messages are known again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    again_within: SignedDuration,
    remembered: SignedDuration,
}

impl Memory {
    /// Of a platform that the settings name no edge for, nothing may come again late.
    pub(super) fn of(gate: Option<&Gate>) -> Self {
        let none = Self { again_within: SignedDuration::ZERO, remembered: SignedDuration::MAX };
        gate.map_or(none, |gate| Self { again_within: gate.again_within, remembered: gate.remembered })
    }
}

/// A message to the letter, as it is looked for and remembered.
pub(super) struct Letter<'a> {
    mark: Mark,
    interface: &'a str,
    at: Timestamp,
    memory: Memory,
}

/// What a message is to whoever has seen others.
pub(super) enum Seen {
    /// It came for the first time, or may come again.
    Fresh,
    /// It was carried out, and answered so.
    Answered(Vec<u8>),
    /// It comes too late, or to another interface.
    TooLate,
}

impl<'a> Letter<'a> {
    /// None of a digital envelope: nothing shows that two of them are one message, and nothing may follow from them.
    pub(super) fn of(
        connection: &Connection,
        platform: &PlatformId,
        opened: &'a Opened,
        at: Timestamp,
        memory: Memory,
    ) -> Option<Self> {
        let mark = Mark::of(connection, platform, opened.signature.as_ref()?);
        Some(Self { mark, interface: &opened.interface, at, memory })
    }

    /// Looks whether it came before.
    pub(super) fn look(&self, connection: &mut Connection) -> Result<Seen, StoreError> {
        let Some(replay) = replays::find(connection, &self.mark)? else { return Ok(Seen::Fresh) };
        let Replay { interface, message, first_at } = replay;
        if let Some(message) = message {
            // What is signed does not say for which interface it is; where it was carried out, it belongs.
            if interface != self.interface {
                return Ok(Seen::TooLate);
            }
            let answer = messages::find(connection, &message)?.and_then(|message| message.answer);
            return Ok(answer.map_or(Seen::TooLate, |answer| Seen::Answered(answer.to_vec())));
        }
        let is_late = self.at.duration_since(first_at) > self.memory.again_within;
        Ok(if is_late { Seen::TooLate } else { Seen::Fresh })
    }

    /// Remembers it, with the record of the message that was carried out, or of none, where it may come again for a while.
    pub(super) fn remember(
        &self,
        connection: &mut Connection,
        message: Option<&str>,
    ) -> Result<(), StoreError> {
        let expires_at = self.at.saturating_add(self.memory.remembered).unwrap_or(Timestamp::MAX);
        replays::remember(connection, &self.mark, self.interface, message, self.at, expires_at)
    }
}

/// Forgets old marks, for as long as it is polled.
pub(crate) async fn forget_old(intake: Intake) {
    loop {
        let now = intake.clock.now();
        match intake.store.write(move |connection| replays::forget(connection, now)).await {
            Ok(0) => {}
            Ok(marks) => tracing::info!(marks, "old marks of messages forgotten"),
            Err(error) => tracing::warn!(%error, "old marks of messages could not be forgotten"),
        }
        intake.clock.wait(EVERY).await;
    }
}

//! One message to a platform and its answer: composed, sent, understood, counted and put on record.

use std::time::Instant;

use jiff::Timestamp;
use tracing::Instrument as _;
use uuid::Uuid;

use super::client::{Client, Failure, Received};
use crate::clock::Clock;
use crate::dialect::{Answer, ComposeError, Message, Profile, Verdict};
use crate::domain::identity::GuaranteeId;
use crate::store::messages::{Direction, NewMessage};
use crate::store::{Connection, StoreError, messages};
use crate::telemetry::{AttemptResult, Metrics};

/// Sends messages. Cheap to clone.
#[derive(Clone)]
pub struct Courier {
    pub client: Client,
    pub clock: Clock,
    pub metrics: Metrics,
}

/// How an exchange ended.
pub struct Exchange {
    pub result: Result<Answer, NotDelivered>,
    pub record: Record,
}

/// Why a platform did not take a message. The texts are for operators; a platform's own words are among them.
#[derive(Debug, thiserror::Error)]
pub enum NotDelivered {
    #[error("平台拒绝：{0}")]
    Rejected(String),
    #[error("平台返回 HTTP {0}")]
    Status(u16),
    #[error("平台返回内容无法识别：{0}")]
    Unreadable(String),
    #[error("{0}")]
    Failed(#[from] Failure),
}

/// What is kept of an exchange: both bodies, sealed by the store. Of a slice, or of a notice with a letter in it, only
/// size and digest are kept, since the sealed letter itself is in the archive.
pub struct Record(NewMessage);

impl Courier {
    /// Sends one message; `guarantee` is the one that it is about, where it is about one.
    ///
    /// # Errors
    /// When the message can't be composed: no attempt to send it will ever succeed.
    pub async fn send(
        &self,
        profile: &Profile,
        guarantee: Option<&GuaranteeId>,
        message: &Message<'_>,
    ) -> Result<Exchange, ComposeError> {
        let at = self.clock.now();
        let outgoing = profile.compose(message, at)?;
        let interface = outgoing.interface.clone();
        let started = Instant::now();
        let kept = match message {
            Message::Slice { .. } | Message::Enclosing { .. } => messages::summary(&outgoing.body),
            _ => outgoing.body.clone(),
        };
        let span = tracing::info_span!("call", platform = %profile.id(), interface);
        let received = self.client.post(outgoing).instrument(span).await;
        if let Ok(Received { date: Some(date), .. }) = &received {
            let offset = ahead_of_ours(*date, at, self.clock.now());
            self.metrics.set_clock_offset(profile.id().as_str(), offset);
        }
        let (result, answer) = match received {
            Ok(Received { status: 200, body, .. }) => {
                (understand(profile.read_answer(&interface, &body)), body)
            }
            Ok(Received { status, body, .. }) => (Err(NotDelivered::Status(status)), body),
            Err(failure) => (Err(NotDelivered::Failed(failure)), Vec::new()),
        };
        let outcome = result.as_ref().map_or_else(NotDelivered::metric, |_| AttemptResult::Ok);
        self.metrics.outbound(profile.id().as_str(), &interface, outcome, started.elapsed());
        let record = Record(NewMessage {
            platform: profile.id().clone(),
            direction: Direction::Out,
            interface,
            guarantee: guarantee.cloned(),
            request_id: Uuid::now_v7().to_string(),
            at,
            body: kept,
            answer: Some(answer),
            outcome: result.as_ref().map_or_else(NotDelivered::name, |_| "ok").to_owned(),
            detail: result.as_ref().err().map(ToString::to_string),
            tolerances: Vec::new(),
            peer: None,
        });
        Ok(Exchange { result, record })
    }
}

impl Record {
    /// Stores the exchange, usually in the transaction that also stores what follows from it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn store(&self, connection: &mut Connection) -> Result<(), StoreError> {
        messages::record(connection, &self.0).map(drop)
    }

    /// When the message was sent.
    pub(super) fn at(&self) -> Timestamp {
        self.0.at
    }
}

impl NotDelivered {
    /// The word in the store.
    fn name(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::Status(_) => "http-status",
            Self::Unreadable(_) => "unreadable",
            Self::Failed(Failure::Timeout) => "timeout",
            Self::Failed(Failure::Connect(_)) => "unreachable",
            Self::Failed(Failure::Broken(_) | Failure::TooLarge) => "broken",
            Self::Failed(Failure::Refused(_)) => "refused",
        }
    }

    pub(super) fn metric(&self) -> AttemptResult {
        match self {
            Self::Rejected(_) => AttemptResult::Rejected,
            Self::Status(_) | Self::Unreadable(_) | Self::Failed(Failure::TooLarge) => AttemptResult::Http,
            Self::Failed(Failure::Timeout) => AttemptResult::Timeout,
            Self::Failed(Failure::Connect(_) | Failure::Broken(_)) => AttemptResult::Connection,
            Self::Failed(Failure::Refused(_)) => AttemptResult::Refused,
        }
    }
}

/// How many seconds a clock is ahead of ours that said `date` between two instants of ours. It is cut to whole seconds, and
/// may have been said at any time between the two.
fn ahead_of_ours(date: Timestamp, before: Timestamp, after: Timestamp) -> i64 {
    let (before, after) = (before.as_second(), after.as_second());
    match date.as_second() {
        date if date < before => date.saturating_sub(before),
        date if date > after => date.saturating_sub(after),
        _ => 0,
    }
}

fn understand(answer: Answer) -> Result<Answer, NotDelivered> {
    match answer.verdict {
        Verdict::Accepted => Ok(answer),
        Verdict::Rejected => Err(NotDelivered::Rejected(answer.message)),
        Verdict::Unreadable => Err(NotDelivered::Unreadable(answer.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_by_what_lies_outside_of_the_exchange() {
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let (before, after) = (instant("2026-11-22T01:00:00.9Z"), instant("2026-11-22T01:00:03.1Z"));
        for (date, seconds) in [
            ("2026-11-22T01:00:00Z", 0),
            ("2026-11-22T01:00:03Z", 0),
            ("2026-11-22T00:58:59Z", -61),
            ("2026-11-22T01:01:04Z", 61),
        ] {
            assert_eq!(ahead_of_ours(instant(date), before, after), seconds, "{date}");
        }
    }
}

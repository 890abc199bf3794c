//! Pushes that are turned away before they are read: counted, and put on record sparingly, since anybody can send them.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::PushOutcome;
use super::push::Push;
use super::receive::{BUSY, Intake, failure};
use crate::casework::Platform;
use crate::dialect::Failure;
use crate::edge::Stranger;
use crate::store::messages::{self, NewMessage};
use crate::telemetry::InboundOutcome;

impl Intake {
    /// Counts a push too many, and yields what it is answered.
    pub(super) fn limited(&self, push: &Push) -> Vec<u8> {
        let platform = self.platforms.find(&push.platform);
        self.count(push, platform.as_ref(), InboundOutcome::Limited, Duration::ZERO);
        failure(platform.as_deref(), push.interface.as_deref(), Failure::Unavailable, BUSY)
    }

    /// Counts and records that somebody was not let in, without what was sent.
    pub(super) async fn refuse_entry(&self, push: Push, stranger: Stranger) {
        let platform = self.platforms.find(&push.platform);
        self.count(&push, platform.as_ref(), InboundOutcome::Forbidden, Duration::ZERO);
        if !self.edge.may_record() {
            return;
        }
        let (peer, request_id) = (push.peer.as_deref(), &push.request_id);
        tracing::warn!(platform = platform.is_some().then(|| push.platform.as_str()), peer, request_id, reason = %stranger, "push of a stranger");
        let record = NewMessage {
            outcome: PushOutcome::Forbidden.name().to_owned(),
            detail: Some(stranger.to_string()),
            ..push.record(push.interface.as_deref().unwrap_or("unknown"), self.clock.now())
        };
        if let Err(error) = self.store.write(move |connection| messages::record(connection, &record)).await {
            tracing::warn!(%error, "push of a stranger could not be recorded");
        }
    }

    /// What a stranger writes into a path must not become a label.
    pub(super) fn count(
        &self,
        push: &Push,
        platform: Option<&Arc<Platform>>,
        outcome: InboundOutcome,
        took: Duration,
    ) {
        let known = platform.zip(push.interface.as_deref());
        let interface = known
            .filter(|(platform, name)| platform.profile.inbound().any(|it| it.name == *name))
            .map(|(_, name)| name);
        self.metrics.inbound(platform.map(|_| push.platform.as_str()), interface, outcome, took);
    }
}

//! Receiving one push, from raw bytes to the stored answer.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::filing::Filing;
use super::inquiry::Inquiries;
use super::outcome::PushOutcome;
use super::push::{Body, Push};
use super::replays::Memory;
use crate::casework::{Platform, Platforms, Received};
use crate::clock::Clock;
use crate::dialect::{Failure, Rejection, Request, reply};
use crate::edge::{Edge, Gate};
use crate::store::messages::NewMessage;
use crate::store::{Store, messages};
use crate::telemetry::Metrics;

/// Told to a platform when nothing could be stored; the cause goes to the log alone.
pub(super) const BUSY: &str = "系统繁忙，请稍后重试";

/// Receives pushes. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    pub store: Store,
    pub platforms: Platforms,
    pub clock: Clock,
    pub metrics: Metrics,
    pub inquiries: Arc<Inquiries>,
    /// Who may push, how often, and what is remembered of it.
    pub edge: Edge,
}

/// How a push ended, and the bytes that say so to the platform.
pub(super) struct Answered {
    pub(super) outcome: PushOutcome,
    pub(super) answer: Vec<u8>,
}

/// What a push is answered.
pub struct Reply {
    pub answer: Vec<u8>,
    /// Whether nothing showed that a platform sent it.
    pub is_strangers: bool,
}

impl Intake {
    /// Takes a push and yields the bytes to answer with. The answer says success only after everything that follows
    /// from the push is durably stored.
    pub async fn receive(&self, push: Push) -> Reply {
        let started = Instant::now();
        let push = Arc::new(push);
        let platform = self.platforms.find(&push.platform);
        let answered = match self.take(Arc::clone(&push), platform.clone()).await {
            Ok(answered) => answered,
            Err(error) => {
                let (platform_id, request_id) = (&push.platform, &push.request_id);
                tracing::error!(platform = %platform_id, request_id, error = format!("{error:#}"), "push could not be answered");
                let answer =
                    failure(platform.as_deref(), push.interface.as_deref(), Failure::Unavailable, BUSY);
                Answered { outcome: PushOutcome::Unavailable, answer }
            }
        };
        self.count(&push, platform.as_ref(), answered.outcome.metric(), started.elapsed());
        Reply { is_strangers: answered.outcome.is_strangers(), answer: answered.answer }
    }

    async fn take(&self, push: Arc<Push>, platform: Option<Arc<Platform>>) -> anyhow::Result<Answered> {
        let at = self.clock.now();
        let Some(platform) = platform else {
            return self
                .reject(push, None, None, PushOutcome::UnknownPlatform, "平台未接入".to_owned(), at)
                .await;
        };
        let body = match &push.body {
            Body::Whole(body) => body,
            Body::TooLarge { limit } => {
                let message = format!("报文过长，上限为 {limit} 字节");
                return self.reject(push, Some(platform), None, PushOutcome::TooLarge, message, at).await;
            }
            Body::Unfinished(_) => {
                let message = "报文未在规定时间内传输完毕".to_owned();
                return self.reject(push, Some(platform), None, PushOutcome::Unfinished, message, at).await;
            }
            Body::NotPosted => {
                let message = "请求方式应为 POST".to_owned();
                return self.reject(push, Some(platform), None, PushOutcome::NotPosted, message, at).await;
            }
        };
        let interface = push.interface.as_deref();
        let (content_type, digest) = (push.content_type.as_deref(), push.digest.as_deref());
        match platform.open(Received { interface, content_type, body, digest }, at) {
            Ok((platform, opened)) => {
                let gate = self.edge.gate(platform.profile.id());
                if !opened.authentic && !gate.is_some_and(Gate::question_in_envelope) {
                    let (interface, message) = (Some(opened.interface), BUSY.to_owned());
                    return self
                        .reject(push, Some(platform), interface, PushOutcome::Limited, message, at)
                        .await;
                }
                let memory = Memory::of(gate);
                if let Request::Ask(query) = &opened.request {
                    let query = query.clone();
                    // Boxed, since few pushes ask and all would carry its size.
                    return Box::pin(self.inquire(push, platform, opened, query, memory, at)).await;
                }
                let filing = Arc::new(Filing { push, platform, opened, memory, at });
                let shared = Arc::clone(&filing);
                let filed = self.store.write(move |connection| filing.file(connection)).await?;
                shared.report(&filed, &self.metrics);
                Ok(filed.answered)
            }
            Err(Rejection { kind, interface, message }) => {
                let (platform_id, request_id, reason) = (&push.platform, &push.request_id, kind.label());
                tracing::warn!(platform = %platform_id, request_id, reason, message, "push rejected");
                let outcome = PushOutcome::Rejected(kind);
                self.reject(Arc::clone(&push), Some(platform), interface, outcome, message, at).await
            }
        }
    }

    /// Records a push that could not be opened, outside of every case, with the failure it was answered with. Of what anybody
    /// can have sent, only so much is recorded that nobody fills a disk with it.
    pub(super) async fn reject(
        &self,
        push: Arc<Push>,
        platform: Option<Arc<Platform>>,
        interface: Option<String>,
        outcome: PushOutcome,
        message: String,
        at: Timestamp,
    ) -> anyhow::Result<Answered> {
        let interface = interface.or_else(|| push.interface.clone());
        let answer = failure(platform.as_deref(), interface.as_deref(), outcome.failure(), &message);
        let is_sparing = outcome.is_strangers() || outcome == PushOutcome::Limited;
        if is_sparing && !self.edge.may_record() {
            return Ok(Answered { outcome, answer });
        }
        let mut record = NewMessage {
            answer: Some(answer.clone()),
            outcome: outcome.name().to_owned(),
            detail: Some(message),
            ..push.record(interface.as_deref().unwrap_or("unknown"), at)
        };
        // For a platform's engineers, what they sent is the best help; what is for no platform helps nobody.
        if is_sparing && (platform.is_none() || !self.edge.may_keep(record.body.len())) {
            record.body = Vec::new();
        }
        self.store.write(move |connection| messages::record(connection, &record)).await?;
        Ok(Answered { outcome, answer })
    }
}

pub(super) fn failure(
    platform: Option<&Platform>,
    interface: Option<&str>,
    failure: Failure,
    message: &str,
) -> Vec<u8> {
    match platform {
        Some(platform) => platform.profile.failure(interface, failure, message),
        None => reply::unknown_platform(message),
    }
}

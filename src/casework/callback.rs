//! What the core system is told: a callback for each event that the settings name, stored with the bytes that will be
//! sent and with its job, in the transaction of what it tells.
//!
//! A callback is thin. It says what happened to which guarantee and where that stands now; what more there is, the core
//! system reads over the interface. No free text and nothing personal is in it.

mod kind;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use kind::{CallbackType, UnknownType};

use super::task::{self, Task};
use crate::domain::decision::Question;
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::domain::{Event, Guarantee};
use crate::store::callbacks::{self, NewCallback};
use crate::store::guarantees::{self, Stored};
use crate::store::jobs::{self, Cause, ClaimedJob, Lane, NewJob, Revival};
use crate::store::{Connection, StoreError};

/// Whom the jobs of callbacks are for, where others name a platform. No platform may have this id.
pub const CORE_SYSTEM: &str = "core-system";

/// The name of the lanes in which callbacks are sent.
const LANE: &str = "callbacks";

/// Of which types the core system wants to be told. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Wanted(Arc<BTreeSet<CallbackType>>);

impl Wanted {
    pub fn new(types: impl IntoIterator<Item = CallbackType>) -> Self {
        Self(Arc::new(types.into_iter().collect()))
    }

    /// Whether nobody is to be told anything.
    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, kind: CallbackType) -> bool {
        self.0.contains(&kind)
    }
}

/// The body, as it is sent.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Default, Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    #[serde(flatten)]
    guarantee: Option<About<'a>>,
    details: Map<String, Value>,
}

/// Which guarantee, and how it stands after what is told.
#[derive(Serialize)]
struct About<'a> {
    guarantee_id: &'a str,
    application_number: &'a str,
    guarantee_number: Option<&'a str>,
    stage: &'static str,
    version: i64,
    /// The number of the event in the guarantee's timeline, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<i64>,
}

impl<'a> About<'a> {
    fn new(guarantee: &'a Guarantee, version: i64, event: Option<i64>) -> Self {
        Self {
            guarantee_id: guarantee.id.as_str(),
            application_number: guarantee.application.number.as_str(),
            guarantee_number: guarantee.number().map(|number| number.as_str()),
            stage: guarantee.stage.name(),
            version,
            event,
        }
    }
}

/// Tells what happened to a guarantee, in the order in which it did. `first` is the number of the first event in the
/// timeline, and `stored` is the guarantee as it stands after all of them.
pub(super) fn tell_events(
    connection: &mut Connection,
    wanted: &Wanted,
    stored: (&Guarantee, i64),
    (first, events): (i64, &[Event]),
    at: Timestamp,
) -> Result<(), StoreError> {
    let (guarantee, version) = stored;
    for (number, event) in (first..).zip(events) {
        let kind = CallbackType::of(event);
        if !wanted.has(kind) {
            continue;
        }
        let data = Data {
            platform: Some(guarantee.platform.as_str()),
            guarantee: Some(About::new(guarantee, version, Some(number))),
            details: details(event),
        };
        let lane = Lane::beside(&guarantee.id, LANE);
        tell(connection, kind, Some(&guarantee.id), lane, data, at)?;
    }
    Ok(())
}

/// What an event itself says, but for free texts.
fn details(event: &Event) -> Map<String, Value> {
    let details = match event {
        Event::ApplicationReceived { amount }
        | Event::ApplicationReplaced { amount }
        | Event::InvoiceAsked { amount } => json!({ "amount": amount.to_string() }),
        Event::Approved { premium, .. } => json!({ "premium": premium.to_string() }),
        Event::LetterSealed { letter, document } => {
            json!({ "letter": letter.name(), "document": document.as_str() })
        }
        Event::LetterDelivered { letter } => json!({ "letter": letter.name() }),
        Event::SectionAbnormal { abnormality } => json!({ "abnormality": abnormality }),
        Event::ClaimReceived { amount } => json!({ "amount": amount.map(|amount| amount.to_string()) }),
        Event::ClaimAnswered { status, paid } => {
            json!({ "status": status, "paid": paid.map(|paid| paid.to_string()) })
        }
        _ => json!({}),
    };
    details.as_object().cloned().unwrap_or_default()
}

/// Tells that a job was given up. Of a callback that is not told, since nobody would hear it, nor of a job that has lost
/// its purpose.
///
/// # Errors
/// When the database fails.
pub fn tell_of_dead_job(
    connection: &mut Connection,
    wanted: &Wanted,
    job: &ClaimedJob,
    cause: Cause,
    at: Timestamp,
) -> Result<(), StoreError> {
    let of_platform = !Task::TO_OTHERS.contains(&job.kind.as_str());
    if !wanted.has(CallbackType::JobDead) || !of_platform || cause == Cause::Obsolete {
        return Ok(());
    }
    let stored = match job.lane.guarantee() {
        Some(id) => guarantees::find(connection, &id)?,
        None => None,
    };
    let details = json!({
        "job_id": job.id.as_str(), "kind": job.kind, "round": job.lane.round(), "cause": cause.name(),
    });
    let data = Data {
        platform: Some(job.platform.as_str()),
        guarantee: stored.as_ref().map(about),
        details: details.as_object().cloned().unwrap_or_default(),
    };
    let id = stored.as_ref().map(|stored| &stored.guarantee.id);
    let lane = id.map_or_else(|| lane_of_platform(&job.platform), |id| Lane::beside(id, LANE));
    tell(connection, CallbackType::JobDead, id, lane, data, at).map(drop)
}

/// Reminds the core system of a question that it has not answered in time.
///
/// # Errors
/// When the database fails.
pub fn tell_of_overdue(
    connection: &mut Connection,
    wanted: &Wanted,
    id: &GuaranteeId,
    question: Question,
    at: Timestamp,
) -> Result<(), StoreError> {
    if !wanted.has(CallbackType::DecisionOverdue) {
        return Ok(());
    }
    let Some(stored) = guarantees::find(connection, id)? else { return Ok(()) };
    let details = json!({ "question": question.name() }).as_object().cloned().unwrap_or_default();
    let platform = Some(stored.guarantee.platform.as_str());
    let data = Data { platform, guarantee: Some(about(&stored)), details };
    let lane = Lane::beside(id, LANE);
    tell(connection, CallbackType::DecisionOverdue, Some(id), lane, data, at).map(drop)
}

/// Tells that a platform can't be reached, or can again; `since` is when it was lost.
///
/// # Errors
/// When the database fails.
pub fn tell_of_reach(
    connection: &mut Connection,
    wanted: &Wanted,
    platform: &PlatformId,
    kind: CallbackType,
    since: Timestamp,
    at: Timestamp,
) -> Result<(), StoreError> {
    if !wanted.has(kind) {
        return Ok(());
    }
    let details = json!({ "unreachable_since": stored(since) }).as_object().cloned().unwrap_or_default();
    let data = Data { platform: Some(platform.as_str()), guarantee: None, details };
    tell(connection, kind, None, lane_of_platform(platform), data, at).map(drop)
}

/// Sends a callback that says nothing, whatever types are wanted; yields its id.
///
/// # Errors
/// When the database fails.
pub fn ping(connection: &mut Connection, at: Timestamp) -> Result<String, StoreError> {
    let name = format!("{LANE}/ping/{}", uuid::Uuid::now_v7());
    tell(connection, CallbackType::Ping, None, Lane::of_house(&name), Data::default(), at)
}

/// Sends a callback anew, behind what waits in its lane: one that was delivered, as well as one that was given up. One
/// that waits for its next attempt is tried at once. None where there is no such callback.
///
/// # Errors
/// When the database fails.
pub fn replay(connection: &mut Connection, id: &str, at: Timestamp) -> Result<Option<Revival>, StoreError> {
    let Some(record) = callbacks::find(connection, id)? else { return Ok(None) };
    let revival = jobs::revive(connection, &record.job)?;
    let ended = matches!(revival, Revival::NotNeeded(jobs::JobState::Done) | Revival::Unknown);
    if !ended {
        return Ok(Some(revival));
    }
    let lane = match (&record.guarantee, &record.platform) {
        (Some(guarantee), _) => Lane::beside(guarantee, LANE),
        (None, Some(platform)) => lane_of_platform(platform),
        (None, None) => Lane::of_house(&format!("{LANE}/ping/{id}")),
    };
    let job = jobs::enqueue(connection, &job(id, lane, at)?)?;
    callbacks::send_anew(connection, id, &job)?;
    Ok(Some(Revival::Revived))
}

/// As it is read from the database, so that callbacks and the interface say the same.
fn stored(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

fn about(stored: &Stored) -> About<'_> {
    About::new(&stored.guarantee, stored.version, None)
}

fn lane_of_platform(platform: &PlatformId) -> Lane {
    Lane::of_house(&format!("{LANE}/platforms/{platform}"))
}

fn tell(
    connection: &mut Connection,
    kind: CallbackType,
    guarantee: Option<&GuaranteeId>,
    lane: Lane,
    data: Data<'_>,
    at: Timestamp,
) -> Result<String, StoreError> {
    let platform = data.platform.map(PlatformId::new);
    let body = serde_json::to_vec(&Body { kind: kind.name(), timestamp: stored(at), data });
    let body = body.map_err(|error| StoreError::Statement(error.to_string()))?;
    let id = uuid::Uuid::now_v7().to_string();
    let job = jobs::enqueue(connection, &job(&id, lane, at)?)?;
    let new =
        NewCallback { id: &id, kind: kind.name(), platform: platform.as_ref(), guarantee, body: &body, job };
    callbacks::insert(connection, &new, at)?;
    Ok(id)
}

/// Never urgent: whatever is due to a platform goes first.
fn job(id: &str, lane: Lane, at: Timestamp) -> Result<NewJob, StoreError> {
    let task = Task::Callback { id: id.to_owned() };
    task::job(&PlatformId::new(CORE_SYSTEM), lane, &task, None, Duration::ZERO, at)
}

#[cfg(test)]
mod tests;

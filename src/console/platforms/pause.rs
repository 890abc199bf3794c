//! Pausing what is sent to a platform, and resuming it; what it pushes is accepted all the while.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use serde::Deserialize;
use serde_json::json;

use crate::casework::Task;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::go_to;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::domain::plain_line::PlainLine;
use crate::store::audit;
use crate::store::jobs::{self, Cause};
use crate::store::pauses::{self, Pause};

#[derive(Deserialize)]
pub(super) struct Why {
    reason: String,
}

pub(super) async fn begin(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    id: Path<String>,
    why: Form<Why>,
) -> Result<HttpResponse, Failure> {
    let platform = PlatformId::new(id.into_inner());
    console.platforms.find(&platform).ok_or(Failure::NotFound)?;
    let Some(reason) = PlainLine::new(&why.reason).map(PlainLine::into_text) else {
        return Err(Failure::Refused(frame.t("platforms.reason_needed").to_owned()));
    };
    let (place, at) = (format!("/platforms/{platform}"), console.clock.now());
    let begun = console.store.write(move |connection| {
        let pause = Pause {
            platform: platform.clone(),
            since: at,
            by: acting.operator.name.clone(),
            reason: reason.clone(),
            resumed: None,
        };
        if pauses::begin(connection, &pause)?.is_some() {
            return Ok(false);
        }
        let detail = json!({ "reason": reason });
        let subject = ("platform", platform.to_string());
        audit::append(connection, &acting.entry("platform.pause", subject, detail), at)?;
        Ok(true)
    });
    match begun.await? {
        true => Ok(go_to(&place)),
        false => Err(Failure::Refused(frame.t("platforms.paused_already").to_owned())),
    }
}

pub(super) async fn end(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let platform = PlatformId::new(id.into_inner());
    let (place, at) = (format!("/platforms/{platform}"), console.clock.now());
    let ended = console.store.write(move |connection| {
        let Some(pause) = pauses::end(connection, &platform, &acting.operator.name, at)? else {
            return Ok(false);
        };
        let due = jobs::hasten_calls(connection, Task::CALLS, &platform, &Cause::ALL)?;
        let detail = json!({ "paused_by": pause.by, "calls_due": due });
        let subject = ("platform", platform.to_string());
        audit::append(connection, &acting.entry("platform.resume", subject, detail), at)?;
        Ok(true)
    });
    match ended.await? {
        true => Ok(go_to(&place)),
        false => Err(Failure::Refused(frame.t("platforms.not_paused").to_owned())),
    }
}

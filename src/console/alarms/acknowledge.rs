//! Taking an alarm on: nobody is reminded of it any more, and it is not escalated.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::json;

use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::go_to;
use crate::console::{Console, Failure};
use crate::store::{alarms, audit};

pub(super) async fn take_on(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let (id, at) = (id.into_inner(), console.clock.now());
    let taken = console.store.write(move |connection| {
        let Some(alarm) = alarms::find(connection, &id)? else { return Ok(None) };
        if !alarms::acknowledge(connection, &id, &acting.operator.name, at)? {
            return Ok(Some(false));
        }
        let detail = json!({ "rule": alarm.about.rule, "subject": alarm.about.subject });
        audit::append(connection, &acting.entry("alarm.acknowledge", ("alarm", id.clone()), detail), at)?;
        Ok(Some(true))
    });
    match taken.await? {
        Some(true) => Ok(go_to("/alarms")),
        Some(false) => Err(Failure::Refused(frame.t("alarms.taken_or_over").to_owned())),
        None => Err(Failure::NotFound),
    }
}

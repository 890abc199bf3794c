//! Somebody's word that a link of a claim is followed.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use serde::Deserialize;
use serde_json::json;

use crate::casework::evidence::{Asked, ask};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::go_to;
use crate::console::{Console, Failure};
use crate::domain::identity::GuaranteeId;
use crate::store::{audit, guarantees};

#[derive(Deserialize)]
pub(super) struct Wish {
    guarantee: String,
    item: i64,
}

pub(super) async fn post(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    wish: Form<Wish>,
) -> Result<HttpResponse, Failure> {
    let id = GuaranteeId::parse(&wish.guarantee).ok_or(Failure::NotFound)?;
    let (place, item, at) = (format!("/guarantees/{id}/evidence"), wish.item, console.clock.now());
    let asked = console.store.write(move |connection| {
        let Some(stored) = guarantees::find(connection, &id)? else {
            return Ok(Asked::NoSuchItem);
        };
        let asked = ask(connection, &stored.guarantee, item, &acting.operator.name, at)?;
        if let Asked::Enqueued(evidence) = &asked {
            let detail = json!({ "evidence": evidence, "item": item });
            let entry = acting.entry("evidence.ask", ("guarantee", id.to_string()), detail);
            audit::append(connection, &entry, at)?;
        }
        Ok(asked)
    });
    match asked.await? {
        Asked::Enqueued(_) => Ok(go_to(&place)),
        Asked::Known => Err(Failure::Refused(frame.t("quarantine.known").to_owned())),
        Asked::NoSuchItem => Err(Failure::NotFound),
    }
}

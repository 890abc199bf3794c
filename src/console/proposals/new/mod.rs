//! Forms in which something is proposed. Each shows what it would do before it is sent, and where it can't be proposed, why.

mod act;
mod inputs;
mod jobs;
mod key;
mod keys;
mod letter;
mod look;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::PROPOSE;
use super::words;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure, Route};
use crate::domain::identity::GuaranteeId;
use crate::proposals::{By, Draft, propose};
use crate::store::guarantees::{self, Stored};

/// As long as a reason may be.
const LONGEST_REASON: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/proposals/new/key", PROPOSE, key::get),
        Route::post("/proposals/new/key", PROPOSE, key::post),
        Route::get("/proposals/new/keys", PROPOSE, keys::get),
        Route::post("/proposals/new/keys", PROPOSE, keys::post),
        Route::get("/proposals/new/act", PROPOSE, act::get),
        Route::post("/proposals/new/act", PROPOSE, act::post),
        Route::get("/proposals/new/letter", PROPOSE, letter::get),
        Route::post("/proposals/new/letter", PROPOSE, letter::post),
        Route::get("/proposals/new/look", PROPOSE, look::get),
        Route::post("/proposals/new/look", PROPOSE, look::post),
        Route::post("/proposals/jobs", PROPOSE, jobs::post),
    ]
}

/// The guarantee that a form is about.
async fn guarantee(console: &Console, id: &str) -> Result<Stored, Failure> {
    let id = GuaranteeId::parse(id).ok_or(Failure::NotFound)?;
    let found = console.store.read(move |connection| guarantees::find(connection, &id)).await?;
    found.ok_or(Failure::NotFound)
}

/// Stores a proposal and leads to it; yields in words why not where it can't be made.
async fn submit(
    console: &Data<Console>,
    frame: &Frame,
    acting: Acting,
    draft: Draft,
) -> Result<Result<HttpResponse, String>, Failure> {
    if draft.reason.chars().count() > LONGEST_REASON || draft.reason.contains(char::is_control) {
        return Ok(Err(frame.t("proposals.reason_long").to_owned()));
    }
    let (bench, by, now) = (console.proposals.clone(), By::from(acting), frame.now);
    let made = console.store.write(move |connection| propose(connection, &bench, &draft, &by, now));
    Ok(match made.await? {
        Ok(proposal) => Ok(go_to(&format!("/proposals/{}", proposal.id))),
        Err(why) => Err(words::unproposable(frame, &why)),
    })
}

/// A form that was not accepted, with what was wrong.
fn again(template: &impl Template) -> Result<HttpResponse, Failure> {
    let mut answer = page(template)?;
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(answer)
}

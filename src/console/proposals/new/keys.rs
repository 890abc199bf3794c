//! The keys of a section, pasted as a list.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use askama::Template;

use super::{again, submit};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::proposals::fields::Fields;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::domain::section::Secrecy;
use crate::proposals::Draft;
use crate::proposals::opening_keys::{self, LineFault};
use crate::store::proposals::Subject;

/// Faults that are shown; whoever pasted the wrong column need not read a thousand.
const SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "console/proposals/keys.html")]
struct KeysPage {
    frame: Frame,
    /// Ids of platforms that keep sections secret.
    platforms: Vec<String>,
    chosen: String,
    wrong: Vec<String>,
    opened_at: String,
    reason: String,
}

pub(super) async fn get(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let (platforms, empty) = (platforms(&console), String::new);
    page(&KeysPage {
        frame,
        platforms,
        chosen: empty(),
        wrong: Vec::new(),
        opened_at: empty(),
        reason: empty(),
    })
}

fn platforms(console: &Console) -> Vec<String> {
    let all = console.platforms.iter();
    let secret = all.filter(|platform| platform.profile.secrecy() == Secrecy::UntilOpening);
    secret.map(|platform| platform.profile.id().to_string()).collect()
}

pub(super) async fn post(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let wrong = match propose(&frame, &console, acting, &fields).await? {
        Ok(answer) => return Ok(answer),
        Err(wrong) => wrong,
    };
    let text = |name: &str| fields.text(name).to_owned();
    again(&KeysPage {
        platforms: platforms(&console),
        chosen: text("platform"),
        opened_at: text("opened_at"),
        reason: text("reason"),
        frame,
        wrong,
    })
}

async fn propose(
    frame: &Frame,
    console: &Data<Console>,
    acting: Acting,
    fields: &Fields,
) -> Result<Result<HttpResponse, Vec<String>>, Failure> {
    let Some(opened_at) = fields.moment("opened_at").flatten() else {
        return Ok(Err(vec![frame.t("proposals.time_wrong").to_owned()]));
    };
    let lines = match opening_keys::read_list(fields.text("keys")) {
        Ok(lines) => lines,
        Err(faults) => return Ok(Err(said(&faults))),
    };
    let (platform, bench, now) =
        (PlatformId::new(fields.text("platform")), console.proposals.clone(), frame.now);
    let subject = Subject::Platform(platform.clone());
    let tried = console.store.read(move |connection| {
        opening_keys::for_list(connection, &bench, &platform, &lines, opened_at, now)
    });
    let payload = match tried.await? {
        Ok(payload) => payload,
        Err(faults) => return Ok(Err(said(&faults))),
    };
    let draft = Draft { subject, payload, reason: fields.text("reason").to_owned() };
    Ok(submit(console, frame, acting, draft).await?.map_err(|why| vec![why]))
}

fn said(faults: &[LineFault]) -> Vec<String> {
    faults.iter().take(SHOWN).map(ToString::to_string).collect()
}

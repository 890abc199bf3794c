//! The key of one guarantee's opening, pasted.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use serde::Deserialize;

use super::{again, guarantee, submit};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::proposals::fields::Fields;
use crate::console::{Console, Failure};
use crate::domain::Guarantee;
use crate::proposals::{Draft, opening_keys};
use crate::store::proposals::Subject;

#[derive(Deserialize)]
pub(super) struct About {
    guarantee: String,
}

/// What was typed stays in the form, but for the key, which no page ever shows.
#[derive(Template)]
#[template(path = "console/proposals/key.html")]
struct KeyPage {
    frame: Frame,
    guarantee: Guarantee,
    wrong: Option<String>,
    opened_at: String,
    reason: String,
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    about: Query<About>,
) -> Result<HttpResponse, Failure> {
    let guarantee = guarantee(&console, &about.guarantee).await?.guarantee;
    page(&KeyPage { frame, guarantee, wrong: None, opened_at: String::new(), reason: String::new() })
}

pub(super) async fn post(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let guarantee = guarantee(&console, fields.text("guarantee")).await?.guarantee;
    let (opened_at, reason) = (fields.text("opened_at").to_owned(), fields.text("reason").to_owned());
    let proposed = match fields.moment("opened_at").flatten() {
        None => Err(frame.t("proposals.time_wrong").to_owned()),
        Some(at) => {
            let (bench, id, now) = (console.proposals.clone(), guarantee.id.clone(), frame.now);
            let (key, iv) = (fields.secret("key"), fields.secret("iv"));
            let tried = console.store.read(move |connection| {
                opening_keys::for_guarantee(connection, &bench, &id, (&key, &iv), at, now)
            });
            match tried.await? {
                Ok(payload) => {
                    let subject = Subject::Guarantee(guarantee.id.clone());
                    let draft = Draft { subject, payload, reason: reason.clone() };
                    submit(&console, &frame, acting, draft).await?
                }
                Err(why) => Err(why.to_string()),
            }
        }
    };
    match proposed {
        Ok(answer) => Ok(answer),
        Err(why) => again(&KeyPage { frame, guarantee, wrong: Some(why), opened_at, reason }),
    }
}

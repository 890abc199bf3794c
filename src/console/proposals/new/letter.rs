//! A letter that the platform has, sent again.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use serde::Deserialize;

use super::{again, guarantee, submit};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::proposals::fields::Fields;
use crate::console::proposals::words;
use crate::console::{Console, Failure};
use crate::domain::Guarantee;
use crate::domain::guarantee::LetterKind;
use crate::proposals::{Draft, Payload};
use crate::store::proposals::Subject;

#[derive(Deserialize)]
pub(super) struct About {
    guarantee: String,
}

/// A letter to choose.
struct Choice {
    name: &'static str,
    title: &'static str,
}

#[derive(Template)]
#[template(path = "console/proposals/letter.html")]
struct LetterPage {
    frame: Frame,
    guarantee: Guarantee,
    letters: Vec<Choice>,
    wrong: Option<String>,
    reason: String,
}

impl LetterPage {
    fn new(frame: Frame, guarantee: Guarantee, wrong: Option<String>, reason: String) -> Self {
        let arrived =
            |kind: &LetterKind| guarantee.letter(*kind).is_some_and(|letter| letter.delivered_at.is_some());
        let letters = LetterKind::ALL.into_iter().filter(arrived);
        let choice = |kind: LetterKind| Choice { name: kind.name(), title: frame.t(words::letter(kind)) };
        Self { letters: letters.map(choice).collect(), frame, guarantee, wrong, reason }
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    about: Query<About>,
) -> Result<HttpResponse, Failure> {
    let guarantee = guarantee(&console, &about.guarantee).await?.guarantee;
    page(&LetterPage::new(frame, guarantee, None, String::new()))
}

pub(super) async fn post(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let guarantee = guarantee(&console, fields.text("guarantee")).await?.guarantee;
    let letter = LetterKind::ALL.into_iter().find(|kind| kind.name() == fields.text("letter"));
    let payload = Payload::ResendLetter { letter: letter.ok_or(Failure::NotUnderstood)? };
    let (subject, reason) = (Subject::Guarantee(guarantee.id.clone()), fields.text("reason").to_owned());
    match submit(&console, &frame, acting, Draft { subject, payload, reason: reason.clone() }).await? {
        Ok(answer) => Ok(answer),
        Err(why) => again(&LetterPage::new(frame, guarantee, Some(why), reason)),
    }
}

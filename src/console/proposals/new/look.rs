//! A look at what is masked: of a guarantee, or of one message.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use serde::Deserialize;

use super::{again, submit};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::proposals::fields::Fields;
use crate::console::proposals::words;
use crate::console::{Console, Failure};
use crate::domain::identity::GuaranteeId;
use crate::proposals::{Draft, Payload};
use crate::store::proposals::Subject;

/// One of the two.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct About {
    guarantee: String,
    message: String,
}

#[derive(Template)]
#[template(path = "console/proposals/look.html")]
struct LookPage {
    frame: Frame,
    about: String,
    /// Name and value of the hidden field.
    field: (&'static str, String),
    minutes: u64,
    wrong: Option<String>,
    reason: String,
}

fn subject(guarantee: &str, message: &str) -> Result<Subject, Failure> {
    match (GuaranteeId::parse(guarantee), message) {
        (Some(id), "") => Ok(Subject::Guarantee(id)),
        (None, id) if !id.is_empty() => Ok(Subject::Message(id.to_owned())),
        _ => Err(Failure::NotFound),
    }
}

/// Whole minutes, one at least.
fn minutes(time: Duration) -> u64 {
    (time.as_secs() / 60).max(1)
}

impl LookPage {
    fn new(
        frame: Frame,
        console: &Console,
        subject: &Subject,
        wrong: Option<String>,
        reason: String,
    ) -> Self {
        let field = match subject {
            Subject::Message(id) => ("message", id.clone()),
            other => ("guarantee", other.id().to_owned()),
        };
        let minutes = minutes(console.proposals.options.unmask_for);
        Self { about: words::about(&frame, subject), frame, field, minutes, wrong, reason }
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    about: Query<About>,
) -> Result<HttpResponse, Failure> {
    let subject = subject(&about.guarantee, &about.message)?;
    page(&LookPage::new(frame, &console, &subject, None, String::new()))
}

pub(super) async fn post(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let subject = subject(fields.text("guarantee"), fields.text("message"))?;
    let payload = Payload::Unmask { minutes: minutes(console.proposals.options.unmask_for) };
    let reason = fields.text("reason").to_owned();
    let draft = Draft { subject: subject.clone(), payload, reason: reason.clone() };
    match submit(&console, &frame, acting, draft).await? {
        Ok(answer) => Ok(answer),
        Err(why) => again(&LookPage::new(frame, &console, &subject, Some(why), reason)),
    }
}

//! Many jobs at once, or some of an opening, as the queue's page sends them.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};

use super::submit;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::proposals::fields::Fields;
use crate::console::{Console, Failure};
use crate::proposals::{Draft, Payload};
use crate::store::proposals::Subject;

pub(super) async fn post(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let mut jobs = fields.all("job");
    jobs.sort();
    jobs.dedup();
    let payload = match fields.text("action") {
        "retry" => Payload::RetryJobs { jobs },
        "discard" => Payload::DiscardJobs { jobs },
        _ => return Err(Failure::NotUnderstood),
    };
    let draft = Draft { subject: Subject::House, payload, reason: fields.text("reason").to_owned() };
    submit(&console, &frame, acting, draft).await?.map_err(Failure::Refused)
}

//! Something decided by hand in the institution's name.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use serde::Deserialize;

use super::inputs::{self, Input};
use super::{again, guarantee, submit};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::proposals::fields::Fields;
use crate::console::proposals::words;
use crate::console::{Console, Failure};
use crate::domain::Guarantee;
use crate::domain::decision::{Act, legal_acts};
use crate::proposals::{Draft, Payload};
use crate::store::proposals::Subject;

#[derive(Deserialize)]
pub(super) struct About {
    guarantee: String,
    #[serde(default)]
    act: String,
}

/// Something that may be done now.
struct Choice {
    name: &'static str,
    title: &'static str,
    is_here: bool,
}

#[derive(Template)]
#[template(path = "console/proposals/act.html")]
struct ActPage {
    frame: Frame,
    guarantee: Guarantee,
    stage: &'static str,
    choices: Vec<Choice>,
    /// The one that is filled in, where one is chosen.
    act: Option<&'static str>,
    inputs: Vec<Input>,
    wrong: Option<String>,
    reason: String,
}

impl ActPage {
    fn new(frame: Frame, guarantee: Guarantee, chosen: &str, fields: &Fields, wrong: Option<String>) -> Self {
        // To issue is to approve and to record a premium, each by itself.
        let legal = legal_acts(&guarantee, frame.now).into_iter().filter(|act| *act != Act::Issue);
        let legal: Vec<Act> = legal.collect();
        let act = legal.iter().copied().find(|act| act.name() == chosen);
        let choice = |act: &Act| Choice {
            name: act.name(),
            title: frame.t(words::act(*act)),
            is_here: act.name() == chosen,
        };
        Self {
            choices: legal.iter().map(choice).collect(),
            inputs: act.map(|act| inputs::of(&frame, &guarantee, act, fields)).unwrap_or_default(),
            act: act.map(Act::name),
            stage: frame.either(guarantee.stage.title(), guarantee.stage.name()),
            reason: fields.text("reason").to_owned(),
            frame,
            guarantee,
            wrong,
        }
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    about: Query<About>,
) -> Result<HttpResponse, Failure> {
    let guarantee = guarantee(&console, &about.guarantee).await?.guarantee;
    page(&ActPage::new(frame, guarantee, &about.act, &Fields::read_text("")?, None))
}

pub(super) async fn post(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let guarantee = guarantee(&console, fields.text("guarantee")).await?.guarantee;
    let act = Act::ALL.into_iter().find(|act| act.name() == fields.text("act"));
    let act = act.ok_or(Failure::NotUnderstood)?;
    let proposed = match inputs::decision(&frame, &guarantee, act, &fields) {
        Ok(decision) => {
            let subject = Subject::Guarantee(guarantee.id.clone());
            let (payload, reason) = (Payload::Decision { decision }, fields.text("reason").to_owned());
            submit(&console, &frame, acting, Draft { subject, payload, reason }).await?
        }
        Err(wrong) => Err(wrong),
    };
    match proposed {
        Ok(answer) => Ok(answer),
        Err(why) => again(&ActPage::new(frame, guarantee, act.name(), &fields, Some(why))),
    }
}

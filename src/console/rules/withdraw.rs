//! A change withdrawn: from then on the settings say again what holds.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use jiff::civil::Date;
use serde::Deserialize;

use super::fields::{Fields, in_a_day};
use super::history::Shown;
use super::proposing;
use crate::access::Permission;
use crate::changes::{Change, Content, Item, Subject, Withdrawal};
use crate::clock::china_date;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure, Need, Route};

pub(super) fn routes() -> Vec<Route> {
    let need = Need::Permission(Permission::Propose);
    vec![Route::get("/rules/withdraw", need, get), Route::post("/rules/withdraw", need, post)]
}

#[derive(Deserialize)]
struct Asked {
    kind: String,
    subject: String,
}

#[derive(Template)]
#[template(path = "console/rules/withdraw.html")]
struct WithdrawPage {
    frame: Frame,
    here: &'static str,
    shown: Shown,
    from: String,
    overlap: String,
    reason: String,
    refusal: Option<String>,
}

impl WithdrawPage {
    fn new(frame: Frame, console: &Console, subject: &Subject) -> Result<Self, Failure> {
        let overlay = console.changes.overlay();
        let version = overlay.latest(subject).ok_or(Failure::NotFound)?;
        let shown = Shown::new(&frame, version);
        let from = china_date(frame.now).tomorrow().unwrap_or(Date::MAX).to_string();
        Ok(Self {
            frame,
            here: "overview",
            shown,
            from,
            overlap: in_a_day(console.clock.now()),
            reason: String::new(),
            refusal: None,
        })
    }
}

async fn get(frame: Frame, console: Data<Console>, asked: Query<Asked>) -> Result<HttpResponse, Failure> {
    let subject = Subject::read(&asked.kind, &asked.subject).ok_or(Failure::NotFound)?;
    page(&WithdrawPage::new(frame, &console, &subject)?)
}

async fn post(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let subject = Subject::read(fields.line("kind"), fields.line("subject")).ok_or(Failure::NotFound)?;
    let (from, reason) = (fields.optional::<Date>("from")?, fields.line("reason").to_owned());
    let overlap = fields.moment("overlap")?;
    let withdrawal = match &subject {
        Subject::Secret { .. } => Withdrawal { from: None, accept_old_until: overlap },
        Subject::Rule { .. } => Withdrawal { from, accept_old_until: None },
        Subject::Template { .. } => Withdrawal::default(),
    };
    let after = fields.optional("after")?.ok_or(Failure::NotUnderstood)?;
    let item = Item { subject: subject.clone(), after, content: Content::AsInSettings(withdrawal) };
    let change = Change::new(vec![item], reason.clone());
    match proposing::proposed(&console, &frame, acting, &change).await? {
        Ok(place) => Ok(go_to(&place)),
        Err(refusal) => {
            let shown = WithdrawPage::new(frame, &console, &subject)?;
            page(&WithdrawPage { refusal: Some(refusal), reason, ..shown })
        }
    }
}

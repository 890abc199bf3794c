//! An entry of the rules proposed: tried on the last applications, shown with what it would do, then proposed.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use jiff::civil::Date;
use serde::Deserialize;

use super::effects::Tried;
use super::fields::Fields;
use super::proposing;
use crate::access::Permission;
use crate::changes::{Change, Content, Held, Item, Subject};
use crate::clock::china_date;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure, Need, Route};

pub(super) fn routes() -> Vec<Route> {
    let need = Need::Permission(Permission::Propose);
    vec![Route::get("/rules/entry", need, get), Route::post("/rules/entry", need, post)]
}

#[derive(Deserialize)]
struct Asked {
    /// The entry to begin with.
    #[serde(default)]
    name: String,
}

#[derive(Template)]
#[template(path = "console/rules/entry.html")]
struct EntryPage {
    frame: Frame,
    here: &'static str,
    name: String,
    keys: String,
    from: String,
    reason: String,
    /// The version against which it is proposed.
    after: i64,
    refusal: Option<String>,
    tried: Option<Tried>,
}

async fn get(frame: Frame, console: Data<Console>, asked: Query<Asked>) -> Result<HttpResponse, Failure> {
    let subject = Subject::Rule { name: asked.name.clone() };
    let overlay = console.changes.overlay();
    let keys = match overlay.latest(&subject).map(|it| &it.held) {
        Some(Held::Rule { keys, .. }) => keys.clone(),
        _ => String::new(),
    };
    let tomorrow = china_date(frame.now).tomorrow().unwrap_or(Date::MAX);
    let after = proposing::last_version(&console, &subject).await?;
    page(&EntryPage {
        frame,
        here: "entry",
        name: asked.into_inner().name,
        keys,
        from: tomorrow.to_string(),
        reason: String::new(),
        after,
        refusal: None,
        tried: None,
    })
}

async fn post(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let name = fields.line("name").to_owned();
    let (keys, reason) = (fields.text("keys"), fields.line("reason").to_owned());
    let from: Date = fields.line("from").parse().map_err(|_| Failure::NotUnderstood)?;
    let subject = Subject::Rule { name: name.clone() };
    // Whoever only looks is shown what would be on top of what holds now; whoever proposes stands by what was looked at.
    let after = match fields.optional::<i64>("after")?.filter(|_| fields.proposes()) {
        Some(after) => after,
        None => proposing::last_version(&console, &subject).await?,
    };
    let content = Content::Rule { keys: keys.clone(), from };
    let change = Change::new(vec![Item { subject, after, content }], reason.clone());
    let (mut refusal, mut tried) = (None, None);
    if fields.proposes() {
        match proposing::proposed(&console, &frame, acting, &change).await? {
            Ok(place) => return Ok(go_to(&place)),
            Err(reason) => refusal = Some(reason),
        }
    } else {
        match proposing::tried(&console, &change).await? {
            Ok(effects) => tried = Some(Tried::new(&frame, effects)),
            Err(reason) => refusal = Some(proposing::said(&frame, &reason)),
        }
    }
    let from = from.to_string();
    page(&EntryPage { frame, here: "entry", name, keys, from, reason, after, refusal, tried })
}

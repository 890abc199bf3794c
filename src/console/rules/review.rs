//! A proposed change, looked at by whoever has to approve it: tried once more on what is in force, with what it would do.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use jiff::civil::Date;

use super::effects::Tried;
use super::proposing::{said, tried};
use super::template::{Picture, pictures};
use crate::access::Permission;
use crate::changes::{Change, Content, Held, Item, Refusal, Subject, Withdrawal};
use crate::console::frame::Frame;
use crate::console::guarantees::difference::{Side, difference};
use crate::console::page::page;
use crate::console::{Console, Failure, Need, Route};
use crate::proposals::{self, Payload};
use crate::store::proposals::{self as stored, ProposalId, State};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/rules/proposals/{id}", Need::Permission(Permission::SeeProposals), get)]
}

#[derive(Template)]
#[template(path = "console/rules/review.html")]
struct ReviewPage {
    frame: Frame,
    here: &'static str,
    id: String,
    maker: String,
    reason: String,
    items: Vec<Proposed>,
    refusal: Option<String>,
    tried: Option<Tried>,
    pictures: Vec<Picture>,
}

/// One thing of the change: what is in force and what is proposed, as far as either may be seen, as one text.
struct Proposed {
    subject: String,
    stretches: Vec<Stretch>,
}

/// A part of the text that stays, goes (`del`) or comes (`ins`).
struct Stretch {
    tag: &'static str,
    text: String,
}

async fn get(frame: Frame, console: Data<Console>, id: Path<String>) -> Result<HttpResponse, Failure> {
    let id = ProposalId::new(id.into_inner());
    let (proposal, change) = find(&console, &id).await?.ok_or(Failure::NotFound)?;
    let mut shown = ReviewPage {
        here: "review",
        id: id.to_string(),
        maker: proposal.maker.name.clone(),
        reason: proposal.reason.clone(),
        items: change.items.iter().map(|item| proposed(&frame, &console, item)).collect(),
        refusal: None,
        tried: None,
        pictures: Vec::new(),
        frame,
    };
    // What is decided already is not tried on what came after it.
    if proposal.state == State::Open {
        match tried(&console, &change).await? {
            Ok(effects) => {
                shown.tried = Some(Tried::new(&shown.frame, effects));
                for item in &change.items {
                    if let (Subject::Template { name }, Content::Template { text }) =
                        (&item.subject, &item.content)
                    {
                        shown.pictures.extend(pictures(&console, name.clone(), Some(text.clone())).await?);
                    }
                }
            }
            Err(refusal) => shown.refusal = Some(said(&shown.frame, &refusal)),
        }
    }
    page(&shown)
}

/// Tries what a proposal would change, if anything, so that it can be approved in this process.
///
/// # Errors
/// When the database fails.
pub(in crate::console) async fn try_proposed(
    console: &Console,
    id: &ProposalId,
) -> Result<Result<(), Refusal>, Failure> {
    match find(console, id).await? {
        Some((proposal, change)) if proposal.state == State::Open => {
            Ok(tried(console, &change).await?.map(drop))
        }
        _ => Ok(Ok(())),
    }
}

/// A proposal that is one of a change.
async fn find(console: &Console, id: &ProposalId) -> Result<Option<(stored::Proposal, Change)>, Failure> {
    let id = id.clone();
    let found = console.store.read(move |connection| {
        let Some(proposal) = stored::find(connection, &id)? else { return Ok(None) };
        let payload = proposals::open(connection, &proposal)?;
        Ok(payload.map(|payload| (proposal, payload)))
    });
    Ok(match found.await? {
        Some((proposal, Payload::Change { change })) => Some((proposal, change)),
        _ => None,
    })
}

fn proposed(frame: &Frame, console: &Console, item: &Item) -> Proposed {
    let now = match &item.subject {
        Subject::Template { name } => {
            let press = console.changes.printing.current.get();
            let text = press.templates().find(|(known, _)| known == name).map(|(_, text)| text.to_owned());
            text.unwrap_or_default()
        }
        subject => match console.changes.overlay().latest(subject).map(|it| &it.held) {
            Some(Held::Rule { keys, from }) => entry(frame, *from, keys),
            Some(Held::Secret { .. }) => frame.t("rules.secret_changed").to_owned(),
            _ => frame.t("rules.as_in_settings").to_owned(),
        },
    };
    let then = match &item.content {
        Content::Secret { accept_old_until: Some(until), .. } => {
            frame.say("rules.secret_overlapping", &[("until", &frame.time(until))])
        }
        Content::Secret { .. } => frame.t("rules.secret_new").to_owned(),
        Content::Rule { keys, from } => entry(frame, *from, keys),
        Content::Template { text } => text.clone(),
        Content::AsInSettings(Withdrawal { from: Some(from), .. }) => {
            entry(frame, *from, frame.t("rules.as_in_settings"))
        }
        Content::AsInSettings(_) => frame.t("rules.as_in_settings").to_owned(),
    };
    let stretches = difference(&now, &then).into_iter().map(|(side, text)| match side {
        Side::Both => Stretch { tag: "", text },
        Side::Left => Stretch { tag: "del", text },
        Side::Right => Stretch { tag: "ins", text },
    });
    Proposed { subject: item.subject.to_string(), stretches: stretches.collect() }
}

fn entry(frame: &Frame, from: Date, keys: &str) -> String {
    format!("{} {from}\n{keys}", frame.t("rules.entry_from"))
}

//! One proposal: what exactly it would do, and the word of whoever may give it.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use askama::Template;

use super::fields::Fields;
use super::words::{self, Line};
use crate::access::Permission;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure, rules};
use crate::proposals::{self as maker_checker, By, Undecided, Verdict};
use crate::store::StoreError;
use crate::store::proposals::{self, Proposal, ProposalId, State, Subject};

/// What would happen, or happened, to a guarantee or a job.
struct Happening {
    about: String,
    /// The guarantee's page, where it is one.
    place: Option<String>,
    said: String,
    is_possible: bool,
}

#[derive(Template)]
#[template(path = "console/proposals/one.html")]
struct OnePage {
    frame: Frame,
    proposal: Proposal,
    title: &'static str,
    about: String,
    /// Where what it is about is shown, where there is such a page.
    place: Option<String>,
    state: &'static str,
    badge: &'static str,
    lines: Vec<Line>,
    /// Whether the row holds what was proposed.
    is_sound: bool,
    outlook: Vec<Happening>,
    outcome: Vec<Happening>,
    is_open: bool,
    is_own: bool,
    may_decide: bool,
    may_withdraw: bool,
}

/// What is read of a proposal at once.
struct Seen {
    proposal: Proposal,
    lines: Vec<Line>,
    is_sound: bool,
    outlook: Vec<Happening>,
}

pub(super) async fn get(
    frame: Frame,
    session: Session,
    console: Data<Console>,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let (id, bench) = (ProposalId::new(id.into_inner()), console.proposals.clone());
    let (words_frame, me) = (frame.clone(), session.operator.clone());
    let seen = console.store.read(move |connection| {
        let Some(proposal) = proposals::find(connection, &id)? else { return Ok(None) };
        let payload = maker_checker::open(connection, &proposal)?;
        let is_sound = payload.is_some();
        let is_open = words::state_now(&proposal, words_frame.now) == State::Open;
        let sees_all = proposal.maker.id == me.id || me.may(Permission::Approve);
        let (mut lines, mut outlook) = (Vec::new(), Vec::new());
        if let Some(payload) = &payload {
            lines = words::payload(connection, &words_frame, payload, sees_all);
            if is_open {
                let now = words_frame.now;
                let expected = maker_checker::outlook(connection, &bench, &proposal.subject, payload, now)?;
                outlook = expected.items.iter().map(|item| happening(&words_frame, item)).collect();
            }
        }
        Ok::<_, StoreError>(Some(Seen { proposal, lines, is_sound, outlook }))
    });
    let Seen { proposal, lines, is_sound, outlook } = seen.await?.ok_or(Failure::NotFound)?;
    let state = words::state_now(&proposal, frame.now);
    let (is_open, is_own) = (state == State::Open, proposal.maker.id == session.operator.id);
    let outcome = proposal.conclusion.outcome.iter().map(|outcome| Happening {
        about: outcome.about.clone(),
        place: None,
        said: outcome.refused.clone().unwrap_or_else(|| frame.t("proposals.done").to_owned()),
        is_possible: outcome.refused.is_none(),
    });
    page(&OnePage {
        title: frame.t(words::kind(&proposal.kind)),
        about: words::about(&frame, &proposal.subject),
        place: place_of(&proposal.subject),
        state: frame.t(words::state(state)),
        badge: words::badge(state),
        outcome: outcome.collect(),
        may_decide: is_open && !is_own && is_sound && frame.may(Permission::Approve),
        may_withdraw: is_open && is_own,
        frame,
        proposal,
        lines,
        is_sound,
        outlook,
        is_open,
        is_own,
    })
}

fn happening(frame: &Frame, item: &maker_checker::Item) -> Happening {
    Happening {
        about: item.about.clone(),
        place: item.guarantee.as_ref().map(|id| format!("/guarantees/{id}")),
        said: match &item.effect {
            Ok(effect) => words::effect(frame, effect),
            Err(reason) => reason.to_string(),
        },
        is_possible: item.effect.is_ok(),
    }
}

fn place_of(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Guarantee(id) => Some(format!("/guarantees/{id}")),
        Subject::Platform(id) => Some(format!("/platforms/{id}")),
        Subject::Message(_) | Subject::House => None,
    }
}

/// A word on a proposal, as its form says it.
fn verdict(id: Path<String>, body: &Bytes) -> Result<Verdict, Failure> {
    let fields = Fields::read(body)?;
    let (seen, remark) = (fields.text("seen").to_owned(), fields.text("remark").to_owned());
    Ok(Verdict { id: ProposalId::new(id.into_inner()), seen, remark })
}

/// Back to the proposal, or why nothing was decided.
fn answer(frame: &Frame, decided: Result<Proposal, Undecided>) -> Result<HttpResponse, Failure> {
    match decided {
        Ok(proposal) => Ok(go_to(&format!("/proposals/{}", proposal.id))),
        Err(Undecided::Unknown) => Err(Failure::NotFound),
        Err(Undecided::NotPermitted | Undecided::Own | Undecided::NotOwn) => Err(Failure::Forbidden),
        Err(why) => Err(Failure::Refused(words::undecided(frame, why).to_owned())),
    }
}

pub(super) async fn approve(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let (verdict, by, bench, now) =
        (verdict(id, &body)?, By::from(acting), console.proposals.clone(), frame.now);
    // Letters are laid out for it, which no transaction waits for.
    if let Err(refusal) = rules::try_proposed(&console, &verdict.id).await? {
        return Err(Failure::Refused(frame.either(&refusal.zh(), &refusal.to_string()).to_owned()));
    }
    let decided =
        console.store.write(move |connection| maker_checker::approve(connection, &bench, &verdict, &by, now));
    let decided = decided.await?;
    console.changes.ring();
    answer(&frame, decided)
}

pub(super) async fn refuse(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let (verdict, by, now) = (verdict(id, &body)?, By::from(acting), frame.now);
    let decided =
        console.store.write(move |connection| maker_checker::refuse(connection, &verdict, &by, now));
    answer(&frame, decided.await?)
}

pub(super) async fn withdraw(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let (verdict, by, now) = (verdict(id, &body)?, By::from(acting), frame.now);
    let decided = console
        .store
        .write(move |connection| maker_checker::withdraw(connection, &verdict.id, &verdict.remark, &by, now));
    answer(&frame, decided.await?)
}

//! What is proposed.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;

use super::words;
use crate::access::Permission;
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::store::proposals::{self, Filter, Proposal, ProposalId, State};

/// Rows of a page.
const PAGE: u32 = 50;

/// What the address says. `show` is `open`, `mine` or `decided`; which one is shown without it depends on who looks.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    show: String,
    before: String,
}

impl Wish {
    /// Which tab it is. Whoever decides begins with what is to be decided, whoever proposes with their own.
    fn shown(&self, frame: &Frame) -> &'static str {
        let usual =
            if frame.may(Permission::Approve) || !frame.may(Permission::Propose) { "open" } else { "mine" };
        ["open", "mine", "decided"].into_iter().find(|name| *name == self.show).unwrap_or(usual)
    }

    /// The proposals of its tab, behind the one that it names.
    pub(super) fn filter(&self, frame: &Frame, me: &str, limit: u32) -> Filter {
        let show = self.shown(frame);
        Filter {
            states: match show {
                "open" => vec![State::Open],
                "decided" => State::ALL.into_iter().filter(|state| *state != State::Open).collect(),
                _ => Vec::new(),
            },
            maker: (show == "mine").then(|| me.to_owned()),
            behind: Some(self.before.as_str()).filter(|id| !id.is_empty()).map(ProposalId::new),
            limit,
            ..Filter::default()
        }
    }
}

/// A row of the list.
struct Row {
    id: String,
    title: &'static str,
    about: String,
    maker: String,
    is_own: bool,
    made_at: Timestamp,
    expires_at: Timestamp,
    state: &'static str,
    badge: &'static str,
    decider: String,
}

struct Tab {
    name: &'static str,
    title: &'static str,
    is_here: bool,
}

#[derive(Template)]
#[template(path = "console/proposals/list.html")]
struct ListPage {
    frame: Frame,
    tabs: Vec<Tab>,
    show: &'static str,
    rows: Vec<Row>,
    /// The last row's id, where there are more.
    next: Option<String>,
}

pub(super) async fn get(
    frame: Frame,
    session: Session,
    console: Data<Console>,
    wish: Query<Wish>,
) -> Result<HttpResponse, Failure> {
    let (show, me) = (wish.shown(&frame), session.operator.id.clone());
    let filter = wish.filter(&frame, &me, PAGE + 1);
    let mut found = console.store.read(move |connection| proposals::list(connection, &filter)).await?;
    let full = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = found.len() > full;
    found.truncate(full);
    let next = found.last().filter(|_| more).map(|last| last.id.to_string());
    // What is past its time is not open any more, whether or not anybody has noted that.
    let now = frame.now;
    let rows = found.iter().filter(|it| show != "open" || it.expires_at > now);
    let rows = rows.map(|proposal| row_of(&frame, proposal, &me)).collect();
    let tabs = [
        ("open", "proposals.tab_open"),
        ("mine", "proposals.tab_mine"),
        ("decided", "proposals.tab_decided"),
    ];
    let tabs = tabs.map(|(name, title)| Tab { name, title: frame.t(title), is_here: name == show }).into();
    page(&ListPage { frame, tabs, show, rows, next })
}

fn row_of(frame: &Frame, proposal: &Proposal, me: &str) -> Row {
    let state = words::state_now(proposal, frame.now);
    Row {
        id: proposal.id.to_string(),
        title: frame.t(words::kind(&proposal.kind)),
        about: words::about(frame, &proposal.subject),
        maker: proposal.maker.name.clone(),
        is_own: proposal.maker.id == me,
        made_at: proposal.made_at,
        expires_at: proposal.expires_at,
        state: frame.t(words::state(state)),
        badge: words::badge(state),
        decider: proposal.decided_by.as_ref().map_or_else(|| "—".to_owned(), |by| by.name.clone()),
    }
}

/// How many wait for this person's word; in the navigation.
pub(super) async fn count(
    frame: Frame,
    session: Session,
    console: Data<Console>,
) -> Result<HttpResponse, Failure> {
    let (me, now) = (session.operator.id.clone(), frame.now);
    let not_by = frame.may(Permission::Approve).then_some(me);
    let open =
        console.store.read(move |connection| proposals::count_open(connection, not_by.as_deref(), now));
    let body = match open.await? {
        0 => String::new(),
        open => {
            let said = frame.say("proposals.count", &[("count", &open.to_string())]);
            format!("<span class=\"count\" title=\"{said}\">{open}</span>")
        }
    };
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body))
}

//! The list of guarantees with its search box and filters.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::Timestamp;

use super::filter::{Filter, Key, PAGE};
use super::masking::party;
use super::search::{Found, search};
use super::words::{self, Look};
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure};
use crate::domain::Stage;
use crate::domain::awaited::Awaited;
use crate::store::guarantees::{Place, Summary};
use crate::store::messages::Header;

#[derive(Template)]
#[template(path = "console/guarantees/list.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    /// What the search box's text was taken for.
    key: Option<Key>,
    rows: Vec<Row>,
    messages: Vec<Header>,
    /// Id and title.
    platforms: Vec<(String, String)>,
    next: Option<String>,
}

/// A guarantee, as a list shows it.
struct Row {
    summary: Summary,
    applicant: String,
    stage: (&'static str, Look),
    platform: String,
}

impl Row {
    fn awaits(&self) -> Vec<&'static str> {
        self.summary.awaits.iter().map(|awaited| words::awaited(*awaited)).collect()
    }
}

impl ListPage {
    fn stages(&self) -> Vec<(&'static str, &'static str)> {
        Stage::ALL.into_iter().map(|stage| (stage.name(), words::stage(stage).0)).collect()
    }

    fn awaited(&self) -> Vec<(&'static str, &'static str)> {
        Awaited::ALL.into_iter().map(|awaited| (awaited.name(), words::awaited(awaited))).collect()
    }

    fn keys(&self) -> Vec<(&'static str, &'static str)> {
        Key::ALL.into_iter().map(|key| (key.name(), key.title())).collect()
    }

    fn export(&self, format: &str) -> String {
        let address = self.filter.address("/guarantees/export");
        let joint = if address.contains('?') { '&' } else { '?' };
        format!("{address}{joint}format={format}")
    }

    fn is_on_a_later_page(&self) -> bool {
        !self.filter.behind.is_empty()
    }

    fn until(&self, at: &Timestamp) -> String {
        at.to_string()
    }

    fn outcome(&self, message: &Header) -> (String, &'static str) {
        let (key, look) = words::outcome(&message.outcome);
        (key.map_or_else(|| message.outcome.clone(), |key| self.frame.t(key).to_owned()), look.badge())
    }

    fn direction(&self, message: &Header) -> &'static str {
        words::direction(message.direction)
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    filter: Query<Filter>,
) -> Result<HttpResponse, Failure> {
    let filter = filter.into_inner();
    let mut asked = filter.asked(&console.platforms).ok_or(Failure::NotUnderstood)?;
    let order = asked.order();
    // One more than is shown tells whether there is another page.
    asked.limit = PAGE + 1;
    let wanted = filter.clone();
    let found = console.store.read(move |connection| search(connection, &wanted, &asked)).await?;
    let (key, mut found, messages) = match found {
        Found::Page(place) => return Ok(go_to(&place)),
        Found::List { key, guarantees, messages } => (key, guarantees, messages),
    };
    let full = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = found.len() > full;
    found.truncate(full);
    let last = found.last().filter(|_| more);
    let last = last.and_then(|last| Some(Place { at: order.of(last)?, id: last.id.clone() }));
    // What the text was taken for on the first page, it is taken for on the next ones.
    let by =
        key.filter(|_| filter.by.is_empty()).map_or_else(|| filter.by.clone(), |key| key.name().to_owned());
    let next = last.map(|place| Filter { by, ..filter.clone() }.behind(&place));
    let platforms: Vec<(String, String)> = console
        .platforms
        .iter()
        .map(|it| (it.profile.id().to_string(), it.profile.title().to_owned()))
        .collect();
    let titled = |id: &str| platforms.iter().find(|(known, _)| known == id).map(|(_, title)| title.clone());
    let rows = found.into_iter().map(|summary| Row {
        applicant: party(&summary.applicant_name),
        stage: words::stage(summary.stage),
        platform: titled(summary.platform.as_str()).unwrap_or_else(|| summary.platform.to_string()),
        summary,
    });
    let rows = rows.collect();
    page(&ListPage { frame, filter, key, rows, messages, platforms, next })
}

//! The list of entries, and above it how the trail stands.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;

use super::filter::Filter;
use super::words::{address, area_words, kind_words, look_words, places_words, who};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::store::audit::{self, ActorKind, Head, Mark, MarkKind, Record};

/// So many entries stand on a page.
const PAGE: u32 = 50;

/// A row of the list.
struct Row {
    record: Record,
    area: &'static str,
    kind: &'static str,
    address: Option<String>,
}

impl Row {
    fn of(record: Record) -> Self {
        Self {
            area: area_words(&record.action),
            kind: kind_words(ActorKind::of(&record.actor)),
            address: address(&record.subject),
            record,
        }
    }

    fn who(&self) -> &str {
        who(&self.record.actor).0
    }
}

#[derive(Template)]
#[template(path = "console/audit/list.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    rows: Vec<Row>,
    next: Option<String>,
    head: Option<Head>,
    anchored: Option<Mark>,
    verified: Option<Mark>,
}

impl ListPage {
    fn kinds(&self) -> Vec<(&'static str, &'static str)> {
        ActorKind::ALL.into_iter().map(|kind| (kind.name(), self.frame.t(kind_words(kind)))).collect()
    }

    fn places(&self, mark: &Mark) -> &'static str {
        self.frame.t(places_words(mark))
    }

    fn look(&self, mark: &Mark) -> (&'static str, &'static str) {
        look_words(mark)
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    filter: Query<Filter>,
) -> Result<HttpResponse, Failure> {
    let filter = filter.into_inner();
    let wanted = filter.wanted(PAGE.saturating_add(1))?;
    let found = console.store.read(move |connection| {
        Ok((
            audit::list(connection, &wanted)?,
            audit::head(connection)?,
            audit::last_mark(connection, MarkKind::Anchored)?,
            audit::last_mark(connection, MarkKind::Verified)?,
        ))
    });
    let (mut records, head, anchored, verified) = found.await?;
    let more = records.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    if more {
        records.pop();
    }
    let next = records.last().filter(|_| more).map(|last| filter.behind(last.number));
    let rows = records.into_iter().map(Row::of).collect();
    page(&ListPage { frame, filter, rows, next, head, anchored, verified })
}

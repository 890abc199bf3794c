//! The list as a file.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::filter::Filter;
use super::masking::party;
use super::search::{Found, search};
use super::words;
use crate::console::export::{Wanted, export};
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::{Console, Failure};
use crate::spreadsheet::{Cell, Column, Sheet};
use crate::store::guarantees::{Place, Summary};

/// So many guarantees are read at once.
const AT_ONCE: u32 = 1000;

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    request: HttpRequest,
    session: Session,
    filter: Query<Filter>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let mut filter = Filter { behind: String::new(), lists_one: true, ..filter.into_inner() };
    let mut asked = filter.asked(&console.platforms).ok_or(Failure::NotUnderstood)?;
    let order = asked.order();
    asked.limit = AT_ONCE;
    let columns = [
        ("guarantees.platform", 14),
        ("guarantees.application_number", 26),
        ("guarantees.guarantee_number", 26),
        ("guarantees.applicant", 32),
        ("guarantees.applicant_code", 22),
        ("guarantees.stage", 16),
        ("guarantees.awaits", 20),
        ("guarantees.amount", 16),
        ("guarantees.received_at", 20),
        ("guarantees.issued_at", 20),
        ("guarantees.opened_at", 20),
        ("guarantees.deadline", 20),
    ];
    let columns: Vec<Column<'static>> =
        columns.map(|(key, width)| Column::new(frame.t(key), width)).into_iter().collect();
    let mut sheet = Sheet::new(frame.t("guarantees.title"), columns);
    loop {
        let (wanted, page) = (filter.clone(), asked.clone());
        let found = console.store.read(move |connection| search(connection, &wanted, &page)).await?;
        let Found::List { key, guarantees, .. } = found else { break };
        // What the text was taken for at first, it is taken for to the end.
        if let Some(key) = key {
            key.name().clone_into(&mut filter.by);
        }
        let last =
            guarantees.last().and_then(|last| Some(Place { at: order.of(last)?, id: last.id.clone() }));
        let full = guarantees.len() >= usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
        let mut rows = guarantees.iter().map(|summary| row(&frame, summary));
        let has_room = rows.all(|row| sheet.push(row));
        match last.filter(|_| full && has_room) {
            Some(last) => asked.behind = Some(last),
            None => break,
        }
    }
    export(&console, &request, &session, "guarantees", wanted.format, sheet).await
}

fn row(frame: &Frame, summary: &Summary) -> Vec<Cell> {
    let awaits: Vec<&str> = summary.awaits.iter().map(|it| frame.t(words::awaited(*it))).collect();
    let time = |at: Option<jiff::Timestamp>| at.map_or(Cell::Empty, Cell::Time);
    vec![
        Cell::text(summary.platform.as_str()),
        Cell::identifier(summary.application.as_str()),
        summary.number.as_ref().map_or(Cell::Empty, |number| Cell::identifier(number.as_str())),
        Cell::text(party(&summary.applicant_name)),
        Cell::identifier(summary.applicant_code.clone()),
        Cell::text(frame.t(words::stage(summary.stage).0)),
        Cell::text(awaits.join("，")),
        Cell::Amount(summary.amount),
        Cell::Time(summary.received_at),
        time(summary.issued_at),
        time(summary.opened_at),
        time(summary.deadline),
    ]
}

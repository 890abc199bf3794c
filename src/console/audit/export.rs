//! The list of entries as a file.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::filter::Filter;
use super::words::{area_words, kind_words, who};
use crate::console::export::{Wanted, export};
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::{Console, Failure};
use crate::spreadsheet::{Cell, Column, Sheet};
use crate::store::audit::{self, ActorKind, Record};

/// Entries that are read at a time.
const PAGE: u32 = 1_000;

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    request: HttpRequest,
    session: Session,
    filter: Query<Filter>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let columns = [
        Column::new(frame.t("audit.number"), 10),
        Column::new(frame.t("audit.time"), 20),
        Column::new(frame.t("audit.kind"), 14),
        Column::new(frame.t("audit.actor"), 20),
        Column::new(frame.t("audit.actor_id"), 38),
        Column::new(frame.t("audit.address"), 18),
        Column::new(frame.t("audit.area"), 14),
        Column::new(frame.t("audit.action"), 26),
        Column::new(frame.t("audit.subject_kind"), 16),
        Column::new(frame.t("audit.subject"), 38),
        Column::new(frame.t("audit.before"), 66),
        Column::new(frame.t("audit.after"), 66),
        Column::new(frame.t("audit.detail"), 60),
        Column::new(frame.t("audit.mac"), 66),
    ];
    let mut sheet = Sheet::new(frame.t("audit.title"), columns);
    let mut page = filter.wanted(PAGE)?;
    loop {
        let asked = page.clone();
        let records = console.store.read(move |connection| audit::list(connection, &asked)).await?;
        page.before = records.last().map(|last| last.number);
        let has_room = records.iter().all(|record| sheet.push(cells(&frame, record)));
        if page.before.is_none() || !has_room {
            return export(&console, &request, &session, "audit", wanted.format, sheet).await;
        }
    }
}

fn cells(frame: &Frame, record: &Record) -> Vec<Cell> {
    let (name, id) = who(&record.actor);
    let (subject_kind, subject) = &record.subject;
    let digest = |digest: &Option<String>| digest.clone().map_or(Cell::Empty, Cell::Identifier);
    vec![
        Cell::Count(record.number),
        record.at.into(),
        Cell::text(frame.t(kind_words(ActorKind::of(&record.actor)))),
        Cell::text(name),
        Cell::identifier(id),
        record.address.map_or(Cell::Empty, |address| Cell::identifier(address.to_string())),
        Cell::text(frame.t(area_words(&record.action))),
        Cell::text(&record.action),
        Cell::text(subject_kind),
        Cell::identifier(subject),
        digest(&record.before),
        digest(&record.after),
        Cell::text(record.detail.to_string()),
        Cell::identifier(&record.mac),
    ]
}

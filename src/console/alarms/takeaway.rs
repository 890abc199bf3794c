//! The alarms as a file: those that are open, then those that are over and fit the filter.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::list::{Asked, Row};
use crate::console::export::{Wanted, export};
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::{Console, Failure};
use crate::spreadsheet::{Cell, Column, MOST_ROWS, Sheet};
use crate::store::alarms::{self, Filter};

const COLUMNS: [Column<'static>; 8] = [
    Column::new("规则", 28),
    Column::new("告警", 30),
    Column::new("对象", 30),
    Column::new("数值", 14),
    Column::new("发生时间", 20),
    Column::new("恢复时间", 20),
    Column::new("确认人", 16),
    Column::new("确认时间", 20),
];

pub(super) async fn get(
    request: HttpRequest,
    frame: Frame,
    console: Data<Console>,
    session: Session,
    asked: Query<Asked>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let asked = asked.into_inner();
    let found = console.store.read(move |connection| {
        let past = Filter {
            is_open: Some(false),
            behind: None,
            limit: u32::try_from(MOST_ROWS).unwrap_or(u32::MAX),
            ..asked.filter()
        };
        let mut all = alarms::open(connection)?;
        all.extend(alarms::list(connection, &past)?);
        Ok(all)
    });
    let mut sheet = Sheet::new("告警", COLUMNS);
    for alarm in found.await? {
        if !sheet.push(cells(Row::of(alarm, &frame, &console))) {
            break;
        }
    }
    export(&console, &request, &session, "alarms", wanted.format, sheet).await
}

fn cells(row: Row) -> Vec<Cell> {
    let (acknowledged_at, by) = row.acknowledged.unzip();
    vec![
        Cell::text(row.rule),
        Cell::text(row.title),
        Cell::text(row.subject),
        Cell::text(row.figure),
        Cell::Time(row.raised_at),
        row.recovered_at.map_or(Cell::Empty, Cell::Time),
        by.map_or(Cell::Empty, Cell::text),
        acknowledged_at.map_or(Cell::Empty, Cell::Time),
    ]
}

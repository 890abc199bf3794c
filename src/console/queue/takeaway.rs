//! The list of jobs as a file.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::filter::{BATCH, Filter};
use super::words::{cause_words, kind_words, state_words};
use crate::console::export::{Wanted, export};
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::{Console, Failure};
use crate::spreadsheet::{Cell, Column, Sheet};
use crate::store::jobs::{self, Record};

const COLUMNS: [Column<'static>; 10] = [
    Column::new("任务", 38),
    Column::new("平台", 14),
    Column::new("类型", 14),
    Column::new("状态", 10),
    Column::new("已尝试次数", 12),
    Column::new("失败原因", 18),
    Column::new("说明", 50),
    Column::new("创建时间", 20),
    Column::new("结束时间", 20),
    Column::new("保函", 38),
];

pub(super) async fn get(
    request: HttpRequest,
    frame: Frame,
    console: Data<Console>,
    session: Session,
    filter: Query<Filter>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let mut sheet = Sheet::new("任务队列", COLUMNS);
    let mut filter = filter.into_inner();
    loop {
        let wish = filter.wish(BATCH);
        let found = console.store.read(move |connection| jobs::page(connection, &wish)).await?;
        let Some(last) = found.last().map(|record| record.id.clone()) else { break };
        if !found.into_iter().all(|record| sheet.push(row(&frame, record))) {
            break;
        }
        filter = filter.behind(&last);
    }
    export(&console, &request, &session, "queue", wanted.format, sheet).await
}

fn row(frame: &Frame, record: Record) -> Vec<Cell> {
    let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::text);
    let cause = record.cause.as_deref().map(|cause| frame.t(cause_words(cause)).to_owned());
    vec![
        Cell::identifier(record.id.as_str()),
        Cell::text(record.platform.as_str()),
        Cell::text(frame.t(kind_words(&record.kind))),
        Cell::text(frame.t(state_words(record.state).0)),
        Cell::count(record.attempts),
        text(cause),
        text(record.detail),
        Cell::Time(record.created_at),
        record.finished_at.map_or(Cell::Empty, Cell::Time),
        record.lane.guarantee().map_or(Cell::Empty, |guarantee| Cell::identifier(guarantee.as_str())),
    ]
}

//! The list of proposals as a file.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::list::Wish;
use super::words;
use crate::console::export::{Wanted, export};
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::{Console, Failure};
use crate::spreadsheet::{Cell, Column, Sheet};
use crate::store::proposals::{self, Proposal};

/// Rows that are read at once.
const AT_ONCE: u32 = 500;

const COLUMNS: [Column<'static>; 11] = [
    Column::new("申请", 38),
    Column::new("事项", 18),
    Column::new("对象", 46),
    Column::new("状态", 16),
    Column::new("经办人", 14),
    Column::new("申请理由", 40),
    Column::new("提交时间", 20),
    Column::new("失效时间", 20),
    Column::new("结论人", 14),
    Column::new("结论时间", 20),
    Column::new("复核意见", 40),
];

pub(super) async fn get(
    request: HttpRequest,
    frame: Frame,
    console: Data<Console>,
    session: Session,
    wish: Query<Wish>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let mut sheet = Sheet::new("复核", COLUMNS);
    let mut filter = wish.filter(&frame, &session.operator.id, AT_ONCE);
    loop {
        let asked = filter.clone();
        let found = console.store.read(move |connection| proposals::list(connection, &asked)).await?;
        let Some(last) = found.last().map(|proposal| proposal.id.clone()) else { break };
        if !found.into_iter().all(|proposal| sheet.push(row(&frame, proposal))) {
            break;
        }
        filter.behind = Some(last);
    }
    export(&console, &request, &session, "proposals", wanted.format, sheet).await
}

fn row(frame: &Frame, proposal: Proposal) -> Vec<Cell> {
    let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::text);
    let state = words::state_now(&proposal, frame.now);
    vec![
        Cell::identifier(proposal.id.as_str()),
        Cell::text(frame.t(words::kind(&proposal.kind))),
        Cell::text(words::about(frame, &proposal.subject)),
        Cell::text(frame.t(words::state(state))),
        Cell::text(proposal.maker.name),
        Cell::text(proposal.reason),
        Cell::Time(proposal.made_at),
        Cell::Time(proposal.expires_at),
        text(proposal.decided_by.map(|by| by.name)),
        proposal.decided_at.map_or(Cell::Empty, Cell::Time),
        text(proposal.conclusion.remark),
    ]
}

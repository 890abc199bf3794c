//! The differences of a reconciliation as a file.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::words;
use crate::console::export::{Wanted, export};
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::{Console, Failure};
use crate::spreadsheet::{Cell, Column, Sheet};
use crate::store::Connection;
use crate::store::reconciliations::{self, Difference, ReconciliationId, Side};

/// Differences that are read at once.
const BATCH: u32 = 500;

const COLUMNS: [Column<'static>; 16] = [
    Column::new("序号", 8),
    Column::new("差异类型", 16),
    Column::new("我方保函编号", 30),
    Column::new("平台保函编号", 30),
    Column::new("我方申请编号", 30),
    Column::new("平台申请编号", 30),
    Column::new("投标人", 36),
    Column::new("我方金额", 16),
    Column::new("平台金额", 16),
    Column::new("我方保费", 14),
    Column::new("平台保费", 14),
    Column::new("我方状态", 20),
    Column::new("平台状态", 16),
    Column::new("我方日期", 12),
    Column::new("平台日期", 12),
    Column::new("说明", 50),
];

pub(super) async fn get(
    request: HttpRequest,
    frame: Frame,
    console: Data<Console>,
    session: Session,
    id: Path<String>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let id = ReconciliationId::new(id.into_inner());
    let (mut sheet, mut behind) = (Sheet::new("对账差异", COLUMNS), 0);
    loop {
        let id = id.clone();
        let read = move |connection: &mut Connection| {
            if reconciliations::find(connection, &id)?.is_none() {
                return Ok(None);
            }
            reconciliations::differences(connection, &id, behind, BATCH).map(Some)
        };
        let found = console.store.read(read).await?.ok_or(Failure::NotFound)?;
        let Some(last) = found.last().map(|difference| difference.number) else { break };
        if !found.into_iter().all(|difference| sheet.push(row(&frame, difference))) {
            break;
        }
        behind = last;
    }
    export(&console, &request, &session, "differences", wanted.format, sheet).await
}

fn row(frame: &Frame, difference: Difference) -> Vec<Cell> {
    let (ours, theirs) = (difference.finding.ours, difference.finding.theirs);
    let (ours, theirs) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
    let sides = [&ours, &theirs];
    let number = |side: &Side| side.number.as_ref().map_or(Cell::Empty, |it| Cell::identifier(it.as_str()));
    let application =
        |side: &Side| side.application.as_ref().map_or(Cell::Empty, |it| Cell::identifier(it.as_str()));
    let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::text);
    let remarks: Vec<String> =
        difference.remarks.iter().map(|remark| format!("{}（{}）", remark.text, remark.by)).collect();
    let mut cells =
        vec![Cell::count(difference.number), Cell::text(frame.t(words::kind(&difference.finding.kind)))];
    cells.extend(sides.map(number));
    cells.extend(sides.map(application));
    cells.push(text(ours.applicant.clone()));
    cells.extend(sides.map(|side| Cell::from(side.amount)));
    cells.extend(sides.map(|side| Cell::from(side.premium)));
    cells.extend(sides.map(|side| text(side.state.clone())));
    cells.extend(sides.map(|side| Cell::from(side.date)));
    cells.push(Cell::text(remarks.join("；")));
    cells
}

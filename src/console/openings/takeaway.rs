//! The guarantees of a section as a file.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;

use crate::console::export::{Wanted, export};
use crate::console::guard::Session;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::spreadsheet::{Cell, Column, Sheet};
use crate::store::abnormal_sections::SectionMark;
use crate::store::openings::{self, Member};

/// Guarantees that are read at once.
const BATCH: u32 = 500;

const COLUMNS: [Column<'static>; 8] = [
    Column::new("申请编号", 30),
    Column::new("保函编号", 30),
    Column::new("投标人", 36),
    Column::new("收到密钥", 20),
    Column::new("还原签章", 20),
    Column::new("送达平台", 20),
    Column::new("送达用时（毫秒）", 16),
    Column::new("送达时限", 20),
];

pub(super) async fn get(
    request: HttpRequest,
    console: Data<Console>,
    session: Session,
    path: Path<(String, String)>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let (platform, mark) = path.into_inner();
    let (platform, section) =
        (PlatformId::new(platform), SectionMark::parse(&mark).ok_or(Failure::NotFound)?);
    let (mut sheet, mut behind) = (Sheet::new("标段保函", COLUMNS), 0_u32);
    loop {
        let (platform, section) = (platform.clone(), section.clone());
        let read =
            move |connection: &mut _| openings::members(connection, &platform, &section, behind, BATCH);
        let found = console.store.read(read).await?;
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        if !found.into_iter().all(|member| sheet.push(row(member))) || count < BATCH {
            break;
        }
        behind = behind.saturating_add(count);
    }
    if sheet.is_empty() {
        return Err(Failure::NotFound);
    }
    export(&console, &request, &session, "section", wanted.format, sheet).await
}

fn row(member: Member) -> Vec<Cell> {
    let took = member.key_at.zip(member.delivered_at);
    let took = took.map(|(from, to)| to.duration_since(from).as_millis());
    let time = |at: Option<Timestamp>| Cell::from(at);
    vec![
        Cell::identifier(member.application.as_str()),
        member.number.map_or(Cell::Empty, |number| Cell::identifier(number.as_str())),
        Cell::text(member.applicant),
        time(member.key_at),
        time(member.restored_at),
        time(member.delivered_at),
        took.map_or(Cell::Empty, Cell::count),
        time(member.deadline),
    ]
}

//! The users as a file, for whoever reviews who may do what.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::{roles_of, state};
use crate::console::export::{Wanted, export};
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::{Console, Failure};
use crate::spreadsheet::{Cell, Column, Sheet};
use crate::store::users::Listed;

const COLUMNS: [Column<'static>; 5] = [
    Column::new("用户名", 24),
    Column::new("角色", 24),
    Column::new("动态口令", 12),
    Column::new("建立时间", 20),
    Column::new("状态", 16),
];

pub(super) async fn get(
    request: HttpRequest,
    frame: Frame,
    console: Data<Console>,
    session: Session,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let mut sheet = Sheet::new("用户", COLUMNS);
    for listed in console.access.users().await? {
        if !sheet.push(cells(&frame, &listed)) {
            break;
        }
    }
    export(&console, &request, &session, "users", wanted.format, sheet).await
}

fn cells(frame: &Frame, listed: &Listed) -> Vec<Cell> {
    let held = roles_of(listed);
    let roles: Vec<&str> = held.iter().map(|role| frame.role(role)).collect();
    let user = listed.user.as_ref();
    let device = user.filter(|user| user.identity.is_none()).map(|user| match user.second_factor {
        Some(_) => frame.t("users.there"),
        None => frame.t("users.missing"),
    });
    vec![
        Cell::text(listed.name.as_str()),
        Cell::text(roles.join("、")),
        device.map_or(Cell::Empty, Cell::text),
        user.map_or(Cell::Empty, |user| Cell::Time(user.created_at)),
        Cell::text(state(frame, listed).0),
    ]
}

//! The first page.

use actix_web::HttpResponse;
use askama::Template;

use super::frame::Frame;
use super::page::page;
use super::{Failure, Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/", Need::Permission(Permission::SeeBusiness), get)]
}

#[derive(Template)]
#[template(path = "console/overview/page.html")]
struct OverviewPage {
    frame: Frame,
}

async fn get(frame: Frame) -> Result<HttpResponse, Failure> {
    page(&OverviewPage { frame })
}

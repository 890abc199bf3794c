//! The alarms: those that are open, what became of others, and somebody's word that they see to one.

mod acknowledge;
mod list;
mod takeaway;

use super::{Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    let (see, operate) = (Need::Permission(Permission::SeeBusiness), Need::Permission(Permission::Operate));
    vec![
        Route::get("/alarms/export", Need::Permission(Permission::Export), takeaway::get),
        Route::get("/alarms", see, list::page_of),
        Route::post("/alarms/{id}/acknowledge", operate, acknowledge::take_on),
    ]
}

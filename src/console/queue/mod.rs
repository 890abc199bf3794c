//! The gateway's work: what waits, what is tried again, what was given up; and a person's word on it.

mod batch;
mod filter;
pub(super) mod job;
mod list;
mod takeaway;
pub(super) mod words;

use super::{Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    let (see, operate) = (Need::Permission(Permission::SeeBusiness), Need::Permission(Permission::Operate));
    let export = Need::Permission(Permission::Export);
    vec![
        Route::get("/queue/export", export, takeaway::get),
        Route::get("/queue", see, list::get),
        Route::get("/queue/live", see, list::live),
        Route::post("/queue/trial", operate, batch::trial),
        Route::post("/queue/batches", operate, batch::carry_out),
        Route::get("/queue/batches", see, batch::list),
        Route::get("/queue/batches/{id}", see, batch::read),
        Route::get("/queue/jobs/{id}", see, job::get),
        Route::post("/queue/jobs/{id}/retry", operate, job::retry),
    ]
}

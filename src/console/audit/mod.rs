//! The audit trail: who did what, and whether the trail is what the gateway wrote.

mod entry;
mod export;
mod filter;
mod list;
mod verification;
mod words;

use super::{Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    let see = Need::Permission(Permission::SeeAudit);
    vec![
        Route::get("/audit", see, list::get),
        Route::get("/audit/export", see, export::get),
        Route::post("/audit/verification", see, verification::post),
        Route::get("/audit/entries/{number}", see, entry::get),
    ]
}

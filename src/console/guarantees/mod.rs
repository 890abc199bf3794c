//! Guarantees: found, listed, and each with all that happened to it.

mod acts;
pub(super) mod difference;
mod digest;
mod export;
mod filter;
mod history;
mod list;
mod masking;
mod message;
mod one;
mod search;
mod sight;
mod timeline;
mod words;

use super::{Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    let see = Need::Permission(Permission::SeeBusiness);
    vec![
        Route::get("/guarantees", see, list::get),
        Route::get("/guarantees/export", Need::Permission(Permission::Export), export::get),
        Route::get("/guarantees/{id}", see, one::get),
        Route::get("/guarantees/{id}/live", see, one::live),
        Route::post("/guarantees/{id}/jobs/{job}/retry", Need::Permission(Permission::Operate), one::retry),
        Route::get("/messages/{id}", see, message::get),
    ]
}

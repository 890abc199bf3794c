//! Evidence of claims: which links a claim names, somebody's word that one is followed, and the file that came of it. Files
//! are taken away and never shown: whoever sent them is not the institution's friend.

mod ask;
mod file;
mod list;
mod words;

use super::{Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    let see = Need::Permission(Permission::SeeBusiness);
    let handle = Need::Permission(Permission::HandleEvidence);
    vec![
        Route::get("/guarantees/{id}/evidence", see, list::get),
        Route::post("/evidence/ask", handle, ask::post),
        Route::get("/evidence/{id}/file", handle, file::get),
    ]
}

//! Maker and checker: what is proposed, what waits for somebody's word, and what became of it.

mod fields;
mod list;
mod new;
mod one;
mod takeaway;
mod words;

use super::acting::Acting;
use super::{Need, Route};
use crate::access::Permission;
use crate::proposals::By;

const SEE: Need = Need::Permission(Permission::SeeProposals);
const PROPOSE: Need = Need::Permission(Permission::Propose);
const EXPORT: Need = Need::Permission(Permission::Export);
const APPROVE: Need = Need::Permission(Permission::Approve);

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/proposals", SEE, list::get),
        Route::get("/proposals/count", SEE, list::count),
        Route::get("/proposals/export", EXPORT, takeaway::get),
    ];
    routes.extend(new::routes());
    routes.extend([
        Route::get("/proposals/{id}", SEE, one::get),
        Route::post("/proposals/{id}/approve", APPROVE, one::approve),
        Route::post("/proposals/{id}/refuse", APPROVE, one::refuse),
        Route::post("/proposals/{id}/withdraw", PROPOSE, one::withdraw),
    ]);
    routes
}

impl From<Acting> for By {
    fn from(Acting { operator, address }: Acting) -> Self {
        Self { operator, address }
    }
}

//! Reconciliation: statements of platforms compared with ours, what people said about the differences, who signed.

mod import;
mod list;
mod one;
mod refusal;
mod statement;
mod takeaway;
mod words;

use super::{Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    let need = Need::Permission;
    let (see, reconcile) = (need(Permission::SeeBusiness), need(Permission::Reconcile));
    vec![
        Route::get("/reconciliations", see, list::get),
        Route::post("/reconciliations", reconcile, import::post),
        Route::get("/reconciliations/statement", need(Permission::Export), statement::get),
        Route::get("/reconciliations/{id}", see, one::get),
        Route::get("/reconciliations/{id}/export", need(Permission::Export), takeaway::get),
        Route::post("/reconciliations/{id}/remarks", reconcile, one::remark),
        Route::post("/reconciliations/{id}/signature", reconcile, one::sign),
    ]
}

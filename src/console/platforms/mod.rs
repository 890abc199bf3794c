//! The platforms: how each answers, whether it is sent to, and a person's word on that.

mod pause;
mod show;
mod trial;

use super::{Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    let (see, operate) = (Need::Permission(Permission::SeeBusiness), Need::Permission(Permission::Operate));
    vec![
        Route::get("/platforms", see, show::list),
        Route::get("/platforms/{id}", see, show::one),
        Route::post("/platforms/{id}/pause", operate, pause::begin),
        Route::post("/platforms/{id}/resume", operate, pause::end),
        Route::post("/platforms/{id}/trial", operate, trial::connect),
    ]
}

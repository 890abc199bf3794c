//! A letter as its reader has it: its pages as pictures, what its seals are worth, and the file itself.

mod file;
mod found;
mod shelf;
mod show;
mod verdict;

use std::sync::Arc;

use tokio::sync::Semaphore;

use self::shelf::Shelf;
use super::{Need, Route};
use crate::access::Permission;
use crate::seal::Trust;

/// Letters are drawn and verified beside the work of the gateway, so no more than this at once.
const AT_ONCE: usize = 2;

/// What pages of letters work with. Cheap to clone.
#[derive(Clone)]
pub struct Letters {
    trust: Arc<Trust>,
    shelf: Arc<Shelf>,
    turns: Arc<Semaphore>,
}

impl Letters {
    /// `trust` is what the settings name under `seal.anchors`.
    pub fn new(trust: Arc<Trust>) -> Self {
        Self { trust, shelf: Arc::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let (see, export) = (Need::Permission(Permission::SeeBusiness), Need::Permission(Permission::Export));
    vec![
        Route::get("/guarantees/{id}/documents/{digest}", see, show::page),
        Route::get("/guarantees/{id}/documents/{digest}/pages/{number}", see, show::picture),
        Route::get("/guarantees/{id}/documents/{digest}/file", export, file::get),
    ]
}

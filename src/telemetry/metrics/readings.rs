//! What this process has seen and some other part of it asks for again: a metric can be written, but not read.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The latest of each.
#[derive(Default)]
pub(super) struct Readings(Mutex<Seen>);

#[derive(Default)]
pub(super) struct Seen {
    pub(super) clock_offsets: BTreeMap<String, i64>,
    pub(super) breakers: BTreeMap<String, i64>,
    pub(super) audit_chain_valid: Option<bool>,
}

impl Readings {
    pub(super) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

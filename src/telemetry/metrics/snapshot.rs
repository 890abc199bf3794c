//! Gauges that mirror the database.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// Gauges that are set together from one query: what the query does not return any more goes to zero instead of
/// staying at its last value.
pub(super) struct Snapshot<L> {
    pub(super) family: Family<L, Gauge>,
    shown: Mutex<HashSet<L>>,
}

impl<L: Clone + Eq + Hash> Default for Snapshot<L> {
    fn default() -> Self {
        Self { family: Family::default(), shown: Mutex::default() }
    }
}

impl<L: Clone + Eq + Hash> Snapshot<L> {
    pub(super) fn replace(&self, values: impl IntoIterator<Item = (L, i64)>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = shown.clone();
        for (labels, value) in values {
            self.family.get_or_create(&labels).set(value);
            gone.remove(&labels);
            shown.insert(labels);
        }
        for labels in gone {
            self.family.get_or_create(&labels).set(0);
        }
    }
}

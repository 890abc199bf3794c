//! Gauges that mirror the database.

use std::collections::{HashMap, HashSet};
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
    /// Values of the same labels are added up: the query may tell apart what the labels do not.
    pub(super) fn replace(&self, values: impl IntoIterator<Item = (L, i64)>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums: HashMap<L, i64> = shown.iter().map(|labels| (labels.clone(), 0)).collect();
        for (labels, value) in values {
            let sum = sums.entry(labels).or_default();
            *sum = sum.saturating_add(value);
        }
        for (labels, sum) in &sums {
            self.family.get_or_create(labels).set(*sum);
        }
        shown.extend(sums.into_keys());
    }
}

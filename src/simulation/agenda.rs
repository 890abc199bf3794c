//! What is going to happen, in the order in which it does: by its moment, and of one moment by when it was planned.

use std::collections::BTreeMap;

/// Microseconds of simulated time since the world began.
pub(super) type Micros = i64;

pub(super) const MILLISECOND: Micros = 1_000;
pub(super) const SECOND: Micros = 1_000 * MILLISECOND;
pub(super) const MINUTE: Micros = 60 * SECOND;
pub(super) const HOUR: Micros = 60 * MINUTE;
pub(super) const DAY: Micros = 24 * HOUR;

/// Holds what is planned; nothing in it depends on addresses or hashes, so that a seed gives one order.
pub(super) struct Agenda<T> {
    entries: BTreeMap<(Micros, u64), T>,
    planned: u64,
}

impl<T> Agenda<T> {
    pub(super) fn new() -> Self {
        Self { entries: BTreeMap::new(), planned: 0 }
    }

    pub(super) fn plan(&mut self, at: Micros, what: T) {
        self.planned = self.planned.saturating_add(1);
        self.entries.insert((at, self.planned), what);
    }

    pub(super) fn next(&mut self) -> Option<(Micros, T)> {
        self.entries.pop_first().map(|((at, _), what)| (at, what))
    }
}

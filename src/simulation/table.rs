//! One table of the model store: rows by their key, with the undoing of a transaction.

use std::collections::BTreeMap;

/// Rows that change together or not at all: what a transaction changes is remembered until it ends.
#[derive(Clone, Debug)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    before: Vec<(K, Option<V>)>,
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    pub(super) fn new() -> Self {
        Self { rows: BTreeMap::new(), before: Vec::new() }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key)
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.rows.contains_key(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter()
    }

    pub(super) fn put(&mut self, key: K, row: V) {
        let before = self.rows.insert(key.clone(), row);
        self.before.push((key, before));
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.rows.remove(key)?;
        self.before.push((key.clone(), Some(removed.clone())));
        Some(removed)
    }

    /// What the open transaction has changed, with what was there before.
    pub(super) fn changes(&self) -> &[(K, Option<V>)] {
        &self.before
    }

    pub(super) fn commit(&mut self) {
        self.before.clear();
    }

    pub(super) fn roll_back(&mut self) {
        while let Some((key, before)) = self.before.pop() {
            match before {
                Some(row) => drop(self.rows.insert(key, row)),
                None => drop(self.rows.remove(&key)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_transaction_changed_is_as_before_when_it_is_rolled_back() {
        let mut table = Table::new();
        table.put("a", 1);
        table.commit();
        table.put("a", 2);
        table.put("a", 3);
        table.put("b", 4);
        assert_eq!(table.remove(&"a"), Some(3));
        table.roll_back();
        let rows: Vec<_> = table.iter().collect();
        assert_eq!(rows, [(&"a", &1)]);
        table.put("a", 5);
        table.commit();
        table.roll_back();
        assert_eq!(table.get(&"a"), Some(&5));
    }
}

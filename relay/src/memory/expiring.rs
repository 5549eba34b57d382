//! A map whose entries all live equally long, and of which there are never more than a fixed number: the oldest go first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// See the module.
#[derive(Debug)]
pub(super) struct Expiring<K, V> {
    life: Duration,
    max: usize,
    entries: HashMap<K, (V, Duration)>,
    order: VecDeque<(K, Duration)>,
}

impl<K: Copy + Eq + Hash, V> Expiring<K, V> {
    /// An empty map. Times are time in memory.
    pub(super) fn new(life: Duration, max: usize) -> Self {
        Self {
            life,
            max,
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Adds an entry.
    pub(super) fn insert(&mut self, key: K, value: V, now: Duration) {
        if self.order.len() >= self.max {
            self.forget_oldest();
        }
        let until = now + self.life;
        self.entries.insert(key, (value, until));
        self.order.push_back((key, until));
    }

    /// An entry that is not over.
    pub(super) fn get(&self, key: &K, now: Duration) -> Option<&V> {
        self.entries
            .get(key)
            .filter(|(_, until)| *until > now)
            .map(|(value, _)| value)
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, key: &K, now: Duration) -> Option<V> {
        self.entries
            .remove(key)
            .filter(|(_, until)| *until > now)
            .map(|(value, _)| value)
    }

    /// Forgets what is over.
    pub(super) fn sweep(&mut self, now: Duration) {
        while self.order.front().is_some_and(|(_, until)| *until <= now) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((key, until)) = self.order.pop_front()
            && self
                .entries
                .get(&key)
                .is_some_and(|(_, newest)| *newest == until)
        {
            self.entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_end_by_time_and_the_oldest_by_number() {
        let at = Duration::from_secs;
        let mut map = Expiring::new(at(10), 2);
        map.insert(1, "a", at(0));
        map.insert(2, "b", at(1));
        assert_eq!(
            (map.get(&1, at(9)), map.get(&1, at(10))),
            (Some(&"a"), None)
        );
        map.insert(3, "c", at(2));
        assert_eq!(
            (map.get(&1, at(2)), map.get(&2, at(2)), map.get(&3, at(2))),
            (None, Some(&"b"), Some(&"c"))
        );
        assert_eq!(map.remove(&2, at(3)), Some("b"));
        map.sweep(at(12));
        assert_eq!((map.entries.len(), map.order.len()), (0, 0));
    }
}

//! Keys to the entries that have them. Of entries with equal keys the first one answers.

use std::collections::VecDeque;
use std::hash::Hash;

use super::segmented::Segmented;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Keys<K> {
    first: Segmented<K, u32>,
    /// The entries behind the first one with an equal key, in order.
    more: Segmented<K, VecDeque<u32>>,
}

impl<K> Default for Keys<K> {
    fn default() -> Self {
        Self {
            first: Segmented::default(),
            more: Segmented::default(),
        }
    }
}

impl<K: Copy + Eq + Hash> Keys<K> {
    /// Adds an entry, the last one so far.
    pub(super) fn insert(&mut self, key: K, slot: u32) {
        if self.first.get(&key).is_none() {
            self.first.insert(key, slot);
        } else if let Some(more) = self.more.get_mut(&key) {
            more.push_back(slot);
        } else {
            self.more.insert(key, VecDeque::from([slot]));
        }
    }

    /// Forgets an entry.
    pub(super) fn remove(&mut self, key: K, slot: u32) {
        let Some(first) = self.first.get_mut(&key) else {
            return;
        };
        let mut emptied = false;
        match self.more.get_mut(&key) {
            Some(more) if *first == slot => {
                if let Some(next) = more.pop_front() {
                    *first = next;
                }
                emptied = more.is_empty();
            }
            Some(more) => {
                more.retain(|known| *known != slot);
                emptied = more.is_empty();
            }
            None if *first == slot => {
                self.first.remove(&key);
            }
            None => {}
        }
        if emptied {
            self.more.remove(&key);
        }
    }

    /// The first entry with this key.
    #[inline]
    pub(super) fn find(&self, key: &K) -> Option<u32> {
        self.first.get(key).copied()
    }

    /// All entries with this key, in order.
    pub(super) fn all(&self, key: &K) -> Vec<u32> {
        let more = self.more.get(key).into_iter().flatten();
        self.find(key).into_iter().chain(more.copied()).collect()
    }

    /// Every key, once.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.first.keys()
    }

    /// True if there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.first.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_keys_answers_at_every_size() {
        let mut keys: Keys<u32> = Keys::default();
        for (slot, key) in (0..10_000).chain(0..10_000).enumerate() {
            keys.insert(key, slot as u32);
            assert_eq!(keys.find(&key), Some(key));
        }
        keys.insert(3, 20_000);
        assert_eq!(keys.all(&3), [3, 10_003, 20_000]);
        keys.remove(3, 10_003);
        keys.remove(3, 3);
        assert_eq!(keys.all(&3), [20_000]);
        keys.remove(3, 20_000);
        assert_eq!(
            (keys.find(&3), keys.find(&4), keys.find(&99_999)),
            (None, Some(4), None)
        );
        for key in 0..10_000 {
            keys.remove(key, key);
            assert_eq!(keys.find(&key), (key != 3).then_some(key + 10_000));
            keys.remove(key, key + 10_000);
        }
        assert!(keys.is_empty());
    }
}

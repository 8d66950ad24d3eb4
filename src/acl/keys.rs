//! Keys to the numbers of their patterns: a list while they are few, a hash when they are many.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Up to this many keys, comparing each is faster than hashing one.
const FEW: usize = 8;

/// The number that each key was first given.
#[derive(Debug)]
pub(super) struct Keys<K> {
    few: Vec<(K, u32)>,
    many: HashMap<K, u32>,
}

impl<K> Default for Keys<K> {
    fn default() -> Self {
        Self {
            few: Vec::new(),
            many: HashMap::new(),
        }
    }
}

impl<K: Eq + Hash> Keys<K> {
    pub(super) fn insert(&mut self, key: K, id: u32) {
        if !self.many.is_empty() || self.few.len() == FEW {
            for (key, id) in self.few.drain(..) {
                self.many.insert(key, id);
            }
            self.many.entry(key).or_insert(id);
        } else if self.few.iter().all(|(known, _)| *known != key) {
            self.few.push((key, id));
        }
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.few.retain(|(_, known)| *known != id);
        self.many.retain(|_, known| *known != id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.few.is_empty() && self.many.is_empty()
    }

    #[inline]
    pub(super) fn find<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        if self.many.is_empty() {
            let found = self.few.iter().find(|(known, _)| known.borrow() == key);
            return found.map(|(_, id)| *id);
        }
        self.many.get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_keys_stays_across_the_change() {
        let mut keys: Keys<u32> = Keys::default();
        for (id, key) in (0..20).chain(0..20).enumerate() {
            keys.insert(key, id as u32);
            assert_eq!(keys.find(&key), Some(key));
        }
        keys.remove(3);
        assert_eq!(
            (keys.find(&3), keys.find(&4), keys.find(&99)),
            (None, Some(4), None)
        );
        for id in 0..20 {
            keys.remove(id);
        }
        assert!(keys.is_empty());
    }
}

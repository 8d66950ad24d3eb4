//! A hash table in segments: however large it is, growing it moves a small part at a time, so that a
//! change at run time never keeps those waiting who look things up.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use super::hash::Spread;

/// From this many keys on there are segments.
const SPLIT: usize = 4096;
/// How many.
const SEGMENTS: usize = 256;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Segmented<K, V> {
    segments: Vec<HashMap<K, V, Spread>>,
    len: usize,
}

impl<K, V> Default for Segmented<K, V> {
    fn default() -> Self {
        Self {
            segments: Vec::new(),
            len: 0,
        }
    }
}

impl<K: Copy + Eq + Hash, V> Segmented<K, V> {
    #[inline]
    fn segment(&self, key: &K) -> usize {
        match self.segments.len() {
            // The table inside takes the low and the highest bits of the hash.
            SEGMENTS => (Spread::default().hash_one(key) >> 40) as usize % SEGMENTS,
            _ => 0,
        }
    }

    /// The value of a key.
    #[inline]
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.segments.get(self.segment(key))?.get(key)
    }

    /// The value of a key, to be changed.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.segment(key);
        self.segments.get_mut(at)?.get_mut(key)
    }

    /// Sets the value of a key.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.segments.is_empty() {
            self.segments.push(HashMap::default());
        } else if self.segments.len() == 1 && self.len >= SPLIT {
            self.split();
        }
        let at = self.segment(&key);
        let old = self
            .segments
            .get_mut(at)
            .map(|table| table.insert(key, value));
        self.len += usize::from(matches!(old, Some(None)));
    }

    /// Forgets a key.
    pub(super) fn remove(&mut self, key: &K) {
        let at = self.segment(key);
        let old = self
            .segments
            .get_mut(at)
            .and_then(|table| table.remove(key));
        self.len -= usize::from(old.is_some());
    }

    /// The keys, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.segments.iter().flat_map(HashMap::keys)
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn split(&mut self) {
        let old = std::mem::take(&mut self.segments);
        self.segments.resize_with(SEGMENTS, HashMap::default);
        for (key, value) in old.into_iter().flatten() {
            let at = self.segment(&key);
            if let Some(segment) = self.segments.get_mut(at) {
                segment.insert(key, value);
            }
        }
    }
}

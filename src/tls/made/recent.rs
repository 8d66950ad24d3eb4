//! The things that were asked for last, so many of them.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// At most so many, each until its time; where there is no room, what was asked for longest ago goes.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    room: usize,
    entries: HashMap<K, Entry<V>>,
    /// Keys by the turn they were asked for last.
    order: BTreeMap<u64, K>,
    turn: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    until: u64,
    turn: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> Recent<K, V> {
    /// With room for so many.
    pub fn new(room: usize) -> Self {
        Self {
            room,
            entries: HashMap::new(),
            order: BTreeMap::new(),
            turn: 0,
        }
    }

    /// The one of this key, if it is there and its time has not come.
    pub fn find(&mut self, key: &K, now: u64) -> Option<V> {
        let entry = self.entries.get_mut(key).filter(|one| now < one.until)?;
        self.turn += 1;
        if let Some(key) = self.order.remove(&entry.turn) {
            self.order.insert(self.turn, key);
        }
        entry.turn = self.turn;
        Some(entry.value.clone())
    }

    /// Keeps one, and lets others go for it.
    pub fn put(&mut self, key: K, value: V, until: u64) {
        if self.room == 0 {
            return;
        }
        self.turn += 1;
        let turn = self.turn;
        self.order.insert(turn, key.clone());
        if let Some(before) = self.entries.insert(key, Entry { value, until, turn }) {
            self.order.remove(&before.turn);
        }
        while self.entries.len() > self.room {
            match self.order.pop_first() {
                Some((_, oldest)) => self.entries.remove(&oldest),
                None => return self.entries.clear(),
            };
        }
    }

    /// Lets all go.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }
}

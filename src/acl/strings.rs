//! String patterns in the shape that their method looks them up fastest (manual 7.1.3).

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;

use super::keys::Keys;

/// Whole strings.
#[derive(Debug, Default)]
pub(super) struct Exact(Keys<Box<[u8]>>);

impl Exact {
    pub(super) fn insert(&mut self, key: &[u8], id: u32) {
        self.0.insert(key.into(), id);
    }
    pub(super) fn remove(&mut self, id: u32) {
        self.0.remove(id);
    }
    pub(super) fn find(&self, subject: &[u8]) -> Option<u32> {
        self.0.find(subject)
    }
}

/// Beginnings or ends: a hash per length that occurs.
#[derive(Debug, Default)]
pub(super) struct Affixes {
    suffix: bool,
    by_len: BTreeMap<usize, Keys<Box<[u8]>>>,
}

impl Affixes {
    pub(super) fn new(suffix: bool) -> Self {
        Self {
            suffix,
            by_len: BTreeMap::new(),
        }
    }
    pub(super) fn insert(&mut self, key: &[u8], id: u32) {
        let keys = self.by_len.entry(key.len()).or_default();
        keys.insert(key.into(), id);
    }
    pub(super) fn remove(&mut self, id: u32) {
        for keys in self.by_len.values_mut() {
            keys.remove(id);
        }
        self.by_len.retain(|_, keys| !keys.is_empty());
    }
    /// The longest beginning; of ends, the one that was read first.
    pub(super) fn find(&self, subject: &[u8]) -> Option<u32> {
        let lens = self.by_len.range(..=subject.len());
        if self.suffix {
            lens.filter_map(|(len, keys)| keys.find(&subject[subject.len() - len..]))
                .min()
        } else {
            lens.rev()
                .find_map(|(len, keys)| keys.find(&subject[..*len]))
        }
    }
}

/// Parts anywhere: one by one while they are few, all in one pass when they are many.
#[derive(Debug, Default)]
pub(super) struct Parts {
    icase: bool,
    list: Vec<(Box<[u8]>, u32)>,
    all: Option<AhoCorasick>,
}

/// From this many patterns on the automaton is faster.
const MANY: usize = 5;

impl Parts {
    pub(super) fn new(icase: bool) -> Self {
        Self {
            icase,
            ..Self::default()
        }
    }
    pub(super) fn insert(&mut self, key: &[u8], id: u32) {
        self.list.push((key.into(), id));
        self.all = None;
    }
    pub(super) fn remove(&mut self, id: u32) {
        self.list.retain(|(_, known)| *known != id);
        self.all = None;
    }
    /// Builds the automaton, once all patterns are in.
    pub(super) fn finish(&mut self) {
        if self.list.len() >= MANY && self.all.is_none() {
            let keys = self.list.iter().map(|(key, _)| key);
            self.all = AhoCorasick::builder()
                .ascii_case_insensitive(self.icase)
                .build(keys)
                .ok();
        }
    }
    /// The pattern read first of those that occur.
    pub(super) fn find(&self, subject: &[u8]) -> Option<u32> {
        if let Some(all) = &self.all {
            return all
                .find_overlapping_iter(subject)
                .filter_map(|found| self.list.get(found.pattern().as_usize()))
                .map(|(_, id)| *id)
                .min();
        }
        let occurs = |key: &[u8]| memchr::memmem::find(subject, key).is_some();
        self.list
            .iter()
            .find(|(key, _)| occurs(key))
            .map(|(_, id)| *id)
    }
}

/// Parts between delimiters.
#[derive(Debug, Default)]
pub(super) struct Words {
    delimiters: &'static [u8],
    list: Vec<(Box<[u8]>, u32)>,
}

impl Words {
    pub(super) fn new(delimiters: &'static [u8]) -> Self {
        Self {
            delimiters,
            list: Vec::new(),
        }
    }
    /// Delimiters around the pattern do not count.
    pub(super) fn insert(&mut self, key: &[u8], id: u32) {
        let inner = |b: &u8| !self.delimiters.contains(b);
        let start = key.iter().position(inner).unwrap_or(key.len());
        let end = key.iter().rposition(inner).map_or(start, |at| at + 1);
        self.list.push((key[start..end].into(), id));
    }
    pub(super) fn remove(&mut self, id: u32) {
        self.list.retain(|(_, known)| *known != id);
    }
    pub(super) fn find(&self, subject: &[u8]) -> Option<u32> {
        let holds = |key: &[u8]| !key.is_empty() && self.holds(subject, key);
        self.list
            .iter()
            .find(|(key, _)| holds(key))
            .map(|(_, id)| *id)
    }
    fn holds(&self, subject: &[u8], key: &[u8]) -> bool {
        let edge = |byte: Option<&u8>| byte.is_none_or(|b| self.delimiters.contains(b));
        memchr::memmem::find_iter(subject, key).any(|at| {
            let before = at.checked_sub(1).and_then(|at| subject.get(at));
            edge(before) && edge(subject.get(at + key.len()))
        })
    }
}

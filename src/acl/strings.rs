//! Tables of text patterns: whole texts, beginnings and ends, words (manual 7.1.3). All hold hashes
//! only; the entries' own texts decide.

use std::collections::BTreeMap;

use super::entries::View;
use super::hash::Seed;
use super::keys::Keys;
use super::method::Method;
use super::single::{delimiters, equal, starts, strip};

/// Whole texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Exact {
    seed: Seed,
    icase: bool,
    keys: Keys<u64>,
}

impl Exact {
    pub(super) fn new(icase: bool) -> Self {
        Self {
            icase,
            ..Self::default()
        }
    }
    pub(super) fn insert(&mut self, key: &[u8], slot: u32) {
        self.keys.insert(self.seed.text(key, self.icase), slot);
    }
    pub(super) fn remove(&mut self, key: &[u8], slot: u32) {
        self.keys.remove(self.seed.text(key, self.icase), slot);
    }
    /// The first entry with this text, if `is` confirms that it has it.
    #[inline]
    pub(super) fn find(&self, subject: &[u8], is: impl FnOnce(u32) -> bool) -> Option<u32> {
        let found = self.keys.find(&self.seed.text(subject, self.icase))?;
        is(found).then_some(found)
    }
    /// All entries that may have this text, in order.
    pub(super) fn all(&self, key: &[u8]) -> Vec<u32> {
        self.keys.all(&self.seed.text(key, self.icase))
    }
}

/// How many patterns there are of each length.
type Lengths = BTreeMap<usize, u32>;

fn count(lengths: &mut Lengths, len: usize) {
    *lengths.entry(len).or_default() += 1;
}

fn discount(lengths: &mut Lengths, len: usize) {
    if let Some(left) = lengths.get_mut(&len) {
        *left -= 1;
        if *left == 0 {
            lengths.remove(&len);
        }
    }
}

/// Beginnings or ends: one hash that grows along the subject, looked up wherever a pattern may end.
#[derive(Debug, Clone, Default)]
pub(super) struct Affixes {
    seed: Seed,
    icase: bool,
    suffix: bool,
    /// The longest pattern answers, not the first.
    longest: bool,
    lengths: Lengths,
    keys: Keys<u64>,
}

impl Affixes {
    /// As HAProxy has it, only beginnings with case prefer the longest.
    pub(super) fn new(suffix: bool, icase: bool) -> Self {
        Self {
            icase,
            suffix,
            longest: !suffix && !icase,
            ..Self::default()
        }
    }
    fn hash(&self, key: &[u8]) -> u64 {
        let step = |hash, byte: &u8| self.seed.grown(hash, *byte, self.icase);
        if self.suffix {
            key.iter().rev().fold(self.seed.start(), step)
        } else {
            key.iter().fold(self.seed.start(), step)
        }
    }
    pub(super) fn insert(&mut self, key: &[u8], slot: u32) {
        count(&mut self.lengths, key.len());
        self.keys.insert(self.hash(key), slot);
    }
    pub(super) fn remove(&mut self, key: &[u8], slot: u32) {
        discount(&mut self.lengths, key.len());
        self.keys.remove(self.hash(key), slot);
    }
    pub(super) fn find(&self, view: View<'_>, subject: &[u8]) -> Option<u32> {
        let mut best = None;
        let (mut hash, mut hashed) = (self.seed.start(), 0);
        for (len, _) in self.lengths.range(..=subject.len()) {
            let affix = if self.suffix {
                &subject[subject.len() - len..]
            } else {
                &subject[..*len]
            };
            let new = len - hashed;
            let step = |hash, byte: &u8| self.seed.grown(hash, *byte, self.icase);
            hash = if self.suffix {
                affix[..new].iter().rev().fold(hash, step)
            } else {
                affix[hashed..].iter().fold(hash, step)
            };
            hashed = *len;
            let found = self.keys.find(&hash);
            let found = found.filter(|slot| equal(view.key(*slot), affix, self.icase));
            best = match found {
                Some(_) if self.longest => found,
                _ => view.earlier(best, found),
            };
        }
        best
    }
}

/// Parts between delimiters: looked up wherever one begins, in each length that ends before one.
#[derive(Debug, Clone)]
pub(super) struct Words {
    seed: Seed,
    icase: bool,
    delimiters: &'static [u8],
    lengths: Lengths,
    keys: Keys<u64>,
}

impl Words {
    pub(super) fn new(method: Method, icase: bool) -> Self {
        Self {
            seed: Seed::default(),
            icase,
            delimiters: delimiters(method),
            lengths: Lengths::new(),
            keys: Keys::default(),
        }
    }
    pub(super) fn insert(&mut self, key: &[u8], slot: u32) {
        let key = strip(key, self.delimiters);
        count(&mut self.lengths, key.len());
        self.keys.insert(self.seed.text(key, self.icase), slot);
    }
    pub(super) fn remove(&mut self, key: &[u8], slot: u32) {
        let key = strip(key, self.delimiters);
        discount(&mut self.lengths, key.len());
        self.keys.remove(self.seed.text(key, self.icase), slot);
    }
    pub(super) fn find(&self, view: View<'_>, subject: &[u8]) -> Option<u32> {
        let mut best = None;
        for start in starts(subject, self.delimiters) {
            let rest = subject.get(start..).unwrap_or_default();
            for (len, _) in self.lengths.range(1..=rest.len()) {
                let (word, after) = rest.split_at(*len);
                if after.first().is_some_and(|b| !self.delimiters.contains(b)) {
                    continue;
                }
                let found = self.keys.find(&self.seed.text(word, self.icase));
                let is =
                    |slot: &u32| equal(strip(view.key(*slot), self.delimiters), word, self.icase);
                best = view.earlier(best, found.filter(is));
            }
        }
        best
    }
}

//! Parts that may stand anywhere: many of them are found in one pass over the subject.
//!
//! Of each part, the eight bytes (four, if it is short) in it that fewest other parts have are its mark. At each place of the
//! subject the parts with the mark that stands there are compared. Unlike an automaton this can be
//! changed at any time at the price of the change.

use super::hash::Seed;
use super::segmented::Segmented;
use super::single::equal;

/// Bytes of the longest mark.
const MARK: usize = 8;
/// No part.
const NONE: u32 = u32::MAX;
/// Bits of the sieve that keeps most places of a subject from the table, per mark.
const SIEVE: usize = 16;

/// Parts by number; the numbers are the caller's.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    seed: Seed,
    icase: bool,
    /// The first part with a mark, and how many have it.
    marks: Segmented<u64, (u32, u32)>,
    /// By number: the next part with the same mark, and where in the part the mark stands.
    links: Vec<(u32, u32)>,
    /// How many marks there are of each length.
    lengths: [u32; MARK + 1],
    sieve: Sieve,
}

/// Which marks there may be: one bit for many.
#[derive(Debug, Clone, Default)]
struct Sieve(Vec<u64>);

impl Sieve {
    fn set(&mut self, hash: u64) {
        let at = hash as usize & (self.0.len() * 64).wrapping_sub(1);
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }
    #[inline]
    fn has(&self, hash: u64) -> bool {
        let at = hash as usize & (self.0.len() * 64).wrapping_sub(1);
        self.0
            .get(at / 64)
            .is_none_or(|word| word >> (at % 64) & 1 == 1)
    }
}

/// How long the mark of a part is. Few lengths, since each is looked for at each place.
fn mark_len(part: usize) -> usize {
    match part {
        MARK.. => MARK,
        4..MARK => 4,
        short => short,
    }
}

/// A mark as a number; the length of a short one is part of it.
#[inline]
fn mark(bytes: &[u8], icase: bool) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |mark, byte| {
        let byte = if icase {
            byte.to_ascii_lowercase()
        } else {
            *byte
        };
        mark << 8 | u64::from(byte)
    })
}

impl Parts {
    pub(super) fn new(icase: bool) -> Self {
        Self {
            icase,
            ..Self::default()
        }
    }

    fn marks_of(&self, part: &[u8]) -> impl Iterator<Item = (u64, usize)> {
        let len = mark_len(part.len());
        let icase = self.icase;
        (0..=part.len() - len).map(move |at| (mark(&part[at..at + len], icase), at))
    }

    /// Adds a part under a number that is not in use.
    pub(super) fn insert(&mut self, part: &[u8], number: u32) {
        let rarity = |(mark, _): &(u64, usize)| self.marks.get(mark).map_or(0, |(_, count)| *count);
        let Some((mark, at)) = self.marks_of(part).min_by_key(rarity) else {
            return;
        };
        let (next, count) = self.marks.get(&mark).copied().unwrap_or((NONE, 0));
        if self.links.len() <= number as usize {
            self.links.resize(number as usize + 1, (NONE, 0));
        }
        self.links[number as usize] = (next, at as u32);
        self.marks.insert(mark, (number, count + 1));
        self.lengths[mark_len(part.len())] += 1;
        self.sift(mark);
    }

    /// Lets a mark through the sieve; a sieve that lets too much through is made anew, twice as large.
    fn sift(&mut self, mark: u64) {
        let bits = self.sieve.0.len() * 64;
        if self.marks.len() * SIEVE > bits {
            let bits = (self.marks.len() * SIEVE * 2).next_power_of_two();
            self.sieve = Sieve(vec![0; bits / 64]);
            for mark in self.marks.keys() {
                self.sieve.set(self.seed.number(*mark));
            }
        }
        self.sieve.set(self.seed.number(mark));
    }

    /// Forgets a part.
    pub(super) fn remove(&mut self, part: &[u8], number: u32) {
        let Some((_, at)) = self.links.get(number as usize).copied() else {
            return;
        };
        let len = mark_len(part.len());
        let Some(bytes) = part.get(at as usize..at as usize + len) else {
            return;
        };
        let mark = mark(bytes, self.icase);
        let Some((first, count)) = self.marks.get(&mark).copied() else {
            return;
        };
        let next = |links: &[(u32, u32)], of: u32| links.get(of as usize).map_or(NONE, |l| l.0);
        let after = next(&self.links, number);
        if first == number {
            match after {
                NONE => self.marks.remove(&mark),
                after => self.marks.insert(mark, (after, count - 1)),
            }
        } else {
            let mut before = first;
            while before != NONE && next(&self.links, before) != number {
                before = next(&self.links, before);
            }
            if let Some(link) = self.links.get_mut(before as usize) {
                link.0 = after;
                self.marks.insert(mark, (first, count - 1));
            }
        }
        self.lengths[len] -= 1;
    }

    /// Calls `found` with the number of every part that occurs, perhaps more than once; `part` gives its
    /// text, or nothing if it does not matter any more.
    pub(super) fn each<'p>(
        &self,
        subject: &[u8],
        part: impl Fn(u32) -> Option<&'p [u8]>,
        mut found: impl FnMut(u32),
    ) {
        for len in (0..=MARK).filter(|len| self.lengths[*len] > 0) {
            for at in 0..=subject.len().saturating_sub(len) {
                let Some(bytes) = subject.get(at..at + len) else {
                    break;
                };
                let mark = mark(bytes, self.icase);
                if !self.sieve.has(self.seed.number(mark)) {
                    continue;
                }
                let mut number = self.marks.get(&mark).map_or(NONE, |(first, _)| *first);
                while let Some((next, offset)) = self.links.get(number as usize) {
                    let start = at.checked_sub(*offset as usize);
                    let stands = |part: &&[u8]| {
                        start
                            .and_then(|start| subject.get(start..start + part.len()))
                            .is_some_and(|text| equal(text, part, self.icase))
                    };
                    if start.is_some() && part(number).as_ref().is_some_and(stands) {
                        found(number);
                    }
                    number = *next;
                }
            }
        }
    }
}

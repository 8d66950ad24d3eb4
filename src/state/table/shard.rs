//! A part of a table under one lock: its entries side by side, found by hash, and the order in which they
//! were touched.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::Entry;
use super::data::{Data, Form};
use super::key::Key;
use super::rate::Rate;
use super::shape::Shape;
use super::since;

use super::changes::Marks;

/// No place.
pub(super) const NONE: u32 = u32::MAX;
/// In place of a neighbour: nothing is here.
const VACANT: u32 = u32::MAX - 1;
/// How far a place by age is looked for, from either end: one that is not found is taken where the search ended. What others
/// tell comes nearly in order of age, or not at all; a search without an end would hold the lock for long.
const SEARCH: usize = 32;

#[derive(Debug)]
struct Slot {
    key: Key,
    /// When it was touched last.
    touched: u32,
    /// How many track it.
    uses: u32,
    /// Neighbours by age; an entry that is tracked has none: it neither expires nor makes room.
    newer: u32,
    older: u32,
}

#[derive(Debug)]
pub(super) struct Shard {
    index: HashTable<u32>,
    slots: Vec<Slot>,
    /// What is stored, `width` cells for each slot.
    cells: Vec<u32>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
    /// Which were changed here, in this order; empty while nobody wants to know.
    marks: Marks,
}

impl Default for Shard {
    fn default() -> Self {
        Self {
            index: HashTable::new(),
            slots: Vec::new(),
            cells: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            marks: Marks::default(),
        }
    }
}

/// The entry in hand.
#[derive(Debug)]
pub struct Row<'a> {
    shape: &'a Shape,
    cells: &'a mut [u32],
    key: &'a Key,
    uses: u32,
    touched: u32,
    now: u32,
}

impl Row<'_> {
    /// The value of this now; `None` if it is not stored.
    pub fn read(&self, data: Data, index: u32) -> Option<u64> {
        read(self.shape, self.cells, data, index, self.now)
    }

    /// Sets it: a rate becomes so many events, all of them now.
    pub fn set(&mut self, data: Data, index: u32, value: u64) -> Option<()> {
        let (at, form, _) = self.shape.place(data, index)?;
        match (form, self.cells.get_mut(at..)?) {
            (Form::Number | Form::Name, [cell, ..]) => *cell = value as u32,
            (Form::Wide, [low, high, ..]) => (*low, *high) = (value as u32, (value >> 32) as u32),
            (Form::Rate, [begin, current, last, ..]) => {
                (*begin, *current, *last) = (self.now, value as u32, 0);
            }
            _ => return None,
        }
        Some(())
    }

    /// Sets a rate as another process counts it: when its period began, its events, and those of the period before.
    pub fn set_rate(&mut self, data: Data, index: u32, parts: [u32; 3]) -> Option<()> {
        let (at, Form::Rate, _) = self.shape.place(data, index)? else {
            return None;
        };
        let cells = self.cells.get_mut(at..at + parts.len())?;
        cells.copy_from_slice(&parts);
        Some(())
    }

    /// Adds to it: events to a rate. `None` if it is not stored.
    pub fn add(&mut self, data: Data, index: u32, n: u64) -> Option<()> {
        let (at, form, period) = self.shape.place(data, index)?;
        let now = self.now;
        match (form, self.cells.get_mut(at..)?) {
            (Form::Number | Form::Name, [cell, ..]) => *cell = cell.wrapping_add(n as u32),
            (Form::Wide, [low, high, ..]) => {
                let sum = (u64::from(*high) << 32 | u64::from(*low)).wrapping_add(n);
                (*low, *high) = (sum as u32, (sum >> 32) as u32);
            }
            (Form::Rate, [begin, current, last, ..]) => {
                let rate = Rate {
                    begin: *begin,
                    current: *current,
                    last: *last,
                };
                let rate = rate.add(u32::try_from(n).unwrap_or(u32::MAX), now, period);
                (*begin, *current, *last) = (rate.begin, rate.current, rate.last);
            }
            _ => return None,
        }
        Some(())
    }

    /// Takes one away, if there is one: `conn_cur`.
    pub(super) fn less(&mut self, data: Data) {
        if let Some(n) = self.read(data, 0)
            && n > 0
        {
            self.set(data, 0, n - 1);
        }
    }

    /// Its key.
    pub fn key(&self) -> &Key {
        self.key
    }

    /// How many track it.
    pub fn uses(&self) -> u32 {
        self.uses
    }

    /// Milliseconds until it expires; 0 where entries do not.
    pub fn expires(&self) -> u32 {
        let expire = self.shape.expire.unwrap_or(0);
        expire.saturating_sub(self.idle())
    }

    /// Milliseconds since it was touched.
    pub fn idle(&self) -> u32 {
        since(self.touched, self.now)
    }

    pub(super) fn to_entry(&self) -> Entry {
        Entry {
            key: self.key.clone(),
            uses: self.uses,
            expires: self.expires(),
            cells: (&*self.cells).into(),
        }
    }
}

pub(super) fn read(shape: &Shape, cells: &[u32], data: Data, index: u32, now: u32) -> Option<u64> {
    let (at, form, period) = shape.place(data, index)?;
    match (form, cells.get(at..)?) {
        (Form::Number | Form::Name, [cell, ..]) => Some(u64::from(*cell)),
        (Form::Wide, [low, high, ..]) => Some(u64::from(*high) << 32 | u64::from(*low)),
        (Form::Rate, [begin, current, last, ..]) => {
            let rate = Rate {
                begin: *begin,
                current: *current,
                last: *last,
            };
            Some(u64::from(rate.read(now, period)))
        }
        _ => None,
    }
}

impl Shard {
    pub(super) fn find(&self, hash: u64, key: &Key) -> Option<u32> {
        let slots = &self.slots;
        let found = self.index.find(hash, |at| slots[*at as usize].key == *key);
        found.copied()
    }

    pub(super) fn row<'a>(&'a mut self, shape: &'a Shape, at: u32, now: u32) -> Row<'a> {
        let slot = &self.slots[at as usize];
        let width = shape.width();
        let from = at as usize * width;
        Row {
            shape,
            cells: self.cells.get_mut(from..from + width).unwrap_or_default(),
            key: &slot.key,
            uses: slot.uses,
            touched: slot.touched,
            now,
        }
    }

    pub(super) fn is_used(&self, at: u32) -> bool {
        self.slots[at as usize].uses > 0
    }

    pub(super) fn is_old(&self, shape: &Shape, at: u32, now: u32) -> bool {
        let slot = &self.slots[at as usize];
        let idle = since(slot.touched, now);
        slot.uses == 0 && shape.expire.is_some_and(|expire| idle >= expire)
    }

    pub(super) fn insert(
        &mut self,
        shape: &Shape,
        hash: u64,
        key: Key,
        now: u32,
        hasher: &RandomState,
    ) -> u32 {
        let slot = Slot {
            key,
            touched: now,
            uses: 0,
            newer: NONE,
            older: NONE,
        };
        let width = shape.width();
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                let from = at as usize * width;
                self.cells[from..from + width].fill(0);
                at
            }
            None => {
                self.slots.push(slot);
                self.cells.resize(self.cells.len() + width, 0);
                (self.slots.len() - 1) as u32
            }
        };
        let slots = &self.slots;
        let rehash = |at: &u32| hasher.hash_one(&slots[*at as usize].key);
        self.index.insert_unique(hash, at, rehash);
        self.link(at);
        at
    }

    /// Makes it the newest.
    fn link(&mut self, at: u32) {
        let before = std::mem::replace(&mut self.newest, at);
        match self.slots.get_mut(before as usize) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
        let slot = &mut self.slots[at as usize];
        (slot.older, slot.newer) = (before, NONE);
    }

    fn unlink(&mut self, at: u32) {
        let Slot { newer, older, .. } = self.slots[at as usize];
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    pub(super) fn touch(&mut self, at: u32, now: u32) {
        self.slots[at as usize].touched = now;
        if !self.is_used(at) && self.newest != at {
            self.unlink(at);
            self.link(at);
        }
    }

    /// One more tracks it.
    pub(super) fn hold(&mut self, at: u32) {
        if !self.is_used(at) {
            self.unlink(at);
        }
        self.slots[at as usize].uses += 1;
    }

    /// One less tracks it.
    pub(super) fn release(&mut self, at: u32, now: u32) {
        let slot = &mut self.slots[at as usize];
        slot.touched = now;
        slot.uses = slot.uses.saturating_sub(1);
        if slot.uses == 0 {
            self.link(at);
        }
    }

    /// Removes an entry that nobody tracks.
    pub(super) fn remove(&mut self, at: u32, hash: u64) {
        if let Ok(found) = self.index.find_entry(hash, |other| *other == at) {
            found.remove();
        }
        self.unlink(at);
        self.marks.drop(at);
        let slot = &mut self.slots[at as usize];
        // A long key's memory goes at once.
        slot.key = Key::new(b"");
        slot.newer = VACANT;
        self.free.push(at);
    }

    /// Removes the oldest entry; false if all are tracked.
    pub(super) fn drop_oldest(&mut self, hasher: &RandomState) -> bool {
        let at = self.oldest;
        let Some(slot) = self.slots.get(at as usize) else {
            return false;
        };
        let hash = hasher.hash_one(&slot.key);
        self.remove(at, hash);
        true
    }

    /// Removes what has expired; answers how many.
    pub(super) fn drop_expired(&mut self, shape: &Shape, now: u32, hasher: &RandomState) -> usize {
        let mut dropped = 0;
        while self.oldest != NONE && self.is_old(shape, self.oldest, now) {
            self.drop_oldest(hasher);
            dropped += 1;
        }
        dropped
    }

    /// Adds copies of the entries that pass the test.
    pub(super) fn copy(
        &mut self,
        shape: &Shape,
        now: u32,
        wanted: &impl Fn(&Row<'_>) -> bool,
        into: &mut Vec<Entry>,
    ) {
        let all: Vec<u32> = self.index.iter().copied().collect();
        for at in all {
            // One that came from elsewhere may not be where its age belongs.
            if self.is_old(shape, at, now) {
                continue;
            }
            let row = self.row(shape, at, now);
            if wanted(&row) {
                into.push(row.to_entry());
            }
        }
    }

    /// Notes that it was changed here: the last one so far, with this number.
    pub(super) fn mark(&mut self, at: u32, number: u32) {
        self.marks.add(at, number);
    }

    /// Those that were changed here behind a place in that order, the first of them first.
    pub(super) fn marked(&self, behind: (u32, u32), most: usize) -> Vec<(u32, u32)> {
        self.marks.behind(behind, most)
    }

    /// The last of that order.
    pub(super) fn last_mark(&self) -> (u32, u32) {
        self.marks.last()
    }

    /// The number it was marked with; 0 if it never was.
    pub(super) fn number(&self, at: u32) -> u32 {
        self.marks.number(at)
    }

    /// Whether there is an entry at this place; `None` behind the last place.
    pub(super) fn occupied(&self, at: u32) -> Option<bool> {
        self.slots.get(at as usize).map(|slot| slot.newer != VACANT)
    }

    /// It was touched at another time than now: takes its place by age, as far as that is found soon.
    pub(super) fn place(&mut self, at: u32, touched: u32, now: u32) {
        self.slots[at as usize].touched = touched;
        if self.is_used(at) {
            return;
        }
        self.unlink(at);
        let age = |shard: &Self, at: u32| now.wrapping_sub(shard.slots[at as usize].touched);
        let mine = age(self, at);
        let mut newer = NONE;
        let mut older = self.newest;
        for _ in 0..SEARCH {
            if older == NONE || age(self, older) >= mine {
                return self.link_between(at, older, newer);
            }
            (newer, older) = (older, self.slots[older as usize].older);
        }
        let (from_new_older, from_new_newer) = (older, newer);
        (older, newer) = (NONE, self.oldest);
        for _ in 0..SEARCH {
            if newer == NONE || age(self, newer) <= mine {
                return self.link_between(at, older, newer);
            }
            (older, newer) = (newer, self.slots[newer as usize].newer);
        }
        self.link_between(at, from_new_older, from_new_newer);
    }

    fn link_between(&mut self, at: u32, older: u32, newer: u32) {
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.older = at,
            None => self.newest = at,
        }
        let slot = &mut self.slots[at as usize];
        (slot.older, slot.newer) = (older, newer);
    }
}

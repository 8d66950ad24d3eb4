//! What has changed here since somebody looked: for those who tell other processes (`peers`).
//!
//! Entries that this process changes are numbered, in the order of the changes, and each shard keeps those of its own in that
//! order. Whoever tells others keeps a [`Cursor`]; what others told is not numbered, so that it is not told back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::data::{Data, Form};
use super::key::Key;
use super::shard::NONE;
use super::{Entry, Row, Table};

/// Places looked at under one lock.
const PLACES: u32 = 128;

/// Rings when a table has changed, for all who tell others of it.
#[derive(Debug, Default)]
pub struct Bell {
    rung: AtomicBool,
    heard: watch::Sender<()>,
}

impl Bell {
    /// Something changed.
    pub(super) fn ring(&self) {
        // Under the shard's lock: a change that `silence` did not see finds the bell silent.
        if !self.rung.load(Ordering::Relaxed) && !self.rung.swap(true, Ordering::AcqRel) {
            self.heard.send_replace(());
        }
    }

    /// Whoever waits for it.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.heard.subscribe()
    }

    /// To be called before looking for changes: those that come from now on ring again.
    pub fn silence(&self) {
        self.rung.store(false, Ordering::Release);
    }
}

/// The order of changes in one shard: a list through the entries.
#[derive(Debug)]
pub(super) struct Marks {
    all: Vec<Mark>,
    first: u32,
    last: u32,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            first: NONE,
            last: NONE,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    number: u32,
    listed: bool,
    before: u32,
    after: u32,
}

const UNMARKED: Mark = Mark {
    number: 0,
    listed: false,
    before: NONE,
    after: NONE,
};

impl Marks {
    pub(super) fn add(&mut self, at: u32, number: u32) {
        if self.all.len() <= at as usize {
            self.all.resize(at as usize + 1, UNMARKED);
        }
        self.unlist(at);
        match self.all.get_mut(self.last as usize) {
            Some(last) => last.after = at,
            None => self.first = at,
        }
        if let Some(mark) = self.all.get_mut(at as usize) {
            *mark = Mark {
                number,
                listed: true,
                before: self.last,
                after: NONE,
            };
            self.last = at;
        }
    }

    fn unlist(&mut self, at: u32) {
        let Some(mark) = self
            .all
            .get(at as usize)
            .copied()
            .filter(|mark| mark.listed)
        else {
            return;
        };
        match self.all.get_mut(mark.before as usize) {
            Some(before) => before.after = mark.after,
            None => self.first = mark.after,
        }
        match self.all.get_mut(mark.after as usize) {
            Some(after) => after.before = mark.before,
            None => self.last = mark.before,
        }
    }

    /// The entry is gone.
    pub(super) fn drop(&mut self, at: u32) {
        self.unlist(at);
        if let Some(mark) = self.all.get_mut(at as usize) {
            *mark = UNMARKED;
        }
    }

    pub(super) fn number(&self, at: u32) -> u32 {
        self.all.get(at as usize).map_or(0, |mark| mark.number)
    }

    pub(super) fn last(&self) -> (u32, u32) {
        (self.last, self.number(self.last))
    }

    /// Places and numbers behind one that was seen, which may have changed again or gone since.
    pub(super) fn behind(&self, (seen, number): (u32, u32), most: usize) -> Vec<(u32, u32)> {
        let mark = |at: u32| self.all.get(at as usize);
        let still = mark(seen).is_some_and(|mark| mark.listed && mark.number == number);
        let mut next = match (still, number) {
            (true, _) => mark(seen).map_or(NONE, |mark| mark.after),
            (false, 0) => self.first,
            // Back from the end to the last one that is not later.
            (false, _) => {
                let mut next = NONE;
                let mut at = self.last;
                while let Some(mark) = mark(at)
                    && mark.number.wrapping_sub(number) as i32 > 0
                {
                    (next, at) = (at, mark.before);
                }
                next
            }
        };
        let mut found = Vec::new();
        while found.len() < most
            && let Some(mark) = mark(next)
        {
            found.push((next, mark.number));
            next = mark.after;
        }
        found
    }
}

/// How far the changes of a table have been told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// By shard: the last entry told and its number.
    told: Vec<(u32, u32)>,
}

/// How far all entries of a table have been gone through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Page {
    shard: usize,
    place: u32,
}

/// An entry and the number of its last change here; 0 if it came from elsewhere.
#[derive(Debug, Clone)]
pub struct Change {
    /// Of its last change here.
    pub number: u32,
    /// As it is.
    pub entry: Entry,
}

/// A piece of what an entry stores, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A number.
    Number(u64),
    /// A rate: when its period began, its events, and those of the period before.
    Rate([u32; 3]),
    /// The number of a name.
    Name(u32),
}

impl Table {
    /// From now on changes are numbered and ring this bell; with `None` no more.
    pub fn watch(&self, bell: Option<Arc<Bell>>) {
        self.watched.store(bell.is_some(), Ordering::Release);
        self.bell.store(bell);
    }

    /// The number of the last change here.
    pub fn last_change(&self) -> u32 {
        self.changes.load(Ordering::Relaxed)
    }

    /// A cursor behind all changes so far.
    pub fn now_told(&self) -> Cursor {
        let told = (0..self.shards.len()).map(|at| self.lock(at).last_mark());
        Cursor {
            told: told.collect(),
        }
    }

    /// The next changes behind a cursor, at most so many; the cursor moves. None are left if there are none.
    pub fn changed(&self, cursor: &mut Cursor, most: usize, now: u32) -> Vec<Change> {
        cursor.told.resize(self.shards.len(), (NONE, 0));
        let mut changes = Vec::new();
        for (at, told) in cursor.told.iter_mut().enumerate() {
            let room = most - changes.len();
            if room == 0 {
                break;
            }
            let mut shard = self.lock(at);
            for (place, number) in shard.marked(*told, room) {
                *told = (place, number);
                let entry = shard.row(&self.shape, place, now).to_entry();
                changes.push(Change { number, entry });
            }
        }
        changes
    }

    /// The next entries, whoever changed them last. `None` when all have been gone through.
    pub fn page(&self, page: &mut Page, now: u32) -> Option<Vec<Change>> {
        if page.shard >= self.shards.len() {
            return None;
        }
        let mut changes = Vec::new();
        let mut shard = self.lock(page.shard);
        for place in page.place..page.place.saturating_add(PLACES) {
            match shard.occupied(place) {
                None => {
                    (page.shard, page.place) = (page.shard + 1, 0);
                    return Some(changes);
                }
                Some(true) if !shard.is_old(&self.shape, place, now) => {
                    let entry = shard.row(&self.shape, place, now).to_entry();
                    let number = shard.number(place);
                    changes.push(Change { number, entry });
                }
                Some(_) => {}
            }
        }
        page.place = page.place.saturating_add(PLACES);
        Some(changes)
    }

    /// Takes over what another process tells of a key; the entry is made where it is not there, unless there is no room.
    /// `left` are the milliseconds until it expires; without, it was touched now.
    pub fn learn(
        &self,
        key: &Key,
        left: Option<u32>,
        now: u32,
        change: impl FnOnce(&mut Row<'_>),
    ) -> Option<()> {
        let (mut shard, at) = self.enter(key, now)?;
        let idle = match (self.shape.expire, left) {
            (Some(expire), Some(left)) => expire.saturating_sub(left),
            _ => 0,
        };
        shard.place(at, now.wrapping_sub(idle), now);
        change(&mut shard.row(&self.shape, at, now));
        Some(())
    }

    /// A piece of an entry's copy as it is kept.
    pub fn part(&self, entry: &Entry, data: Data, index: u32) -> Option<Part> {
        let (at, form, _) = self.shape.place(data, index)?;
        Some(match (form, entry.cells.get(at..)?) {
            (Form::Number, [cell, ..]) => Part::Number(u64::from(*cell)),
            (Form::Name, [cell, ..]) => Part::Name(*cell),
            (Form::Wide, [low, high, ..]) => Part::Number(u64::from(*high) << 32 | u64::from(*low)),
            (Form::Rate, [begin, current, last, ..]) => Part::Rate([*begin, *current, *last]),
            _ => return None,
        })
    }

    /// Numbers a change of the entry at this place, if anybody wants to know.
    pub(super) fn mark(&self, shard: &mut super::Shard, at: u32) {
        if !self.watched.load(Ordering::Relaxed) {
            return;
        }
        // 0 is for those that never changed.
        let mut number = self.changes.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if number == 0 {
            number = self.changes.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        }
        shard.mark(at, number);
        if let Some(bell) = &*self.bell.load() {
            bell.ring();
        }
    }
}

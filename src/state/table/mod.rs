//! Stick tables: what is remembered of a key, and counted for it (manual 4.2 `stick-table`).
//!
//! The language looks entries up and changes them, the engine counts what tracked entries do, the runtime
//! API shows them. A table keeps its entries across a reload as long as its shape stays equal. Must not know
//! samples, rules or configuration; time is an argument, in milliseconds of a clock that never goes back.

mod changes;
mod data;
mod key;
mod names;
mod rate;
mod shape;
mod shard;
#[cfg(test)]
mod tests;
mod track;

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

pub use changes::{Bell, Change, Cursor, Page, Part};
pub use data::{Data, Datum, Form};
pub use key::{Key, KeyType};
pub use shape::{Shape, SrvKey, Stored};
pub use shard::Row;
pub use track::{Pair, Track};

use names::Names;
use shard::Shard;

/// Entries that one shard is meant for; tables that are smaller have fewer shards, so that it is the oldest
/// of them all that makes room.
const PER_SHARD: usize = 1024;
const MOST_SHARDS: usize = 64;

/// A stick table.
#[derive(Debug)]
pub struct Table {
    /// Its name: the proxy's, or `<peers>/<name>`.
    pub name: String,
    /// What its entries are.
    pub shape: Shape,
    shards: Box<[Mutex<Shard>]>,
    used: AtomicUsize,
    names: Names,
    /// Changes so far, if they are counted.
    changes: AtomicU32,
    /// Somebody tells others of changes.
    watched: AtomicBool,
    bell: ArcSwapOption<Bell>,
    /// A random key per table: nobody outside can make keys fall together.
    hasher: RandomState,
}

/// Whether an entry could be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone, or never was there.
    Gone,
    /// Somebody tracks it.
    InUse,
}

/// An entry as it was when it was looked at.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// How many track it.
    pub uses: u32,
    /// Milliseconds until it expires; 0 where entries do not.
    pub expires: u32,
    /// What is stored.
    pub cells: Box<[u32]>,
}

/// Milliseconds from one time to another; none if the first is the later one, for threads look at their clocks
/// at different moments.
fn since(then: u32, now: u32) -> u32 {
    match now.wrapping_sub(then) {
        ms if ms < u32::MAX / 2 => ms,
        _ => 0,
    }
}

/// The time of an instant, as tables count it: milliseconds that wrap around.
pub fn tick(now: Instant) -> u32 {
    static BASE: OnceLock<Instant> = OnceLock::new();
    // Threads keep instants of their own for a moment: none of them shall be before the first.
    let early = Duration::from_secs(60);
    let base = BASE.get_or_init(|| now.checked_sub(early).unwrap_or(now));
    now.saturating_duration_since(*base).as_millis() as u32
}

impl Table {
    /// An empty table.
    pub fn new(name: &str, shape: Shape) -> Self {
        let shards = (shape.size / PER_SHARD)
            .clamp(1, MOST_SHARDS)
            .next_power_of_two();
        Self {
            name: name.to_owned(),
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            shape,
            used: AtomicUsize::new(0),
            names: Names::default(),
            changes: AtomicU32::new(0),
            watched: AtomicBool::new(false),
            bell: ArcSwapOption::empty(),
            hasher: RandomState::new(),
        }
    }

    fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key)
    }

    fn shard_of(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.shards.len() - 1)
    }

    fn lock(&self, at: usize) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[at & (self.shards.len() - 1)];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `look` finds in the entry of this key; `None` if there is none. The entry does not get younger.
    pub fn look<T>(&self, key: &Key, now: u32, look: impl FnOnce(&Row<'_>) -> T) -> Option<T> {
        let hash = self.hash(key);
        let mut shard = self.lock(self.shard_of(hash));
        let at = shard.find(hash, key)?;
        if self.drop_if_old(&mut shard, at, hash, now) {
            return None;
        }
        Some(look(&shard.row(&self.shape, at, now)))
    }

    /// As [`Self::look`], and the entry becomes the newest: `stick match`.
    pub fn refresh<T>(&self, key: &Key, now: u32, look: impl FnOnce(&Row<'_>) -> T) -> Option<T> {
        let hash = self.hash(key);
        let mut shard = self.lock(self.shard_of(hash));
        let at = shard.find(hash, key)?;
        if self.drop_if_old(&mut shard, at, hash, now) {
            return None;
        }
        shard.touch(at, now);
        self.mark(&mut shard, at);
        Some(look(&shard.row(&self.shape, at, now)))
    }

    /// The number that stands for a server's name or address in this table's entries ([`Form::Name`]); 0 where there are too
    /// many of them.
    pub fn number_of(&self, name: &str) -> u32 {
        self.names.number(name)
    }

    /// The name behind such a number; `None` for 0.
    pub fn name_of(&self, number: u64) -> Option<Arc<str>> {
        self.names.name(u32::try_from(number).ok()?)
    }

    /// Changes the entry of this key, which is made where it is not there. `None` if there is no room.
    pub fn change<T>(
        &self,
        key: &Key,
        now: u32,
        change: impl FnOnce(&mut Row<'_>) -> T,
    ) -> Option<T> {
        let (mut shard, at) = self.enter(key, now)?;
        shard.touch(at, now);
        self.mark(&mut shard, at);
        Some(change(&mut shard.row(&self.shape, at, now)))
    }

    /// The entry of this key with its shard's lock, made where it is not there.
    fn enter(&self, key: &Key, now: u32) -> Option<(MutexGuard<'_, Shard>, u32)> {
        let hash = self.hash(key);
        let here = self.shard_of(hash);
        let mut shard = self.lock(here);
        if let Some(at) = shard.find(hash, key)
            && !self.drop_if_old(&mut shard, at, hash, now)
        {
            return Some((shard, at));
        }
        self.drop_expired(&mut shard, now);
        if self.used.fetch_add(1, Relaxed) >= self.shape.size {
            let purge = !self.shape.nopurge;
            if purge && (shard.drop_oldest(&self.hasher) || self.make_room_elsewhere(here)) {
                self.used.fetch_sub(1, Relaxed);
            } else if !self.expire_elsewhere(here, now) {
                self.used.fetch_sub(1, Relaxed);
                return None;
            }
        }
        let at = shard.insert(&self.shape, hash, key.clone(), now, &self.hasher);
        Some((shard, at))
    }

    /// Drops the oldest entry of another shard. Shards that are busy are passed over: two threads that wait
    /// for each other's shard would wait forever.
    fn make_room_elsewhere(&self, here: usize) -> bool {
        let others = self.shards.iter().enumerate().filter(|(at, _)| *at != here);
        others
            .filter_map(|(_, shard)| shard.try_lock().ok())
            .any(|mut shard| shard.drop_oldest(&self.hasher))
    }

    /// Drops expired entries of other shards; true if there were any.
    fn expire_elsewhere(&self, here: usize, now: u32) -> bool {
        let mut any = false;
        for (at, shard) in self.shards.iter().enumerate() {
            if at != here
                && let Ok(mut shard) = shard.try_lock()
            {
                any |= self.drop_expired(&mut shard, now) > 0;
            }
        }
        any
    }

    fn drop_if_old(&self, shard: &mut Shard, at: u32, hash: u64, now: u32) -> bool {
        let old = shard.is_old(&self.shape, at, now);
        if old {
            shard.remove(at, hash);
            self.used.fetch_sub(1, Relaxed);
        }
        old
    }

    fn drop_expired(&self, shard: &mut Shard, now: u32) -> usize {
        let dropped = shard.drop_expired(&self.shape, now, &self.hasher);
        self.used.fetch_sub(dropped, Relaxed);
        dropped
    }

    /// How many entries there are.
    pub fn used(&self, now: u32) -> usize {
        for at in 0..self.shards.len() {
            let mut shard = self.lock(at);
            self.drop_expired(&mut shard, now);
        }
        self.used.load(Relaxed)
    }

    /// All entries that pass the test, by key. Copies: nothing is locked while they are shown.
    pub fn entries(&self, now: u32, wanted: impl Fn(&Row<'_>) -> bool) -> Vec<Entry> {
        let mut all = Vec::new();
        for at in 0..self.shards.len() {
            let mut shard = self.lock(at);
            self.drop_expired(&mut shard, now);
            shard.copy(&self.shape, now, &wanted, &mut all);
        }
        all.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        all
    }

    /// The entry of this key, as it is.
    pub fn entry(&self, key: &Key, now: u32) -> Option<Entry> {
        self.look(key, now, |row| row.to_entry())
    }

    /// Reads what an entry's copy holds.
    pub fn read(&self, entry: &Entry, data: Data, index: u32, now: u32) -> Option<u64> {
        shard::read(&self.shape, &entry.cells, data, index, now)
    }

    /// Removes the entry of this key, unless somebody tracks it.
    pub fn remove(&self, key: &Key) -> Removed {
        let hash = self.hash(key);
        let mut shard = self.lock(self.shard_of(hash));
        match shard.find(hash, key) {
            Some(at) if shard.is_used(at) => Removed::InUse,
            Some(at) => {
                shard.remove(at, hash);
                self.used.fetch_sub(1, Relaxed);
                Removed::Gone
            }
            None => Removed::Gone,
        }
    }
}

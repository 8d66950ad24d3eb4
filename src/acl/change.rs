//! Changes to files at run time: by rules (`set-map`, `add-acl` …) and by the Runtime API, with versions
//! (management guide 9.3 `prepare map`, `commit map`).
//!
//! Changes queue at one lock and are prepared under it; those who look things up are kept out only for
//! the last small step.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{MutexGuard, PoisonError};

use super::entries::{Added, View};
use super::file::{Compiled, Fault, File, lock};
use super::live::Live;
use super::patterns::{Parsed, Patterns};
use super::set::typed;

/// What only those who change a file need.
#[derive(Debug)]
pub(super) struct Writer {
    /// Of the next entry that is added.
    order: u64,
    /// The version that is looked up.
    current: u32,
    /// The newest version that was prepared.
    newest: u32,
    /// Entries of versions that are not looked up.
    versions: BTreeMap<u32, Vec<Added>>,
}

impl Writer {
    pub(super) fn new(read: u32) -> Self {
        Self {
            order: u64::from(read),
            current: 0,
            newest: 0,
            versions: BTreeMap::new(),
        }
    }

    fn added(&mut self, key: &[u8], value: &[u8]) -> Added {
        self.order += 1;
        Added::new(key, value, self.order - 1)
    }
}

/// One entry, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its reference: never used for another entry of the file.
    pub reference: u64,
    /// The pattern, as written.
    pub key: Box<[u8]>,
    /// What a map gives for it.
    pub value: Box<[u8]>,
}

/// Numbers of a file's versions, and how many entries it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The version that is looked up.
    pub current: u32,
    /// The newest one that was prepared.
    pub newest: u32,
    /// Entries of all versions.
    pub entries: usize,
}

/// A version number that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchVersion;

/// Which entries are meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// All with this pattern.
    Key(&'a [u8]),
    /// The one with this reference.
    Reference(u64),
}

impl File {
    /// Begins to change: from now on what is live answers. Done while linking for files that rules change,
    /// since it takes long for large ones.
    pub fn wake(&self) {
        drop(self.change());
    }

    fn change(&self) -> MutexGuard<'_, Writer> {
        let writer = lock(&self.writer);
        if !self.changed.load(Acquire) {
            let indexes = lock(&self.sets)
                .iter()
                .map(|set| (*set.patterns).clone())
                .collect();
            self.replace(Live::of(&self.base, indexes));
        }
        writer
    }

    fn replace(&self, live: Live) {
        let mut guard = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let old = guard.replace(live);
        drop(guard);
        self.changed.store(true, Release);
        // Freeing much takes long: not under the lock.
        drop(old);
    }

    pub(super) fn read<R>(&self, read: impl FnOnce(&Live) -> R) -> Option<R> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().map(read)
    }

    fn write<R>(&self, write: impl FnOnce(&mut Live) -> R) -> Option<R> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.as_mut().map(write)
    }

    /// Reads a pattern as each of the file's users wants it. Names are not asked for at run time.
    fn parse(&self, key: &[u8]) -> Result<Vec<Parsed>, Fault> {
        let sets = lock(&self.sets);
        let parse = |set: &Compiled| set.patterns.parse(key, false);
        sets.iter().map(parse).collect()
    }

    /// Whether all users of the file can read a value.
    fn takes(&self, value: &[u8]) -> Result<(), Fault> {
        let sets = lock(&self.sets);
        sets.iter()
            .try_for_each(|set| typed(set.output, value).map(|_| ()))
    }

    /// Adds an entry at run time (`add acl`, `add map`); an equal one may be there already.
    ///
    /// # Errors
    /// A pattern or value that one of the users of the file cannot read; then nothing is changed.
    pub fn add(&self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        self.insert(&mut self.change(), key, value)
    }

    fn insert(&self, writer: &mut Writer, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        self.takes(value)?;
        let parsed = self.parse(key)?;
        let entry = writer.added(key, value);
        self.write(|live| live.add(&self.base, entry, parsed));
        Ok(())
    }

    /// Adds an entry unless there is one with this pattern (the rule `add-acl`).
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_new(&self, key: &[u8]) -> Result<(), Fault> {
        let mut writer = self.change();
        if self.slots(Which::Key(key)).is_empty() {
            self.insert(&mut writer, key, b"")?;
        }
        Ok(())
    }

    /// Sets the value of a pattern, and adds an entry if there is none (the rule `set-map`).
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        let mut writer = self.change();
        let slots = self.slots(Which::Key(key));
        if slots.is_empty() {
            return self.insert(&mut writer, key, value);
        }
        self.assign(&slots, value)
    }

    fn slots(&self, which: Which<'_>) -> Vec<u32> {
        let found = self.read(|live| match which {
            Which::Key(key) => live.with_key(&self.base, key),
            Which::Reference(reference) => {
                let mut slots = live.slots(&self.base);
                slots.retain(|slot| live.view(&self.base).order(*slot) == reference);
                slots
            }
        });
        found.unwrap_or_default()
    }

    fn assign(&self, slots: &[u32], value: &[u8]) -> Result<(), Fault> {
        self.takes(value)?;
        for slot in slots {
            self.write(|live| live.set_value(&self.base, *slot, value));
        }
        Ok(())
    }

    /// Removes entries (`del acl`, `del map`); answers how many there were.
    pub fn remove(&self, which: Which<'_>) -> usize {
        let _writer = self.change();
        let slots = self.slots(which);
        for slot in &slots {
            self.write(|live| live.remove(&self.base, *slot));
        }
        slots.len()
    }

    /// Gives entries another value (`set map`); answers how many there were.
    ///
    /// # Errors
    /// A value that one of the users of the file cannot read; then nothing is changed.
    pub fn set_value(&self, which: Which<'_>, value: &[u8]) -> Result<usize, Fault> {
        let _writer = self.change();
        let slots = self.slots(which);
        if !slots.is_empty() {
            self.assign(&slots, value)?;
        }
        Ok(slots.len())
    }

    /// Allocates a version (`prepare map`); answers its number.
    pub fn prepare(&self) -> u32 {
        let mut writer = lock(&self.writer);
        writer.newest = writer.newest.saturating_add(1);
        writer.newest
    }

    /// Adds an entry to a version.
    ///
    /// # Errors
    /// Nobody prepared the version (the inner error), or as [`Self::add`].
    pub fn add_to(
        &self,
        version: u32,
        key: &[u8],
        value: &[u8],
    ) -> Result<Result<(), Fault>, NoSuchVersion> {
        let mut writer = self.change();
        if version == writer.current {
            return Ok(self.insert(&mut writer, key, value));
        }
        if version > writer.newest {
            return Err(NoSuchVersion);
        }
        let read = self.takes(value).and_then(|()| self.parse(key));
        Ok(read.map(|_| {
            let entry = writer.added(key, value);
            writer.versions.entry(version).or_default().push(entry);
        }))
    }

    /// Removes all entries of a version, of the one that is looked up if none is named.
    pub fn clear(&self, version: Option<u32>) {
        let mut writer = self.change();
        match version {
            Some(version) if version != writer.current => {
                writer.versions.remove(&version);
            }
            _ => self.replace(Live::empty(self.nothing())),
        }
    }

    /// Empty indexes.
    fn nothing(&self) -> Vec<Patterns> {
        let sets = lock(&self.sets);
        let empty = |set: &Compiled| Patterns::new(set.patterns.reading);
        sets.iter().map(empty).collect()
    }

    /// Makes a version the one that is looked up, at once; forgets all older ones.
    ///
    /// # Errors
    /// It is not newer than the current one, or nobody prepared it.
    pub fn commit(&self, version: u32) -> Result<(), NoSuchVersion> {
        let mut writer = self.change();
        if version <= writer.current || version > writer.newest {
            return Err(NoSuchVersion);
        }
        let mut live = Live::empty(self.nothing());
        for entry in writer.versions.remove(&version).unwrap_or_default() {
            // It was read when it was added.
            if let Ok(parsed) = self.parse(entry.key()) {
                live.add(&self.base, entry, parsed);
            }
        }
        self.replace(live);
        writer.current = version;
        writer.versions.retain(|known, _| *known > version);
        Ok(())
    }

    /// The entries of a version, in order; of the one that is looked up if none is named.
    pub fn entries(&self, version: Option<u32>) -> Vec<Entry> {
        let writer = lock(&self.writer);
        match version {
            Some(version) if version != writer.current => {
                let entries = writer.versions.get(&version).into_iter().flatten();
                let shown = |added: &Added| Entry {
                    reference: added.order,
                    key: added.key().into(),
                    value: added.value().into(),
                };
                entries.map(shown).collect()
            }
            _ => {
                let live = self.read(|live| {
                    let slots = live.slots(&self.base);
                    slots
                        .into_iter()
                        .map(|slot| self.entry(slot, Some(live)))
                        .collect()
                });
                live.unwrap_or_else(|| {
                    (0..self.base.len())
                        .map(|slot| self.entry(slot, None))
                        .collect()
                })
            }
        }
    }

    pub(super) fn entry(&self, slot: u32, live: Option<&Live>) -> Entry {
        let view = match live {
            Some(live) => live.view(&self.base),
            None => View::frozen(&self.base),
        };
        let value = live.and_then(|live| live.value(&self.base, slot));
        let value = value.or_else(|| self.base.value(slot)).unwrap_or_default();
        Entry {
            reference: view.order(slot),
            key: view.key(slot).into(),
            value: value.into(),
        }
    }

    /// Its versions and size.
    pub fn count(&self) -> Count {
        let writer = lock(&self.writer);
        let waiting: usize = writer.versions.values().map(Vec::len).sum();
        let live = self.read(Live::len);
        Count {
            current: writer.current,
            newest: writer.newest,
            entries: live.unwrap_or(self.base.len() as usize) + waiting,
        }
    }
}

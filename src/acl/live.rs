//! The entries of a file as they are after changes at run time.

use std::collections::HashMap;

use super::entries::{Added, Base, View};
use super::patterns::{Parsed, Patterns};
use super::strings::Exact;

/// See the module. One lock guards it; every change to it is small.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// Those that were read and are gone: one bit for each; and all of them, if `none_read`.
    gone: Vec<u64>,
    none_read: bool,
    /// New values of those that were read.
    values: HashMap<u32, Box<[u8]>>,
    added: Vec<Option<Added>>,
    free: Vec<u32>,
    /// All entries by their texts.
    keys: Exact,
    /// For each set of the file.
    pub(super) indexes: Vec<Patterns>,
    len: usize,
}

impl Live {
    /// What was read, unchanged so far.
    pub(super) fn of(base: &Base, indexes: Vec<Patterns>) -> Self {
        let mut keys = Exact::new(false);
        for slot in 0..base.len() {
            keys.insert(View::frozen(base).key(slot), slot);
        }
        Self {
            keys,
            len: base.len() as usize,
            none_read: false,
            ..Self::empty(indexes)
        }
    }

    /// Nothing at all; `indexes` are empty too.
    pub(super) fn empty(indexes: Vec<Patterns>) -> Self {
        Self {
            gone: Vec::new(),
            none_read: true,
            values: HashMap::new(),
            added: Vec::new(),
            free: Vec::new(),
            keys: Exact::new(false),
            indexes,
            len: 0,
        }
    }

    pub(super) fn view<'a>(&'a self, base: &'a Base) -> View<'a> {
        View {
            base,
            added: &self.added,
        }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn is_gone(&self, slot: u32) -> bool {
        let word = self.gone.get(slot as usize / 64);
        self.none_read || word.is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    fn added_at(&self, base: &Base, slot: u32) -> Option<&Added> {
        let at = slot.checked_sub(base.len())?;
        self.added.get(at as usize)?.as_ref()
    }

    /// What an entry gives, if that was set at run time. Slots tell themselves apart: those of the entries
    /// that were read are never in `added`.
    pub(super) fn value(&self, base: &Base, slot: u32) -> Option<&[u8]> {
        match self.added_at(base, slot) {
            Some(added) => Some(added.value()),
            None => self.values.get(&slot).map(|value| &**value),
        }
    }

    /// Adds an entry, the last one; `parsed` is its pattern as each index wants it.
    pub(super) fn add(&mut self, base: &Base, entry: Added, parsed: Vec<Parsed>) {
        let at = self.free.pop().unwrap_or_else(|| {
            self.added.push(None);
            self.added.len() as u32 - 1
        });
        let slot = base.len() + at;
        self.keys.insert(entry.key(), slot);
        self.added[at as usize] = Some(entry);
        let view = View {
            base,
            added: &self.added,
        };
        for (index, parsed) in self.indexes.iter_mut().zip(parsed) {
            index.insert(view, view.key(slot), parsed, slot);
        }
        self.len += 1;
    }

    /// The entries with exactly this text, in order.
    pub(super) fn with_key(&self, base: &Base, key: &[u8]) -> Vec<u32> {
        let mut slots = self.keys.all(key);
        slots.retain(|slot| self.view(base).key(*slot) == key);
        slots
    }

    /// Removes an entry.
    pub(super) fn remove(&mut self, base: &Base, slot: u32) {
        let view = View {
            base,
            added: &self.added,
        };
        for index in &mut self.indexes {
            index.remove(view, slot);
        }
        self.keys.remove(view.key(slot), slot);
        self.len -= 1;
        if let Some(at) = slot.checked_sub(base.len()) {
            self.added[at as usize] = None;
            self.free.push(at);
            return;
        }
        let word = slot as usize / 64;
        if self.gone.len() <= word {
            self.gone.resize(word + 1, 0);
        }
        self.gone[word] |= 1 << (slot % 64);
        self.values.remove(&slot);
    }

    /// Gives an entry another value.
    pub(super) fn set_value(&mut self, base: &Base, slot: u32, value: &[u8]) {
        match slot.checked_sub(base.len()) {
            None => {
                self.values.insert(slot, value.into());
            }
            Some(at) => {
                if let Some(Some(added)) = self.added.get_mut(at as usize) {
                    added.set_value(value);
                }
            }
        }
    }

    /// All slots in use, in order.
    pub(super) fn slots(&self, base: &Base) -> Vec<u32> {
        let mut added: Vec<(u64, u32)> = (base.len()..)
            .zip(&self.added)
            .filter_map(|(slot, added)| Some((added.as_ref()?.order, slot)))
            .collect();
        added.sort_unstable();
        let read = (0..base.len()).filter(|slot| !self.is_gone(*slot));
        read.chain(added.into_iter().map(|(_, slot)| slot))
            .collect()
    }
}

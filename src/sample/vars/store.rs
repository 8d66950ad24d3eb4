//! Where values of variables are: a short list per scope, and the process's own.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::{Arc, PoisonError, RwLock};

use super::room::{self, Limits, Room, VARIABLE};
use crate::sample::value::Value;

/// Variables of one scope: few, so a list. They change while samples are borrowed from their scope (the
/// `set-var` converter), so that reading gives copies.
#[derive(Debug, Default)]
pub struct Vars {
    list: RefCell<Vec<(u32, Value<'static>)>>,
    /// Bytes, as limits count them.
    size: Cell<i64>,
    /// Whose counter they are in, once they are.
    counted: OnceCell<Arc<ProcessVars>>,
}

impl Vars {
    /// A copy of the variable of this number.
    pub fn find(&self, id: u32) -> Option<Value<'static>> {
        let list = self.list.borrow();
        let found = list.iter().find(|(key, _)| *key == id);
        found.map(|(_, value)| value.clone())
    }

    /// Sets or removes it.
    pub fn set(&self, id: u32, value: Option<Value<'static>>) {
        let mut list = self.list.borrow_mut();
        let place = list.iter().position(|(key, _)| *key == id);
        let before = place
            .and_then(|at| list.get(at))
            .map_or(0, |(_, old)| VARIABLE + room::data(old));
        let after = value.as_ref().map_or(0, |new| VARIABLE + room::data(new));
        match (place, value) {
            (Some(at), Some(value)) => list[at].1 = value,
            (Some(at), None) => drop(list.swap_remove(at)),
            (None, Some(value)) => list.push((id, value)),
            (None, None) => {}
        }
        drop(list);
        self.size.set(self.size.get() + after - before);
        if let Some(process) = self.counted.get() {
            process.room.count(after - before);
        }
    }

    /// Removes all, keeping the memory.
    pub fn clear(&mut self) {
        self.list.get_mut().clear();
        self.give_back();
    }

    /// From now on the process counts these too.
    pub(super) fn count_in(&self, process: &Arc<ProcessVars>) {
        if self.counted.get().is_none() {
            process.room.count(self.size.get());
            // Nobody else can have set it meanwhile: this is one thread's.
            let _ = self.counted.set(process.clone());
        }
    }

    pub(super) fn size(&self) -> i64 {
        self.size.get()
    }

    fn give_back(&mut self) {
        let size = self.size.replace(0);
        if let Some(process) = self.counted.take() {
            process.room.count(-size);
        }
    }
}

impl Drop for Vars {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Variables of the whole process, shared by all threads, by their number.
#[derive(Debug, Default)]
pub struct ProcessVars {
    values: RwLock<Vec<Option<Value<'static>>>>,
    pub(super) room: Room,
}

impl ProcessVars {
    /// A copy of the variable of this number.
    pub fn find(&self, id: u32) -> Option<Value<'static>> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        values.get(id as usize)?.clone()
    }

    /// Sets or removes it.
    pub fn set(&self, id: u32, value: Option<Value<'static>>) {
        let cost = |value: &Option<Value<'_>>| {
            value
                .as_ref()
                .map_or(0, |value| VARIABLE + room::data(value))
        };
        let after = cost(&value);
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let at = id as usize;
        if values.len() <= at {
            values.resize_with(at + 1, || None);
        }
        let before = values
            .get_mut(at)
            .map(|place| std::mem::replace(place, value));
        drop(values);
        self.room.count(after - before.as_ref().map_or(0, cost));
    }

    /// Puts limits in force. What is there already stays.
    pub fn limit(&self, limits: Limits) {
        self.room.set(limits);
    }
}

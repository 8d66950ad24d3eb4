//! The client connections of a worker: which of them are idle, and how to end them.

use std::cell::RefCell;

use slab::Slab;
use tokio::task::AbortHandle;

/// Client connections by key.
#[derive(Debug, Default)]
pub struct Clients {
    entries: RefCell<Slab<Entry>>,
}

#[derive(Debug, Default)]
struct Entry {
    idle: bool,
    task: Option<AbortHandle>,
}

impl Clients {
    pub(super) fn enter(&self) -> usize {
        self.entries.borrow_mut().insert(Entry::default())
    }

    pub(super) fn leave(&self, key: usize) {
        self.entries.borrow_mut().try_remove(key);
    }

    pub(super) fn set_task(&self, key: usize, task: AbortHandle) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(key) {
            entry.task = Some(task);
        }
    }

    pub(super) fn set_idle(&self, key: usize, idle: bool) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(key) {
            entry.idle = idle;
        }
    }

    /// Closes the connections that wait for another request.
    pub(super) fn close_idle(&self) {
        let idle: Vec<AbortHandle> = self
            .entries
            .borrow()
            .iter()
            .filter(|(_, entry)| entry.idle)
            .filter_map(|(_, entry)| entry.task.clone())
            .collect();
        for task in idle {
            task.abort();
        }
    }
}

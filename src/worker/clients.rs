//! The client connections of a worker: which of them are idle, which server they use, how to end them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use slab::Slab;
use tokio::task::AbortHandle;

use crate::end::Cause;
use crate::net::Summons;

/// Client connections by key.
#[derive(Debug, Default)]
pub struct Clients {
    entries: RefCell<Slab<Entry>>,
}

#[derive(Debug, Default)]
struct Entry {
    idle: bool,
    task: Option<AbortHandle>,
    /// The number of the server in use, and how many orders to end sessions there were by then.
    server: Option<(u32, u64)>,
    summons: Rc<Summons>,
    /// To be called when the process stops: the connection knows how to end by itself.
    farewell: Option<Rc<Summons>>,
    ended_by: Option<Cause>,
}

/// Servers whose sessions were to be ended last: by which order, and why.
pub(super) type Ended = HashMap<u32, (u64, Cause)>;

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

    pub(super) fn set_server(&self, key: usize, server: Option<(u32, u64)>) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(key) {
            entry.server = server;
        }
    }

    pub(super) fn summons(&self, key: usize) -> Rc<Summons> {
        let entries = self.entries.borrow();
        entries
            .get(key)
            .map(|e| e.summons.clone())
            .unwrap_or_default()
    }

    pub(super) fn farewell(&self, key: usize) -> Rc<Summons> {
        let mut entries = self.entries.borrow_mut();
        let summons = Rc::<Summons>::default();
        if let Some(entry) = entries.get_mut(key) {
            entry.farewell = Some(summons.clone());
        }
        summons
    }

    pub(super) fn ended_by(&self, key: usize) -> Option<Cause> {
        self.entries.borrow().get(key).and_then(|e| e.ended_by)
    }

    /// Ends the sessions that began before the orders to end those of their server.
    pub(super) fn end_sessions(&self, ended: &Ended) {
        for (_, entry) in &mut *self.entries.borrow_mut() {
            let order = entry.server.and_then(|(server, since)| {
                let (order, cause) = ended.get(&server)?;
                (*order > since).then_some(*cause)
            });
            if entry.ended_by.is_none() && order.is_some() {
                entry.ended_by = order;
                entry.summons.call();
            }
        }
    }

    /// Closes the connections that wait for another request, and tells those that can say so to their clients.
    pub(super) fn close_idle(&self) {
        for (_, entry) in &*self.entries.borrow() {
            if let Some(farewell) = &entry.farewell {
                farewell.call();
            }
        }
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

//! A worker thread: its runtime, its pools, its share of the listeners.
//!
//! `process` starts workers; `stream` and `backend` run on them. Everything here is `!Send` but
//! [`Fleet`], which all workers share.

mod accept;
mod accepted;
mod clients;
mod clock;
mod fleet;
mod idle;
mod pools;
mod shortage;
mod sockets;
mod thread;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

pub use accepted::{Accepted, Slot};
pub use clients::Clients;
pub use fleet::{Fleet, size};
pub use idle::IdlePool;
pub use pools::Pools;
pub use sockets::{Sockets, identity};

use clock::Clock;

use crate::backend::Trunks;
use crate::plan::Plan;
use crate::sample::{Now, Transaction};

/// One worker thread, as its streams see it.
#[derive(Debug)]
pub struct Worker {
    /// Its number, from 0.
    pub number: u32,
    /// What all workers share.
    pub fleet: Arc<Fleet>,
    /// Buffers and other things that are used again.
    pub pools: Pools,
    /// Futures of live HTTP transactions, to be used again.
    pub runners: crate::stream::http::Runners,
    /// Client connections.
    pub clients: Clients,
    /// Idle server connections.
    pub idle: IdlePool,
    /// Server connections that carry many requests at once.
    pub trunks: Trunks,
    /// Names that rules have resolved.
    pub names: crate::resolve::Names,
    random: Cell<u64>,
    clock: Clock,
}

impl Worker {
    /// A worker of this number; `seed` starts its random numbers.
    pub fn new(number: u32, fleet: Arc<Fleet>, seed: u64) -> Rc<Self> {
        let pools = Pools::new(&fleet.plan().global);
        Rc::new(Self {
            number,
            fleet,
            pools,
            runners: crate::stream::http::Runners::default(),
            clients: Clients::default(),
            idle: IdlePool::default(),
            trunks: Trunks::default(),
            names: crate::resolve::Names::default(),
            random: Cell::new(seed | 1),
            clock: Clock::new(),
        })
    }

    /// The plan for new connections.
    pub fn plan(&self) -> Arc<Plan> {
        self.fleet.plan()
    }

    /// Time and randomness for the language. The time is that of this turn of the event loop.
    pub fn now(&self) -> Now<'_> {
        let (instant, date, _) = self.clock.now();
        Now {
            instant,
            date,
            random: &self.random,
            thread: self.number,
        }
    }

    /// The clock of rates, milliseconds: the wall clock of this turn of the event loop.
    pub fn millis(&self) -> u64 {
        self.clock.now().2
    }

    /// A fresh transaction, from the pool.
    pub fn transaction(&self) -> Box<Transaction> {
        self.pools.transaction()
    }

    /// Gives a finished transaction back.
    pub fn recycle(&self, transaction: Box<Transaction>) {
        self.pools.recycle(transaction);
    }

    /// Tells the log of the process that something is wrong which is no stream's affair.
    pub fn complain(&self, text: &str) {
        self.tell(crate::log::ALERT, text);
    }

    /// As [`Self::complain`], where the process can hardly go on.
    fn warn_of_emergency(&self, text: &str) {
        self.tell(crate::log::EMERG, text);
    }

    fn tell(&self, level: u8, text: &str) {
        let log = self.plan().log.process();
        log.send(SystemTime::now(), level, text.as_bytes());
    }
}

//! A worker thread: its runtime, its pools, its share of the listeners.
//!
//! `process` starts workers; `stream` and `backend` run on them. Everything here is `!Send` but
//! [`Fleet`], which all workers share.

mod accepted;
mod fleet;
mod idle;
mod pools;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

pub use accepted::{Accepted, Slot};
pub use fleet::Fleet;
pub use idle::IdlePool;
pub use pools::Pools;

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
    /// Idle server connections.
    pub idle: IdlePool,
    random: Cell<u64>,
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
            idle: IdlePool::default(),
            random: Cell::new(seed | 1),
        })
    }

    /// The plan for new connections.
    pub fn plan(&self) -> Arc<Plan> {
        self.fleet.plan()
    }

    /// Time and randomness for the language.
    pub fn now(&self) -> Now<'_> {
        Now {
            instant: Instant::now(),
            date: SystemTime::now(),
            random: &self.random,
            thread: self.number,
        }
    }

    /// A fresh transaction, from the pool.
    pub fn transaction(&self) -> Box<Transaction> {
        self.pools.transaction()
    }

    /// Gives a finished transaction back.
    pub fn recycle(&self, transaction: Box<Transaction>) {
        self.pools.recycle(transaction);
    }
}

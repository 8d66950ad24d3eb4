//! What a worker lends to its streams while they have something to do.

use std::cell::RefCell;
use std::rc::Rc;

use crate::net::pipe::PipePool;
use crate::net::{Buffer, BufferPool};
use crate::sample::Transaction;
use crate::settings::Global;
use crate::wire::pump::Tools;

/// Free transactions kept; more live ones than this come from the allocator.
const TRANSACTIONS: usize = 1024;
/// Free buffers kept.
const BUFFERS: usize = 256;
/// Size of buffers for bulk transfer: large reads are what makes copying cheap.
const BULK: usize = 256 * 1024;
/// Free bulk buffers kept.
const BULK_KEPT: usize = 16;

/// Pools of one worker.
#[derive(Debug)]
pub struct Pools {
    buffers: Rc<BufferPool>,
    /// What tunnels and other transfers borrow.
    pub tools: Tools,
    #[expect(
        clippy::vec_box,
        reason = "they are lent as boxes: too large to be moved about"
    )]
    transactions: RefCell<Vec<Box<Transaction>>>,
}

impl Pools {
    /// Empty pools, of the sizes that `global` asks for.
    pub fn new(global: &Global) -> Self {
        Self {
            buffers: BufferPool::new(global.bufsize, BUFFERS),
            tools: Tools {
                small: BufferPool::new(global.bufsize, BUFFERS),
                bulk: BufferPool::new(BULK, BULK_KEPT),
                pipes: (!global.no_splice).then(|| PipePool::new(global.pipesize)),
            },
            transactions: RefCell::default(),
        }
    }

    /// A buffer of `tune.bufsize` bytes.
    pub fn buffer(&self) -> Buffer {
        self.buffers.take()
    }

    /// A place for such a buffer, without memory.
    pub fn no_buffer(&self) -> Buffer {
        self.buffers.nothing()
    }

    /// A fresh transaction.
    pub fn transaction(&self) -> Box<Transaction> {
        self.transactions.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes a transaction back and forgets what was in it.
    pub fn recycle(&self, mut transaction: Box<Transaction>) {
        transaction.clear();
        let mut free = self.transactions.borrow_mut();
        if free.len() < TRANSACTIONS {
            free.push(transaction);
        }
    }
}

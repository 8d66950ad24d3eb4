//! Pipes for splice(2): bytes that go from socket to socket without passing through the process.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::task::{Context, Poll};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use super::Stream;

/// Capacity asked for by default, the most that the system gives without privileges. It is what makes
/// splicing cheap: more bytes for each pair of calls.
const SIZE: usize = 1 << 20;
/// Free pipes kept.
const KEPT: usize = 16;
/// Pipes in use at once; transfers beyond that copy.
const MOST: usize = 256;

/// The pipes of a worker.
#[derive(Debug)]
pub struct PipePool {
    size: usize,
    used: Cell<usize>,
    free: RefCell<Vec<Ends>>,
}

#[derive(Debug)]
struct Ends {
    read: OwnedFd,
    write: OwnedFd,
}

impl PipePool {
    /// A pool of pipes of `size` bytes (`tune.pipesize`; 0 for the default).
    pub fn new(size: usize) -> Rc<Self> {
        Rc::new(Self {
            size: if size == 0 { SIZE } else { size },
            used: Cell::new(0),
            free: RefCell::default(),
        })
    }

    /// An empty pipe; `None` where too many are in use or none can be had: copy then.
    pub fn take(self: &Rc<Self>) -> Option<Pipe> {
        if self.used.get() >= MOST {
            return None;
        }
        let ends = match self.free.borrow_mut().pop() {
            Some(ends) => ends,
            None => self.open().ok()?,
        };
        self.used.set(self.used.get() + 1);
        Some(Pipe {
            ends: Some(ends),
            held: 0,
            pool: self.clone(),
        })
    }

    /// Closes the free ones. False if there was none.
    pub fn clear(&self) -> bool {
        let free = std::mem::take(&mut *self.free.borrow_mut());
        !free.is_empty()
    }

    fn open(&self) -> io::Result<Ends> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // Without it (the user's share of pipe memory is used up) a pipe of 64 KiB still works.
        let _ = fcntl_setpipe_size(&write, self.size);
        Ok(Ends { read, write })
    }
}

/// A borrowed pipe. Given back when dropped empty, closed when dropped with bytes in it.
#[derive(Debug)]
pub struct Pipe {
    ends: Option<Ends>,
    held: usize,
    pool: Rc<PipePool>,
}

const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);

impl Pipe {
    /// Bytes in it.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Fills the empty pipe with up to `most` bytes of a socket, when it has some. 0 is its end.
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        from: &Stream,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let Some(ends) = &self.ends else {
            return Poll::Ready(Ok(0));
        };
        let most = most.min(self.pool.size);
        let filled = from.poll_take(cx, || {
            Ok(splice(from, None, &ends.write, None, most, FLAGS)?)
        });
        if let Poll::Ready(Ok(n)) = &filled {
            self.held += n;
        }
        filled
    }

    /// Empties it into a socket as far as that takes bytes. `more` says that more follows soon.
    pub fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        to: &Stream,
        more: bool,
    ) -> Poll<io::Result<usize>> {
        let Some(ends) = &self.ends else {
            return Poll::Ready(Ok(0));
        };
        let flags = if more {
            FLAGS | SpliceFlags::MORE
        } else {
            FLAGS
        };
        let held = self.held;
        let drained = to.poll_send(cx, || Ok(splice(&ends.read, None, to, None, held, flags)?));
        if let Poll::Ready(Ok(n)) = &drained {
            self.held = self.held.saturating_sub(*n);
        }
        drained
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.pool.used.set(self.pool.used.get().saturating_sub(1));
        let mut free = self.pool.free.borrow_mut();
        if self.held == 0 && free.len() < KEPT {
            free.extend(self.ends.take());
        }
    }
}

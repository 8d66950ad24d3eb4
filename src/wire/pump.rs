//! One direction of a transfer: bytes from one connection to another, with the cheapest means that
//! the traffic of the moment allows.
//!
//! Small messages are copied through a small buffer, one read and one write each. A read that fills
//! the buffer means bulk: from then on the bytes are spliced, or copied through a large buffer where
//! splicing is not wanted. Neither buffer nor pipe is held while nothing is in transit.

use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::net::pipe::{Pipe, PipePool};
use crate::net::{Buffer, BufferPool, Stream};

/// Rounds of reading and writing before other tasks get a turn.
const ROUNDS: u32 = 16;
/// Transfers known to be at least this long start in bulk.
const BULK_FROM: u64 = 32 * 1024;
/// A spliced round of fewer bytes than this counts as small …
const SMALL: usize = 8 * 1024;
/// … and after so many of them in a row the transfer is not bulk any more.
const SMALL_ROUNDS: u8 = 4;

/// What pumps borrow while bytes are in transit; a worker's.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Buffers for small messages.
    pub small: Rc<BufferPool>,
    /// Buffers for bulk data where it is not spliced.
    pub bulk: Rc<BufferPool>,
    /// Pipes; `None` where splicing is not wanted (`nosplice`).
    pub pipes: Option<Rc<PipePool>>,
}

/// Which side broke.
#[derive(Debug)]
pub enum Broken {
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
}

/// How a direction ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The reading side is at its end.
    Eof,
    /// As many bytes as were asked for went through.
    Limit,
}

/// One direction.
#[derive(Debug, Default)]
pub struct Pump {
    left: Option<u64>,
    read: u64,
    written: u64,
    hold: Hold,
    bulk: bool,
    small_rounds: u8,
}

#[derive(Debug, Default)]
enum Hold {
    #[default]
    Nothing,
    /// Bytes that came before the pump began, and how many of them are written.
    Early(Vec<u8>, usize),
    /// Bytes `.1..​.2` of the buffer are to be written.
    Buffer(Buffer, usize, usize),
    Pipe(Pipe),
}

impl Pump {
    /// A pump that runs until the end of the stream, or for `limit` bytes.
    pub fn new(limit: Option<u64>) -> Self {
        Self {
            left: limit,
            bulk: limit.is_some_and(|limit| limit >= BULK_FROM),
            ..Self::default()
        }
    }

    /// Has these bytes written first. They count as moved, not against the limit.
    #[must_use]
    pub fn after(mut self, early: Vec<u8>) -> Self {
        if !early.is_empty() {
            self.read = early.len() as u64;
            self.hold = Hold::Early(early, 0);
        }
        self
    }

    /// Bytes written so far.
    pub fn moved(&self) -> u64 {
        self.written
    }

    /// Bytes read so far.
    pub fn taken(&self) -> u64 {
        self.read
    }

    /// A number that grows with every byte that is read or written: how timeouts know of activity.
    pub fn activity(&self) -> u64 {
        self.read + self.written
    }

    /// True while bytes are read that are not written: it is the writing side that keeps us waiting.
    pub fn blocked(&self) -> bool {
        self.read > self.written
    }

    /// Moves what can be moved. Ready at the end, with all bytes written.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &Stream,
        to: &Stream,
        tools: &Tools,
    ) -> Poll<Result<Ended, Broken>> {
        for _ in 0..ROUNDS {
            ready!(self.poll_flush(cx, to)).map_err(Broken::Write)?;
            if self.left == Some(0) {
                self.hold = Hold::Nothing;
                return Poll::Ready(Ok(Ended::Limit));
            }
            let read = match self.poll_fill(cx, from, to, tools) {
                Poll::Ready(read) => read.map_err(Broken::Read)?,
                Poll::Pending => {
                    self.hold = Hold::Nothing;
                    return Poll::Pending;
                }
            };
            if read == 0 {
                self.hold = Hold::Nothing;
                return Poll::Ready(Ok(Ended::Eof));
            }
            self.read += read as u64;
            self.left = self.left.map(|left| left.saturating_sub(read as u64));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>, to: &Stream) -> Poll<io::Result<()>> {
        let more = self.left.is_some_and(|left| left > 0);
        loop {
            let written = match &mut self.hold {
                Hold::Early(bytes, at) if *at < bytes.len() => {
                    let rest = bytes.get(*at..).unwrap_or_default();
                    let n = ready!(to.poll_write(cx, rest, false))?;
                    *at += n;
                    n
                }
                Hold::Early(..) => {
                    self.hold = Hold::Nothing;
                    return Poll::Ready(Ok(()));
                }
                Hold::Buffer(buffer, at, end) if *at < *end => {
                    let rest = buffer.get(*at..*end).unwrap_or_default();
                    let n = ready!(to.poll_write(cx, rest, more))?;
                    *at += n;
                    n
                }
                Hold::Pipe(pipe) if pipe.held() > 0 => ready!(pipe.poll_drain(cx, to, more))?,
                _ => return Poll::Ready(Ok(())),
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written as u64;
        }
    }

    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        from: &Stream,
        to: &Stream,
        tools: &Tools,
    ) -> Poll<io::Result<usize>> {
        // Nothing is borrowed before there is something to put into it.
        ready!(from.poll_readable(cx))?;
        let most = usize::try_from(self.left.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        if self.bulk
            && !matches!(self.hold, Hold::Pipe(_))
            && from.is_spliceable()
            && to.is_spliceable()
            && let Some(pipe) = tools.pipes.as_ref().and_then(PipePool::take)
        {
            self.hold = Hold::Pipe(pipe);
        }
        if let Hold::Pipe(pipe) = &mut self.hold {
            let read = ready!(pipe.poll_fill(cx, from, most))?;
            self.judge(read < SMALL, most);
            return Poll::Ready(Ok(read));
        }
        let pool = if self.bulk { &tools.bulk } else { &tools.small };
        let mut buffer = match std::mem::take(&mut self.hold) {
            Hold::Buffer(buffer, ..) if buffer.len() == pool.size() => buffer,
            _ => pool.take_whole(),
        };
        let size = buffer.len().min(most);
        let read = ready!(from.poll_read(cx, buffer.get_mut(..size).unwrap_or_default()))?;
        if self.bulk {
            self.judge(read < SMALL, most);
        } else {
            self.bulk = read == size && read > 0 && most > size;
        }
        self.hold = Hold::Buffer(buffer, 0, read);
        Poll::Ready(Ok(read))
    }

    /// Leaves bulk mode when rounds have been small for a while.
    fn judge(&mut self, small: bool, most: usize) {
        self.small_rounds = if small && most > SMALL {
            self.small_rounds + 1
        } else {
            0
        };
        if self.small_rounds >= SMALL_ROUNDS {
            self.bulk = false;
            self.small_rounds = 0;
        }
    }
}

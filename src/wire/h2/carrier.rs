//! The connection under the streams: reads pass through, writes are gathered.
//!
//! The `h2` crate flushes after every larger frame. Here a flush is put off until whoever drives the connection says that all
//! streams have had their turn ([`Carrier::poll_flush`]), or until [`GATHERED`] bytes wait: frames of many streams leave in
//! one call.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{Counts, Ending, Frames};
use super::server::PREFACE;
use crate::net::Stream;

/// Bytes that may wait to be written together. With what waits, the crate is told to wait too.
const GATHERED: usize = 64 * 1024;
/// The most that is read at once.
const READ: usize = 32 * 1024;
/// Reads before other connections get a turn.
const READS: u32 = 4;

thread_local! {
    /// What is read passes through here: the crate's own buffer would have to be filled with zeros for each read.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Memory for [`Out`] that no connection holds.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A connection that carries streams.
#[derive(Debug)]
pub struct Carrier {
    stream: Stream,
    /// Bytes that were read before anybody knew that they are HTTP/2, and how many of them are used up.
    early: RefCell<(Vec<u8>, usize)>,
    out: RefCell<Out>,
    received: Cell<u64>,
    incoming: RefCell<Frames>,
    outgoing: RefCell<Frames>,
    /// Streams that were reset, and farewells, on our side, since somebody asked.
    endings: RefCell<Vec<Ending>>,
    verdict: Cell<Option<Verdict>>,
    /// Reads since the driver's turn began.
    reads: Cell<u32>,
    /// Who drives the connection.
    driver: RefCell<Option<Waker>>,
}

/// What one stream has decided for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Close without a word.
    Vanish,
    /// Close: the client is not welcome.
    Refuse,
}

/// Endings that are kept until somebody asks; of more, only the counts are known.
const ENDINGS: usize = 256;

/// What is to be written, from `at` on.
#[derive(Debug, Default)]
struct Out {
    bytes: Vec<u8>,
    at: usize,
}

impl Out {
    fn gather(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() == 0 {
            self.bytes = SPARE.take();
        }
        self.bytes.extend_from_slice(bytes);
    }
}

impl Carrier {
    /// Takes over a client's connection, which begins with its preface. `early` was read from it already.
    pub fn of_client(stream: Stream, early: Vec<u8>) -> Rc<Self> {
        Self::new(stream, early, PREFACE.len(), 0)
    }

    /// Takes over a connection to a server, which begins with our preface.
    pub fn of_server(stream: Stream) -> Rc<Self> {
        Self::new(stream, Vec::new(), 0, PREFACE.len())
    }

    fn new(stream: Stream, early: Vec<u8>, theirs: usize, ours: usize) -> Rc<Self> {
        let mut incoming = Frames::after(theirs);
        incoming.pass(&early, |_| {});
        Rc::new(Self {
            stream,
            received: Cell::new(early.len() as u64),
            early: RefCell::new((early, 0)),
            out: RefCell::default(),
            incoming: RefCell::new(incoming),
            outgoing: RefCell::new(Frames::after(ours)),
            endings: RefCell::default(),
            verdict: Cell::new(None),
            reads: Cell::new(0),
            driver: RefCell::default(),
        })
    }

    /// Frames that have come, and that have left.
    pub fn counts(&self) -> (Counts, Counts) {
        (self.incoming.borrow().counts, self.outgoing.borrow().counts)
    }

    /// What we have reset, and our farewells, since this was asked last.
    pub fn endings(&self) -> Vec<Ending> {
        std::mem::take(&mut *self.endings.borrow_mut())
    }

    /// Decides about the whole connection.
    pub fn decide(&self, verdict: Verdict) {
        self.verdict.set(Some(verdict));
        self.wake();
    }

    /// What was decided.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict.get()
    }

    /// Says who drives the connection, as its turn begins.
    pub fn driven_by(&self, waker: &Waker) {
        self.reads.set(0);
        let mut driver = self.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *driver = Some(waker.clone());
        }
    }

    /// Has the driver look again.
    pub fn wake(&self) {
        if let Some(driver) = &*self.driver.borrow() {
            driver.wake_by_ref();
        }
    }

    /// The connection itself.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// How many bytes have come.
    pub fn received(&self) -> u64 {
        self.received.get()
    }

    /// Whether the peer is in the midst of saying something.
    pub fn midway(&self) -> bool {
        self.incoming.borrow().midway()
    }

    /// Whether bytes wait to be written.
    pub fn owes(&self) -> bool {
        !self.out.borrow().bytes.is_empty()
    }

    /// Writes what was gathered.
    pub fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut out = self.out.borrow_mut();
        while out.at < out.bytes.len() {
            let rest = out.bytes.get(out.at..).unwrap_or_default();
            match ready!(self.stream.poll_write(cx, rest, false))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => out.at += n,
            }
        }
        out.at = 0;
        // While nothing is written, nothing is held.
        let mut bytes = std::mem::take(&mut out.bytes);
        if bytes.capacity() > 0 {
            bytes.clear();
            SPARE.set(bytes);
        }
        Poll::Ready(Ok(()))
    }

    fn take_early(&self, buf: &mut ReadBuf<'_>) -> bool {
        let mut early = self.early.borrow_mut();
        let (bytes, at) = &mut *early;
        let rest = bytes.get(*at..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        let n = rest.len().min(buf.remaining());
        buf.put_slice(rest.get(..n).unwrap_or_default());
        *at += n;
        if *at >= bytes.len() {
            *early = (Vec::new(), 0);
        }
        true
    }
}

/// A carrier as the crate wants it.
#[derive(Debug)]
pub struct Io(pub Rc<Carrier>);

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let carrier = &self.0;
        if carrier.take_early(buf) {
            return Poll::Ready(Ok(()));
        }
        if carrier.reads.get() >= READS {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        carrier.reads.set(carrier.reads.get() + 1);
        let n = ready!(SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize(READ, 0);
            let room = buf.remaining().min(READ);
            let into = scratch.get_mut(..room).unwrap_or_default();
            let n = ready!(carrier.stream.poll_read(cx, into))?;
            let came = scratch.get(..n).unwrap_or_default();
            carrier.incoming.borrow_mut().pass(came, |_| {});
            buf.put_slice(came);
            Poll::Ready(io::Result::Ok(n))
        }))?;
        carrier.received.set(carrier.received.get() + n as u64);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.0.out.borrow().bytes.len() >= GATHERED {
            ready!(self.0.poll_flush(cx))?;
        }
        self.0.out.borrow_mut().gather(buf);
        self.0.outgoing.borrow_mut().pass(buf, |ending| {
            let mut endings = self.0.endings.borrow_mut();
            if endings.len() < ENDINGS {
                endings.push(ending);
            }
        });
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.out.borrow().bytes.len() >= GATHERED {
            return self.0.poll_flush(cx);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.0.poll_flush(cx))?;
        Poll::Ready(self.0.stream.shutdown_write())
    }
}

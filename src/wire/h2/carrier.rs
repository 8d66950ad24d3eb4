//! The connection under the streams: reads pass through, writes are gathered.
//!
//! The `h2` crate flushes after every larger frame. Here a flush is put off until whoever drives the connection says that all
//! streams have had their turn ([`Carrier::poll_flush`]), or until [`GATHERED`] bytes wait: frames of many streams leave in
//! one call.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::Stream;

/// Bytes that may wait to be written together. With what waits, the crate is told to wait too.
const GATHERED: usize = 64 * 1024;
/// The most that is read at once.
const READ: usize = 32 * 1024;

/// A connection that carries streams.
#[derive(Debug)]
pub struct Carrier {
    stream: Stream,
    /// Bytes that were read before anybody knew that they are HTTP/2, and how many of them are used up.
    early: RefCell<(Vec<u8>, usize)>,
    out: RefCell<Out>,
    /// Bytes that have come, for who wants to know whether the peer is silent.
    received: Cell<u64>,
}

/// What is to be written, from `at` on.
#[derive(Debug, Default)]
struct Out {
    bytes: Vec<u8>,
    at: usize,
}

impl Carrier {
    /// Takes over a connection. `early` was read from it already.
    pub fn new(stream: Stream, early: Vec<u8>) -> Rc<Self> {
        Rc::new(Self {
            stream,
            received: Cell::new(early.len() as u64),
            early: RefCell::new((early, 0)),
            out: RefCell::default(),
        })
    }

    /// The connection itself.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// How many bytes have come.
    pub fn received(&self) -> u64 {
        self.received.get()
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
        out.bytes = Vec::new();
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
        let room = buf.remaining().min(READ);
        let n = ready!(
            carrier
                .stream
                .poll_read(cx, buf.initialize_unfilled_to(room))
        )?;
        buf.advance(n);
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
        self.0.out.borrow_mut().bytes.extend_from_slice(buf);
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

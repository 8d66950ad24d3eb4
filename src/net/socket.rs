//! A connected socket, TCP or unix: reads and writes that try before they wait.
//!
//! Writes are tried at once and wait only when the kernel is full. Reads wait for readiness first,
//! because a read straight after the last one nearly always ends in EAGAIN; [`Socket::try_read`] is
//! for the moments when data is likely (just accepted with `defer-accept`, just written a request to
//! a fast server). A read that does not fill the buffer has drained the socket, so readiness is
//! cleared without another system call.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, recv, send, sendmsg, sockopt,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::secure::Secure;
use super::{Buffer, fd};
use crate::state::Counted;

/// A connected, non-blocking stream socket. One task uses it.
#[derive(Debug)]
pub struct Socket {
    pub(super) io: AsyncFd<OwnedFd>,
    /// [`Self::poll_closed`] passed over data: the next read tries without waiting for news of it.
    passed_over: Cell<bool>,
    /// The TLS session that all bytes pass through, once there is one.
    pub(super) secure: Option<Box<Secure>>,
}

impl Socket {
    /// Takes a connected non-blocking socket into the current runtime.
    ///
    /// # Errors
    /// Registering it failed.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            io: super::fd::watch(fd)?,
            passed_over: Cell::new(false),
            secure: None,
        })
    }

    /// Puts a TLS session on it: from here on bytes are encrypted. [`Self::poll_handshake`] comes next.
    /// `counted` is its place among the process's TLS connections.
    pub fn begin_tls(&mut self, session: rustls::Connection, counted: Option<Counted>) {
        self.secure = Some(Box::new(Secure::new(session, counted)));
    }

    /// Its TLS session, if it has one.
    pub fn secure(&self) -> Option<&Secure> {
        self.secure.as_deref()
    }

    /// Reads without waiting, without asking for readiness. 0 is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there, else the socket's error.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(secure) = &self.secure {
            let mut at = 0;
            return secure.read(&self.io, |data| {
                let room = buf.get_mut(at..).unwrap_or_default();
                let n = room.len().min(data.len());
                for (to, from) in room.iter_mut().zip(data) {
                    *to = *from;
                }
                at += n;
                n
            });
        }
        Ok(retry(|| {
            recv(&self.io, &mut *buf, RecvFlags::empty()).map(|(n, _)| n)
        })?)
    }

    /// As [`Self::try_read`], appending to `buf` within its spare capacity, which must not be empty.
    ///
    /// # Errors
    /// See [`Self::try_read`]; `InvalidInput` if there is no spare capacity.
    pub fn try_append(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        if buf.len() == buf.capacity() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if let Some(secure) = &self.secure {
            return secure.read(&self.io, |data| {
                let n = data.len().min(buf.capacity() - buf.len());
                buf.extend_from_slice(data.get(..n).unwrap_or_default());
                n
            });
        }
        Ok(retry(|| {
            recv(&self.io, spare_capacity(buf), RecvFlags::empty()).map(|(n, _)| n)
        })?)
    }

    /// Reads when there is something to read. 0 is the end of the stream.
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let size = buf.len();
        self.poll_receive(cx, || Ok((self.try_read(buf)?, size)))
    }

    /// Appends to `buf` within its spare capacity, which must not be empty. 0 is the end of the stream.
    pub fn poll_append(&self, cx: &mut Context<'_>, buf: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        self.poll_receive(cx, || {
            let size = buf.capacity() - buf.len();
            Ok((self.try_append(buf)?, size))
        })
    }

    /// As [`Self::poll_append`]; a buffer without memory gets some only when there is something to read.
    pub fn poll_append_late(
        &self,
        cx: &mut Context<'_>,
        buf: &mut Buffer,
    ) -> Poll<io::Result<usize>> {
        let received = self.poll_receive(cx, || {
            buf.acquire();
            let size = buf.capacity() - buf.len();
            Ok((self.try_append(buf)?, size))
        });
        // What was taken for news was none.
        if received.is_pending() && buf.is_empty() {
            buf.release();
        }
        received
    }

    /// `receive` answers how much it read and for how much there was room.
    fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        mut receive: impl FnMut() -> io::Result<(usize, usize)>,
    ) -> Poll<io::Result<usize>> {
        if self.passed_over.take()
            && let Some(done) = tried(receive())
        {
            // There may be more of what was passed over.
            self.passed_over.set(true);
            return Poll::Ready(done.map(|(n, _)| n));
        }
        if let Some(secure) = &self.secure
            && secure.buffered()
            && let Some(done) = tried(receive())
        {
            return Poll::Ready(done.map(|(n, _)| n));
        }
        loop {
            let mut ready = ready!(self.io.poll_read_ready(cx))?;
            match receive() {
                Ok((n, size)) => {
                    // A session may have taken all there was, however little came out of it.
                    let drained = match &self.secure {
                        None => n < size,
                        Some(secure) => secure.drained(),
                    };
                    if n > 0 && drained {
                        ready.clear_ready();
                    }
                    return Poll::Ready(Ok(n));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Looks at what a read would give, without taking it, once that is more than `seen` bytes or the
    /// end (0).
    pub fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        seen: usize,
    ) -> Poll<io::Result<usize>> {
        // Looking is for connections that nobody has watched yet.
        debug_assert!(!self.passed_over.get(), "data was passed over");
        loop {
            let mut ready = ready!(self.io.poll_read_ready(cx))?;
            match retry(|| recv(&self.io, &mut *buf, RecvFlags::PEEK)) {
                Ok((n, _)) if n > seen || n == 0 => return Poll::Ready(Ok(n)),
                Ok(_) if ready.ready().is_read_closed() => return Poll::Ready(Ok(0)),
                Ok(_) | Err(Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    /// Ready when the peer has closed its side, or the connection broke; data that still waits to be
    /// read does not matter.
    pub fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match ready!(self.io.poll_read_ready(cx)) {
                Err(_) => return Poll::Ready(()),
                Ok(ready) if ready.ready().is_read_closed() => return Poll::Ready(()),
                Ok(mut ready) => {
                    self.passed_over.set(true);
                    ready.clear_ready();
                }
            }
        }
    }

    /// Ready when a read would give data, the end or an error. May be wrong once after a `try_read`.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.secure.as_ref().is_some_and(|secure| secure.buffered()) {
            return Poll::Ready(Ok(()));
        }
        self.io.poll_read_ready(cx).map_ok(|_| ())
    }

    /// Whether the socket is at its end, has data, or failed: `Some(0)`, `Some(n)`; `None` while it is
    /// merely quiet. Costs a system call only if the runtime saw something happen.
    pub fn noticed(&self) -> Option<usize> {
        if let Some(secure) = &self.secure {
            if secure.buffered() {
                return secure.noticed(&self.io);
            }
            let noticed = self.io.try_io(Interest::READABLE, |io| {
                secure.noticed(io).ok_or(io::ErrorKind::WouldBlock.into())
            });
            return noticed.ok();
        }
        let mut byte = [0u8; 1];
        let peeked = self.io.try_io(Interest::READABLE, |io| {
            Ok(retry(|| recv(io, &mut byte, RecvFlags::PEEK))?)
        });
        match peeked {
            Ok((n, _)) => Some(n),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(_) => Some(0),
        }
    }

    /// Writes what the kernel takes now.
    ///
    /// # Errors
    /// `WouldBlock` where it takes nothing, else the socket's error.
    pub fn try_write(&self, buf: &[u8], more: bool) -> io::Result<usize> {
        if let Some(secure) = &self.secure {
            return secure.write(&self.io, &[IoSlice::new(buf)]);
        }
        Ok(retry(|| send(&self.io, buf, flags(more)))?)
    }

    /// As [`Self::try_write`] with several pieces in one call.
    ///
    /// # Errors
    /// See [`Self::try_write`].
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
        if let Some(secure) = &self.secure {
            return secure.write(&self.io, bufs);
        }
        Ok(retry(|| {
            let mut none = SendAncillaryBuffer::default();
            sendmsg(&self.io, bufs, &mut none, flags(more))
        })?)
    }

    /// Writes at once what fits, waiting only while nothing does. `more` says that more follows soon
    /// (MSG_MORE).
    pub fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        more: bool,
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, || self.try_write(buf, more))
    }

    /// As [`Self::poll_write`] with several pieces in one call.
    pub fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        more: bool,
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, || self.try_write_vectored(bufs, more))
    }

    /// Runs an operation that writes to this socket; waits while it would block.
    pub fn poll_send<T>(
        &self,
        cx: &mut Context<'_>,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return Poll::Ready(done),
        }
        loop {
            let mut ready = ready!(self.io.poll_write_ready(cx))?;
            match operation() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                done => return Poll::Ready(done),
            }
        }
    }

    /// Waits for readability, then runs an operation that reads from this socket; waits again while it
    /// would block. For splice, whose short counts do not mean that the socket is drained.
    pub fn poll_take<T>(
        &self,
        cx: &mut Context<'_>,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        if self.passed_over.take()
            && let Some(done) = tried(operation())
        {
            self.passed_over.set(true);
            return Poll::Ready(done);
        }
        loop {
            let mut ready = ready!(self.io.poll_read_ready(cx))?;
            match operation() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                done => {
                    if self.secure.as_ref().is_some_and(|secure| secure.drained()) {
                        ready.clear_ready();
                    }
                    return Poll::Ready(done);
                }
            }
        }
    }

    /// Sends FIN, after TLS's own farewell; reading goes on.
    ///
    /// # Errors
    /// The socket's, also where the peer is gone.
    pub fn shutdown_write(&self) -> io::Result<()> {
        if let Some(secure) = &self.secure {
            secure.close(&self.io);
        }
        Ok(rustix::net::shutdown(&self.io, Shutdown::Write)?)
    }

    /// Makes closing send RST and forget unsent bytes (SO_LINGER 0: `nolinger`, failed checks).
    pub fn set_reset_on_close(&self) {
        if let Some(secure) = &self.secure {
            secure.forget_farewell();
        }
        let _ = sockopt::set_socket_linger(&self.io, Some(Duration::ZERO));
    }

    /// Makes the client believe that it is still connected (`silent-drop`): the socket vanishes without a word. Where that
    /// takes a privilege that is missing, or a hop limit is given, a reset is sent that dies after so many routers.
    pub fn vanish(&self, hops: Option<u8>) {
        if let Some(secure) = &self.secure {
            secure.forget_farewell();
        }
        if hops.is_none() && fd::set_extra(&self.io, fd::Extra::Repair).is_ok() {
            return;
        }
        let hops = hops.unwrap_or(1);
        let _ = sockopt::set_ip_ttl(&self.io, u32::from(hops));
        let _ = sockopt::set_ipv6_unicast_hops(&self.io, Some(hops));
        self.set_reset_on_close();
    }

    /// The pending error of the socket (SO_ERROR), taken.
    pub fn take_error(&self) -> Option<io::Error> {
        match sockopt::socket_error(&self.io) {
            Ok(Ok(())) => None,
            Ok(Err(errno)) | Err(errno) => Some(errno.into()),
        }
    }

    /// Ready when the socket can be written to; how a connect in progress says that it is over.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_write_ready(cx).map_ok(|_| ())
    }
}

impl Drop for Socket {
    /// An end that is not announced looks like an attacker's to the peer (RFC 8446 6.1).
    fn drop(&mut self) {
        if let Some(secure) = &self.secure {
            secure.close(&self.io);
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

fn flags(more: bool) -> SendFlags {
    let base = SendFlags::NOSIGNAL;
    if more { base | SendFlags::MORE } else { base }
}

/// What an operation gave, unless it would block.
fn tried<T>(result: io::Result<T>) -> Option<io::Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        done => Some(done),
    }
}

pub(super) fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}

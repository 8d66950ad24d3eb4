//! A connected byte stream: a socket, or one channel of a multiplexed connection.
//!
//! Whoever moves bytes need not know which: a channel reads, writes, ends and breaks like a socket. What only sockets can do
//! (splice, look at bytes without taking them) says so.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use rustls::server::{Accepted, Acceptor};

use super::channel::{Channel, Cut};
use super::handshake::Unsecured;
use super::socket::Socket;
use super::{Buffer, Secure};
use crate::state::Counted;

/// A connected byte stream. One task uses it.
#[derive(Debug)]
pub struct Stream(Kind);

#[derive(Debug)]
enum Kind {
    Socket(Socket),
    Channel(Rc<dyn Channel>),
}

use Kind::{Channel as Multiplexed, Socket as Plain};

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

fn now<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl Stream {
    /// Takes a connected non-blocking socket into the current runtime.
    ///
    /// # Errors
    /// Registering it failed.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self(Plain(Socket::new(fd)?)))
    }

    /// One stream of a multiplexed connection.
    pub fn of_channel(channel: Rc<dyn Channel>) -> Self {
        Self(Multiplexed(channel))
    }

    /// The channel, if it is one.
    #[inline]
    pub fn channel(&self) -> Option<&dyn Channel> {
        match &self.0 {
            Plain(_) => None,
            Multiplexed(channel) => Some(&**channel),
        }
    }

    /// Whether it is a socket.
    #[inline]
    pub fn is_socket(&self) -> bool {
        matches!(self.0, Plain(_))
    }

    /// Whether the kernel can move its bytes by itself: a socket without TLS.
    #[inline]
    pub fn is_spliceable(&self) -> bool {
        matches!(&self.0, Plain(socket) if socket.secure().is_none())
    }

    /// Puts a TLS session on a socket: from here on bytes are encrypted. [`Self::poll_handshake`] comes next.
    /// `counted` is its place among the process's TLS connections.
    pub fn begin_tls(&mut self, session: rustls::Connection, counted: Option<Counted>) {
        if let Plain(socket) = &mut self.0 {
            socket.begin_tls(session, counted);
        }
    }

    /// The TLS session of the connection, if it has one.
    pub fn secure(&self) -> Option<&Secure> {
        match &self.0 {
            Plain(socket) => socket.secure(),
            Multiplexed(channel) => channel.carrier().secure(),
        }
    }

    /// Reads a ClientHello. What comes is put to `seen` too, for whoever wants to know what rustls does not tell.
    pub fn poll_hello(
        &self,
        cx: &mut Context<'_>,
        acceptor: &mut Acceptor,
        seen: &mut Vec<u8>,
    ) -> Poll<Result<Accepted, Unsecured>> {
        match &self.0 {
            Plain(socket) => socket.poll_hello(cx, acceptor, seen),
            Multiplexed(_) => Poll::Ready(Err(Unsecured::Closed)),
        }
    }

    /// Goes through the handshake of the session that [`Self::begin_tls`] put on it.
    pub fn poll_handshake(&self, cx: &mut Context<'_>) -> Poll<Result<(), Unsecured>> {
        match &self.0 {
            Plain(socket) => socket.poll_handshake(cx),
            Multiplexed(_) => Poll::Ready(Ok(())),
        }
    }

    /// Goes through the handshake to its end where early data has come before that. A channel's is not its own affair.
    pub fn poll_settled(&self, cx: &mut Context<'_>) -> Poll<Result<(), Unsecured>> {
        match &self.0 {
            Plain(socket) => socket.poll_settled(cx),
            Multiplexed(_) => Poll::Ready(Ok(())),
        }
    }

    /// Reads without waiting, without asking for readiness. 0 is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there, else the stream's error.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.0 {
            Plain(socket) => socket.try_read(buf),
            Multiplexed(_) => now(self.poll_read(&mut Context::from_waker(Waker::noop()), buf)),
        }
    }

    /// As [`Self::try_read`], appending to `buf` within its spare capacity, which must not be empty.
    ///
    /// # Errors
    /// See [`Self::try_read`]; `InvalidInput` if there is no spare capacity.
    pub fn try_append(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        match &self.0 {
            Plain(socket) => socket.try_append(buf),
            Multiplexed(_) => now(self.poll_append(&mut Context::from_waker(Waker::noop()), buf)),
        }
    }

    /// Reads when there is something to read. 0 is the end of the stream.
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        match &self.0 {
            Plain(socket) => socket.poll_read(cx, buf),
            Multiplexed(channel) => {
                let mut at = 0;
                let room = buf.len();
                channel.poll_take(cx, room, &mut |data| {
                    if let Some(to) = buf.get_mut(at..at + data.len()) {
                        to.copy_from_slice(data);
                    }
                    at += data.len();
                })
            }
        }
    }

    /// Appends to `buf` within its spare capacity, which must not be empty. 0 is the end of the stream.
    #[inline]
    pub fn poll_append(&self, cx: &mut Context<'_>, buf: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        match &self.0 {
            Plain(socket) => socket.poll_append(cx, buf),
            Multiplexed(channel) => {
                let room = buf.capacity() - buf.len();
                if room == 0 {
                    return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
                }
                channel.poll_take(cx, room, &mut |data| buf.extend_from_slice(data))
            }
        }
    }

    /// As [`Self::poll_append`]; a buffer without memory has some only while there is something in it.
    #[inline]
    pub fn poll_append_late(
        &self,
        cx: &mut Context<'_>,
        buf: &mut Buffer,
    ) -> Poll<io::Result<usize>> {
        match &self.0 {
            Plain(socket) => socket.poll_append_late(cx, buf),
            Multiplexed(channel) => {
                if buf.capacity() == 0 {
                    std::task::ready!(channel.poll_readable(cx))?;
                    buf.acquire();
                }
                self.poll_append(cx, buf)
            }
        }
    }

    /// Waits for data, then appends to `buf` within its spare capacity, which must not be empty.
    ///
    /// # Errors
    /// The stream's.
    pub async fn append(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        poll_fn(|cx| self.poll_append(cx, buf)).await
    }

    /// Looks at what a read of a socket would give, without taking it, once that is more than `seen` bytes or the
    /// end (0). A channel cannot.
    pub fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        seen: usize,
    ) -> Poll<io::Result<usize>> {
        match &self.0 {
            Plain(socket) => socket.poll_peek(cx, buf, seen),
            Multiplexed(_) => Poll::Ready(unsupported()),
        }
    }

    /// Ready when the peer has closed its side of a socket, or reset a channel, or the connection broke; data that still
    /// waits to be read does not matter.
    pub fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.0 {
            Plain(socket) => socket.poll_closed(cx),
            Multiplexed(channel) => channel.poll_gone(cx),
        }
    }

    /// Ready when the peer has left in the midst of an exchange, as far as that can be told: a socket with nothing to read but
    /// its end, a channel that was reset.
    pub fn poll_left(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.0 {
            Plain(socket) => match socket.poll_readable(cx) {
                Poll::Ready(_) if socket.noticed() == Some(0) => Poll::Ready(()),
                _ => Poll::Pending,
            },
            Multiplexed(channel) => channel.poll_gone(cx),
        }
    }

    /// Ready when a read would give data, the end or an error. May be wrong once after a `try_read`.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.0 {
            Plain(socket) => socket.poll_readable(cx),
            Multiplexed(channel) => channel.poll_readable(cx),
        }
    }

    /// Whether a socket is at its end, has data, or failed: `Some(0)`, `Some(n)`; `None` while it is merely quiet, as a
    /// channel always is. Costs a system call only if the runtime saw something happen.
    pub fn noticed(&self) -> Option<usize> {
        match &self.0 {
            Plain(socket) => socket.noticed(),
            Multiplexed(_) => None,
        }
    }

    /// Writes what is taken now.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is, else the stream's error.
    pub fn try_write(&self, buf: &[u8], more: bool) -> io::Result<usize> {
        match &self.0 {
            Plain(socket) => socket.try_write(buf, more),
            Multiplexed(_) => {
                now(self.poll_write(&mut Context::from_waker(Waker::noop()), buf, more))
            }
        }
    }

    /// Writes at once what fits, waiting only while nothing does. `more` says that more follows soon
    /// (MSG_MORE).
    #[inline]
    pub fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        more: bool,
    ) -> Poll<io::Result<usize>> {
        match &self.0 {
            Plain(socket) => socket.poll_write(cx, buf, more),
            Multiplexed(channel) => channel.poll_write(cx, &[IoSlice::new(buf)], false),
        }
    }

    /// As [`Self::poll_write`] with several pieces in one call.
    #[inline]
    pub fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        more: bool,
    ) -> Poll<io::Result<usize>> {
        match &self.0 {
            Plain(socket) => socket.poll_write_vectored(cx, bufs, more),
            Multiplexed(channel) => channel.poll_write(cx, bufs, false),
        }
    }

    /// Runs an operation that writes to this socket; waits while it would block. Channels have none.
    pub fn poll_send<T>(
        &self,
        cx: &mut Context<'_>,
        operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        match &self.0 {
            Plain(socket) => socket.poll_send(cx, operation),
            Multiplexed(_) => Poll::Ready(unsupported()),
        }
    }

    /// Waits for readability, then runs an operation that reads from this socket; waits again while it
    /// would block. For splice, whose short counts do not mean that the socket is drained. Channels have none.
    pub fn poll_take<T>(
        &self,
        cx: &mut Context<'_>,
        operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        match &self.0 {
            Plain(socket) => socket.poll_take(cx, operation),
            Multiplexed(_) => Poll::Ready(unsupported()),
        }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// The stream's; part may be written.
    pub async fn write_all(&self, mut buf: &[u8]) -> io::Result<()> {
        while !buf.is_empty() {
            let n = poll_fn(|cx| self.poll_write(cx, buf, false)).await?;
            buf = buf.get(n..).unwrap_or_default();
        }
        Ok(())
    }

    /// Ends our side (FIN, after TLS's own farewell; a channel's end of stream); reading goes on.
    ///
    /// # Errors
    /// The stream's, also where the peer is gone.
    pub fn shutdown_write(&self) -> io::Result<()> {
        match &self.0 {
            Plain(socket) => socket.shutdown_write(),
            Multiplexed(channel) => channel.finish(&mut std::iter::empty()),
        }
    }

    /// Makes closing send RST and forget unsent bytes (SO_LINGER 0: `nolinger`, failed checks). A channel is closed no other
    /// way than it is anyhow: its connection serves others.
    pub fn set_reset_on_close(&self) {
        if let Plain(socket) = &self.0 {
            socket.set_reset_on_close();
        }
    }

    /// Makes the client believe that it is still connected (`silent-drop`): the socket vanishes without a word. Where that
    /// takes a privilege that is missing, or a hop limit is given, a reset is sent that dies after so many routers. A channel
    /// takes its connection with it.
    pub fn vanish(&self, hops: Option<u8>) {
        match &self.0 {
            Plain(socket) => socket.vanish(hops),
            Multiplexed(channel) => {
                channel.carrier().vanish(hops);
                channel.reset(Cut::Cancel);
            }
        }
    }

    /// The pending error of the socket (SO_ERROR), taken.
    pub fn take_error(&self) -> Option<io::Error> {
        match &self.0 {
            Plain(socket) => socket.take_error(),
            Multiplexed(channel) => channel.carrier().take_error(),
        }
    }

    /// Ready when the socket can be written to; how a connect in progress says that it is over.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.0 {
            Plain(socket) => socket.poll_writable(cx),
            Multiplexed(_) => Poll::Ready(Ok(())),
        }
    }
}

impl AsFd for Stream {
    /// The connection's socket.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.0 {
            Plain(socket) => socket.as_fd(),
            Multiplexed(channel) => channel.carrier().as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    fn with_pair(test: impl AsyncFnOnce(Stream, UnixStream)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async {
                let (ours, theirs) = UnixStream::pair().unwrap();
                ours.set_nonblocking(true).unwrap();
                test(Stream::new(ours.into()).unwrap(), theirs).await;
            });
    }

    #[test]
    fn reads_data_then_the_end() {
        with_pair(async |stream, mut peer| {
            peer.write_all(b"hello").unwrap();
            let mut buf = Vec::with_capacity(64);
            assert_eq!(stream.append(&mut buf).await.unwrap(), 5);
            assert_eq!(buf, b"hello");
            drop(peer);
            assert_eq!(stream.append(&mut buf).await.unwrap(), 0);
        });
    }

    #[test]
    fn a_quiet_peer_is_not_noticed_and_a_gone_one_is() {
        with_pair(async |stream, peer| {
            assert_eq!(stream.noticed(), None);
            drop(peer);
            poll_fn(|cx| stream.poll_readable(cx)).await.unwrap();
            assert_eq!(stream.noticed(), Some(0));
        });
    }

    #[test]
    fn write_waits_for_a_slow_reader_and_loses_nothing() {
        with_pair(async |stream, mut peer| {
            let sent: Vec<u8> = (0..1_000_000u32).map(|n| n as u8).collect();
            let expected = sent.clone();
            let reader = std::thread::spawn(move || {
                let mut got = Vec::new();
                peer.read_to_end(&mut got).unwrap();
                got
            });
            stream.write_all(&sent).await.unwrap();
            stream.shutdown_write().unwrap();
            assert_eq!(reader.join().unwrap(), expected);
        });
    }
}

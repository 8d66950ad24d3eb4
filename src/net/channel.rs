//! One stream of a multiplexed connection, where a socket could stand.
//!
//! `wire` makes them; [`Stream`] passes reads and writes through them. Which protocol multiplexes is not known here, nor what
//! a message is: only that it frames itself, that fields may follow its bytes, and that it can be reset without the others.

use std::fmt::Debug;
use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use super::Stream;

/// Takes a field that came behind the bytes: its name and its value.
pub type Taker<'a> = dyn FnMut(&[u8], &[u8]) + 'a;
/// Fields to be sent behind the bytes.
pub type Fields<'a> = dyn Iterator<Item = (&'a [u8], &'a [u8])> + 'a;

/// Why a channel is cut off before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is not needed any more.
    Cancel,
    /// What came on it breaks the protocol.
    Protocol,
    /// Something failed on this side, or behind it.
    Internal,
    /// The peer asks for too much.
    Calm,
    /// Nothing of it was looked at: it can be tried again.
    Refused,
}

/// A byte stream each way, multiplexed with others. One task uses it; what waits is woken as with a socket.
pub trait Channel: Debug {
    /// Hands at most `room` bytes to `put`, as many as there are. 0 is the peer's end of the stream.
    ///
    /// Only what is handed over opens the peer's window again, so a slow reader stops its writer.
    ///
    /// Errors: the peer has reset it, or the connection broke.
    fn poll_take(
        &self,
        cx: &mut Context<'_>,
        room: usize,
        put: &mut dyn FnMut(&[u8]),
    ) -> Poll<io::Result<usize>>;

    /// Ready when [`Self::poll_take`] would be.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Writes what the peer's window and our own bound allow now. `last`: nothing follows these pieces, so that the stream's
    /// end can go along with the last of their bytes.
    fn poll_write(
        &self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
        last: bool,
    ) -> Poll<io::Result<usize>>;

    /// Ends our side, with these fields behind the bytes. Does nothing once it has ended.
    ///
    /// # Errors
    /// It was reset, or the connection broke.
    fn finish(&self, fields: &mut Fields<'_>) -> io::Result<()>;

    /// The fields that came behind the peer's bytes, each of them once, after [`Self::poll_take`] has answered 0.
    fn trailers(&self, take: &mut Taker<'_>);

    /// Ready when the peer has reset it, or the connection broke. The end of the peer's bytes alone is no such thing.
    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Cuts it off both ways. Does nothing once both sides have ended.
    fn reset(&self, why: Cut);

    /// The connection that carries it.
    fn carrier(&self) -> &Stream;
}

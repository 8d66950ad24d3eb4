//! One stream of an HTTP/2 connection as a channel: bytes both ways within its windows, its end, its trailers, its reset.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Response};

use super::carrier::Carrier;
use super::fields;
use crate::net::Stream;
use crate::net::channel::{Channel, Cut, Fields, Taker};
use crate::wire::h1::may_trail;

/// The most that is asked for at once of the peer's window.
const PIECE: usize = 64 * 1024;

/// A stream.
pub struct Lane {
    carrier: Rc<Carrier>,
    incoming: RefCell<Incoming>,
    outgoing: RefCell<Outgoing>,
    /// Our side has ended, or was cut off.
    ended: Cell<bool>,
}

#[derive(Default)]
struct Incoming {
    /// `None` until the peer's head is there, and after its last byte.
    body: Option<RecvStream>,
    held: Bytes,
    /// The peer's side has ended.
    ended: bool,
    trailers: Option<HeaderMap>,
}

enum Outgoing {
    /// It is not open.
    Nothing,
    /// A response's head comes first.
    Head(SendResponse<Bytes>),
    Body(SendStream<Bytes>),
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Lane({})",
            if self.ended.get() { "ended" } else { "open" }
        )
    }
}

impl Lane {
    /// A stream that a client has opened. [`Self::respond`] comes before any of our bytes.
    pub fn answering(
        carrier: Rc<Carrier>,
        body: RecvStream,
        respond: SendResponse<Bytes>,
    ) -> Rc<Self> {
        Rc::new(Self {
            carrier,
            incoming: RefCell::new(Incoming {
                ended: body.is_end_stream(),
                body: Some(body),
                ..Incoming::default()
            }),
            outgoing: RefCell::new(Outgoing::Head(respond)),
            ended: Cell::new(false),
        })
    }

    /// A stream that is yet to be opened: [`Self::opened`] comes before any of our bytes.
    pub fn unopened(carrier: Rc<Carrier>) -> Rc<Self> {
        Rc::new(Self {
            carrier,
            incoming: RefCell::default(),
            outgoing: RefCell::new(Outgoing::Nothing),
            ended: Cell::new(false),
        })
    }

    /// A request has opened it. `ended`: END_STREAM went with its head. [`Self::answered`] comes before any of the peer's bytes.
    pub fn opened(&self, send: SendStream<Bytes>, ended: bool) {
        *self.outgoing.borrow_mut() = Outgoing::Body(send);
        self.ended.set(ended);
    }

    /// The server's head has come; its bytes follow.
    pub fn answered(&self, body: RecvStream) {
        *self.incoming.borrow_mut() = Incoming {
            ended: body.is_end_stream(),
            body: Some(body),
            ..Incoming::default()
        };
    }

    /// The connection.
    pub fn connection(&self) -> &Rc<Carrier> {
        &self.carrier
    }

    /// Whether nothing follows the peer's head.
    pub fn has_ended(&self) -> bool {
        self.incoming.borrow().ended
    }

    /// Sends an interim response.
    ///
    /// # Errors
    /// The stream is gone.
    pub fn inform(&self, response: Response<()>) -> io::Result<()> {
        match &mut *self.outgoing.borrow_mut() {
            Outgoing::Head(respond) => respond.send_informational(response).map_err(broken),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Sends a final response's head; `end`: nothing follows it.
    ///
    /// # Errors
    /// The stream is gone, or it has been answered already.
    pub fn respond(&self, response: Response<()>, end: bool) -> io::Result<()> {
        let mut outgoing = self.outgoing.borrow_mut();
        let Outgoing::Head(respond) = &mut *outgoing else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let send = respond.send_response(response, end).map_err(broken)?;
        *outgoing = Outgoing::Body(send);
        self.ended.set(end);
        Ok(())
    }
}

impl Incoming {
    /// Waits until bytes are held, or the end is known.
    fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.held.is_empty() && !self.ended {
            let Some(body) = &mut self.body else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            match ready!(body.poll_data(cx)) {
                Some(Ok(data)) => self.held = data,
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                None => {
                    self.trailers = ready!(body.poll_trailers(cx)).map_err(broken)?;
                    self.ended = true;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Hands over what is held, and opens the window for as much again.
    fn hand_over(&mut self, room: usize, put: &mut dyn FnMut(&[u8])) -> usize {
        let n = self.held.len().min(room);
        put(self.held.get(..n).unwrap_or_default());
        self.held.advance(n);
        if let Some(body) = &mut self.body {
            // Only a stream that is over refuses.
            let _ = body.flow_control().release_capacity(n);
        }
        n
    }
}

impl Channel for Lane {
    fn poll_take(
        &self,
        cx: &mut Context<'_>,
        room: usize,
        put: &mut dyn FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        let mut incoming = self.incoming.borrow_mut();
        let mut taken = 0;
        // Several frames at once, where they are there.
        while taken < room {
            match incoming.poll_hold(cx) {
                Poll::Ready(Ok(())) if incoming.held.is_empty() => break,
                Poll::Ready(Ok(())) => taken += incoming.hand_over(room - taken, put),
                // What has come before a reset is still good; the reset shows again.
                _ if taken > 0 => break,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.incoming.borrow_mut().poll_hold(cx)
    }

    fn poll_write(
        &self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
        last: bool,
    ) -> Poll<io::Result<usize>> {
        let mut outgoing = self.outgoing.borrow_mut();
        let Outgoing::Body(send) = &mut *outgoing else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        if total == 0 {
            return Poll::Ready(Ok(0));
        }
        send.reserve_capacity(total.min(PIECE));
        let room = loop {
            match send.capacity() {
                0 => match ready!(send.poll_capacity(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                    None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                },
                room => break room,
            }
        };
        let data = gather(pieces, room.min(total));
        let written = data.len();
        let end = last && written == total;
        send.send_data(data, end).map_err(broken)?;
        if end {
            self.ended.set(true);
        }
        Poll::Ready(Ok(written))
    }

    fn finish(&self, fields: &mut Fields<'_>) -> io::Result<()> {
        if self.ended.replace(true) {
            return Ok(());
        }
        let Outgoing::Body(send) = &mut *self.outgoing.borrow_mut() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let trailers = fields::trailers(fields);
        if trailers.is_empty() {
            send.send_data(Bytes::new(), true).map_err(broken)
        } else {
            send.send_trailers(trailers).map_err(broken)
        }
    }

    fn trailers(&self, take: &mut Taker<'_>) {
        let trailers = self.incoming.borrow_mut().trailers.take();
        for (name, value) in &trailers.unwrap_or_default() {
            let name = name.as_str().as_bytes();
            if may_trail(name) {
                take(name, value.as_bytes());
            }
        }
    }

    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let reset = match &mut *self.outgoing.borrow_mut() {
            Outgoing::Nothing => return Poll::Pending,
            Outgoing::Head(respond) => respond.poll_reset(cx),
            Outgoing::Body(send) => send.poll_reset(cx),
        };
        reset.map(|_| ())
    }

    fn reset(&self, why: Cut) {
        if self.ended.replace(true) {
            return;
        }
        let reason = match why {
            Cut::Cancel => Reason::CANCEL,
            Cut::Protocol => Reason::PROTOCOL_ERROR,
            Cut::Internal => Reason::INTERNAL_ERROR,
            Cut::Refused => Reason::REFUSED_STREAM,
            Cut::Calm => Reason::ENHANCE_YOUR_CALM,
        };
        match &mut *self.outgoing.borrow_mut() {
            Outgoing::Nothing => {}
            Outgoing::Head(respond) => respond.send_reset(reason),
            Outgoing::Body(send) => send.send_reset(reason),
        }
    }

    fn carrier(&self) -> &Stream {
        self.carrier.stream()
    }
}

/// The first `size` bytes of the pieces, as one.
fn gather(pieces: &[IoSlice<'_>], size: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(size);
    for piece in pieces {
        let room = size - bytes.len();
        bytes.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
    }
    bytes.into()
}

fn broken(error: h2::Error) -> io::Error {
    match error.reason() {
        Some(_) => io::Error::new(io::ErrorKind::ConnectionReset, error),
        None => error
            .into_io()
            .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()),
    }
}

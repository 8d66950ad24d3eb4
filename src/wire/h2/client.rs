//! Connections to servers: requests multiplexed over one, and the task that drives it.
//!
//! An [`Upstream`] is shared by whoever may send requests; each takes an [`Inquiry`], whose [`Lane`] is there before the request
//! is, so that a lease has its stream. The driver ends with the connection: when the server closes it, or nobody holds the
//! [`Upstream`] any more.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::Reason;
use h2::client::{Builder, Connection, ResponseFuture, SendRequest};

use super::carrier::{Carrier, Io};
use super::request::{self, Sending};
use super::{Lane, Malformed, Terms, response};
use crate::http::Head;
use crate::net::{Alarm, Stream, Summons};
use crate::wire::h1::{Asked, ResponseFacts};

/// How long a connection that nobody needs any more may take to say farewell.
const FAREWELL: Duration = Duration::from_secs(5);
/// Streams that may be opened before the server has said how many it takes.
const UNTOLD: usize = 100;
/// Response bytes of a stream that wait for the server's window at most; what is over that waits where it came from.
const OUTGOING: usize = 64 * 1024;

/// A connection to a server that requests share.
pub struct Upstream {
    requests: RefCell<SendRequest<Bytes>>,
    carrier: Rc<Carrier>,
    life: Rc<Life>,
}

/// What the driver and those who use the connection tell each other.
#[derive(Debug, Default)]
struct Life {
    over: Cell<bool>,
    abandoned: Rc<Summons>,
    /// The server's settings have come.
    settled: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl Life {
    fn poll_settled(&self, cx: &Context<'_>) -> Poll<()> {
        if self.settled.get() || self.over.get() {
            return Poll::Ready(());
        }
        self.waiting.borrow_mut().push(cx.waker().clone());
        Poll::Pending
    }

    /// Settings are the first that a server sends, in one piece: they are there with its first bytes.
    fn settle(&self) {
        if !self.settled.replace(true) {
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upstream(over: {})", self.life.over.get())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.life.abandoned.call();
    }
}

impl Upstream {
    /// Begins to speak HTTP/2 on a connection. Answers the connection, and its driver, which somebody has to run.
    ///
    /// # Errors
    /// The socket's.
    pub async fn begin(
        stream: Stream,
        terms: &Terms,
    ) -> io::Result<(Rc<Self>, impl Future<Output = ()> + use<>)> {
        let carrier = Carrier::of_server(stream);
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(terms.window)
            .initial_connection_window_size(terms.connection_window)
            .max_concurrent_streams(terms.streams)
            .initial_max_send_streams(UNTOLD)
            .max_frame_size(terms.frame)
            .max_header_list_size(terms.head)
            .max_send_buffer_size(OUTGOING);
        if let Some(size) = terms.header_table {
            builder.header_table_size(size);
        }
        if let Some(most) = terms.glitches {
            builder.max_local_error_reset_streams(Some(most as usize));
        }
        let shaken = builder.handshake::<_, Bytes>(Io(carrier.clone())).await;
        let (requests, connection) = shaken.map_err(broken)?;
        let life = Rc::new(Life::default());
        let driver = drive(connection, carrier.clone(), life.clone());
        let upstream = Rc::new(Self {
            requests: RefCell::new(requests),
            carrier,
            life,
        });
        Ok((upstream, driver))
    }

    /// Whether it takes another request: neither it nor the server has ended it.
    pub fn is_usable(&self) -> bool {
        let mut noop = Context::from_waker(Waker::noop());
        let ready = self.requests.borrow_mut().poll_ready(&mut noop);
        !self.life.over.get() && matches!(ready, Poll::Ready(Ok(())))
    }

    /// Streams at once that the server allows.
    pub fn room(&self) -> usize {
        self.requests.borrow().current_max_send_streams()
    }

    /// The connection itself.
    pub fn stream(&self) -> &Stream {
        self.carrier.stream()
    }

    /// How many bytes have come.
    pub fn received(&self) -> u64 {
        self.carrier.received()
    }

    /// A request that is yet to be made.
    pub fn inquiry(self: &Rc<Self>) -> Inquiry {
        Inquiry {
            lane: Lane::unopened(self.carrier.clone()),
            upstream: self.clone(),
            response: RefCell::new(None),
            received: Cell::new(0),
        }
    }
}

/// Runs a connection to its end.
async fn drive(connection: Connection<Io, Bytes>, carrier: Rc<Carrier>, life: Rc<Life>) {
    let mut alarm = Alarm::heeding(life.abandoned.clone());
    let mut ending: Option<Alarm> = None;
    let mut connection = pin!(connection);
    poll_fn(|cx| {
        carrier.driven_by(cx.waker());
        if ending.is_none() && alarm.poll(cx).is_ready() {
            let mut last = Alarm::new();
            last.set(Instant::now().checked_add(FAREWELL));
            ending = Some(last);
        }
        if ending.as_mut().is_some_and(|last| last.poll(cx).is_ready()) {
            return Poll::Ready(());
        }
        let over = connection.as_mut().poll(cx).is_ready();
        if over || carrier.received() > 0 {
            life.settle();
        }
        if over {
            life.over.set(true);
            // What it said last may still be on its way.
            return match carrier.poll_flush(cx) {
                Poll::Pending if ending.is_some() => Poll::Pending,
                _ => Poll::Ready(()),
            };
        }
        // All streams have had their turn: what they wrote leaves together.
        match carrier.poll_flush(cx) {
            Poll::Ready(Err(_)) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    })
    .await;
    life.over.set(true);
}

/// Why a request was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// The server has not looked at it, and says so: it may be sent again, whatever it asks for.
    Refused,
    /// The server has reset it, or the connection broke.
    Closed,
    /// The answer is none.
    Malformed,
    /// HTTP/2 cannot say it.
    Unsayable,
    /// The server knows of no tunnels for other protocols (RFC 8441 3).
    NoTunnels,
}

/// One request and its answer's head.
#[derive(Debug)]
pub struct Inquiry {
    lane: Rc<Lane>,
    upstream: Rc<Upstream>,
    response: RefCell<Option<ResponseFuture>>,
    /// What had come on the connection when the request was sent.
    received: Cell<u64>,
}

impl Inquiry {
    /// Its stream.
    pub fn lane(&self) -> &Rc<Lane> {
        &self.lane
    }

    /// Whether the connection has been silent since the request was sent.
    pub fn was_ignored(&self) -> bool {
        self.upstream.received() == self.received.get()
    }

    /// Ready once the server has said what it can.
    pub fn poll_settled(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.upstream.life.poll_settled(cx)
    }

    /// Sends the request's head; `end`: nothing follows it.
    ///
    /// # Errors
    /// Why not.
    pub fn send(&self, head: &Head, how: Sending<'_>, end: bool) -> Result<(), Unanswered> {
        let request = request::send(head, how).map_err(|_| Unanswered::Unsayable)?;
        let mut requests = self.upstream.requests.borrow_mut();
        let tunnel = request.extensions().get::<h2::ext::Protocol>().is_some();
        if tunnel && !requests.is_extended_connect_protocol_enabled() {
            return Err(Unanswered::NoTunnels);
        }
        self.received.set(self.upstream.received());
        let sent = requests.send_request(request, end);
        let (response, send) = sent.map_err(|error| match error.is_io() || error.is_go_away() {
            // It was on no connection.
            true => Unanswered::Refused,
            false => Unanswered::Unsayable,
        })?;
        self.lane.opened(send, end);
        *self.response.borrow_mut() = Some(response);
        Ok(())
    }

    /// Waits for the next head of the answer: interim ones, then the final one.
    pub fn poll_head(
        &self,
        cx: &mut Context<'_>,
        asked: Asked,
        head: &mut Head,
        lines: usize,
    ) -> Poll<Result<ResponseFacts, Unanswered>> {
        let mut waiting = self.response.borrow_mut();
        let Some(response) = waiting.as_mut() else {
            return Poll::Ready(Err(Unanswered::Closed));
        };
        if let Poll::Ready(Some(interim)) = response.poll_informational(cx) {
            let (parts, ()) = interim.map_err(|error| why(&error))?.into_parts();
            return Poll::Ready(understood(&parts, false, asked, head, lines));
        }
        let answered = std::task::ready!(Pin::new(response).poll(cx));
        *waiting = None;
        let (parts, body) = answered.map_err(|error| why(&error))?.into_parts();
        self.lane.answered(body);
        let facts = understood(&parts, self.lane.has_ended(), asked, head, lines);
        Poll::Ready(facts)
    }
}

fn understood(
    parts: &http::response::Parts,
    ended: bool,
    asked: Asked,
    head: &mut Head,
    lines: usize,
) -> Result<ResponseFacts, Unanswered> {
    let facts = response::receive(parts, ended, asked, head);
    match facts {
        Ok(facts) if head.len() < lines => Ok(facts),
        Ok(_) | Err(Malformed(_)) => Err(Unanswered::Malformed),
    }
}

/// What an error on a stream means for its request.
fn why(error: &h2::Error) -> Unanswered {
    let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    match error.is_remote() {
        true if refused || error.is_go_away() => Unanswered::Refused,
        false if error.is_reset() => Unanswered::Malformed,
        _ => Unanswered::Closed,
    }
}

fn broken(error: h2::Error) -> io::Error {
    error
        .into_io()
        .unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
}

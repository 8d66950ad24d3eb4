//! Our side of a client's connection: streams that arrive, the connection's end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::Reason;
use h2::server::{Builder, Connection, Handshake};
use http::request::Parts;

use super::carrier::{Carrier, Io};
use super::fields::Malformed;
use super::lane::Lane;
use super::request::{self, Received};
use super::terms::Terms;
use crate::http::Head;

/// The first bytes of a client that knows that we speak HTTP/2 (RFC 9113 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Streams that a client has reset and that nobody has looked at yet: more end the connection (CVE-2023-44487).
const RESET_UNSEEN: usize = 200;
/// Streams that we have reset for a client's faults: more end the connection (CVE-2025-8671).
const RESET_FOR_FAULTS: usize = 1024;
/// Bytes of a stream that wait to be sent, at most.
const SEND: usize = 64 * 1024;

/// A stream that a client has opened.
pub struct Arrived {
    parts: Parts,
    number: u32,
    /// Its bytes.
    pub lane: Rc<Lane>,
}

impl std::fmt::Debug for Arrived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arrived({:?})", self.lane)
    }
}

impl Arrived {
    /// Its number on the connection.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Makes our head of its request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn receive(&self, head: &mut Head) -> Result<Received, Malformed> {
        request::receive(&self.parts, self.lane.has_ended(), head)
    }
}

/// What comes of a connection.
#[derive(Debug)]
pub enum Event {
    /// A stream.
    Stream(Box<Arrived>),
    /// Nothing more: it is closed.
    Closed,
    /// What came is not HTTP/2, or nothing came.
    Stranger,
    /// It broke, or its client broke the protocol. What there was to say of that is said.
    Broken,
}

/// A connection with a client. Whoever drives it polls for events, then flushes the carrier.
pub struct Server {
    carrier: Rc<Carrier>,
    state: State,
}

enum State {
    Beginning(Pin<Box<Handshake<Io, Bytes>>>),
    Going(Box<Connection<Io, Bytes>>),
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({:?})", self.carrier)
    }
}

impl Server {
    /// Begins on a connection; its client's preface is yet to be read.
    pub fn new(carrier: Rc<Carrier>, terms: &Terms) -> Self {
        let mut builder = Builder::new();
        builder
            .initial_window_size(terms.window)
            .initial_connection_window_size(terms.connection_window)
            .max_frame_size(terms.frame)
            .max_header_list_size(terms.head)
            .max_concurrent_streams(terms.streams)
            .max_send_buffer_size(SEND)
            .max_pending_accept_reset_streams(RESET_UNSEEN)
            .max_local_error_reset_streams(Some(
                terms
                    .glitches
                    .map_or(RESET_FOR_FAULTS, |most| most as usize),
            ));
        if let Some(size) = terms.header_table {
            builder.header_table_size(size);
        }
        if terms.extended_connect {
            builder.enable_connect_protocol();
        }
        let handshake = builder.handshake(Io(carrier.clone()));
        Self {
            carrier,
            state: State::Beginning(Box::pin(handshake)),
        }
    }

    /// What comes next.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let State::Beginning(handshake) = &mut self.state {
            match ready!(handshake.as_mut().poll(cx)) {
                Ok(connection) => self.state = State::Going(Box::new(connection)),
                Err(_) => return Poll::Ready(Event::Stranger),
            }
        }
        let State::Going(connection) = &mut self.state else {
            return Poll::Ready(Event::Closed);
        };
        Poll::Ready(match ready!(connection.poll_accept(cx)) {
            Some(Ok((request, respond))) => {
                let (parts, body) = request.into_parts();
                let number = respond.stream_id().as_u32();
                let lane = Lane::answering(self.carrier.clone(), body, respond);
                Event::Stream(Box::new(Arrived {
                    parts,
                    number,
                    lane,
                }))
            }
            Some(Err(_)) => Event::Broken,
            None => Event::Closed,
        })
    }

    /// Takes no more streams, and closes when those that there are have ended (RFC 9113 6.8).
    pub fn part(&mut self) {
        if let State::Going(connection) = &mut self.state {
            connection.graceful_shutdown();
        }
    }

    /// Closes at once; `calm`: the client asks for too much. False if there is nobody to be told: it has not spoken HTTP/2.
    pub fn close(&mut self, calm: bool) -> bool {
        if let State::Going(connection) = &mut self.state {
            let reason = if calm {
                Reason::ENHANCE_YOUR_CALM
            } else {
                Reason::NO_ERROR
            };
            connection.abrupt_shutdown(reason);
        }
        matches!(self.state, State::Going(_))
    }

    /// Writes what waits.
    pub fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.carrier.poll_flush(cx)
    }
}

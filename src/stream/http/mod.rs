//! The HTTP engine: a client connection in `mode http`, request by request.
//!
//! Reads top-down: [`serve`] waits for requests, `exchange` takes one through its phases (receive, rules, backend, body, server,
//! response, finish), each in a file of its own. Must not know how servers are chosen or what rules say.

mod answer;
mod ask;
mod body;
mod cacheable;
mod coding;
mod cookies;
mod edit;
mod exchange;
mod finish;
mod forward;
mod forwarded;
mod half;
mod idle;
mod names;
mod receive;
mod relay;
mod respond;
mod response_rules;
mod rules;
mod runner;
mod size;
mod stop;
mod switch;
mod upgrade;
mod websocket;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Instant, SystemTime};

pub use runner::Runners;
use stop::Stop;

use super::{Client, many};
use crate::backend::Own;
use crate::net::Stream;
use crate::wire::h2::{Arrived, Lane};
use crate::worker::Worker;

/// A client connection between and during its requests.
#[derive(Debug)]
struct Connection {
    client: Client,
    /// Idle server connections that only this client may use.
    own: Own,
    /// When the last response ended, or the session was complete.
    since: Instant,
    /// The beginning of what turned out to be HTTP/2.
    early: Vec<u8>,
}

/// What becomes of the client connection after an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It may send another request.
    Request,
    /// It is over.
    Close,
    /// It speaks HTTP/2 from its first byte on.
    Multiplex,
}

/// Serves a client connection in HTTP mode until it ends.
pub async fn serve(worker: Rc<Worker>, client: Client) {
    let mut connection = Box::new(Connection {
        since: client.session.accepted,
        client,
        own: Own::default(),
        early: Vec::new(),
    });
    idle::wait_for_first(&mut connection).await;
    loop {
        let (back, next) = runner::run(&worker, connection).await;
        connection = back;
        if next == Next::Multiplex {
            let Connection { client, early, .. } = *connection;
            return Box::pin(many::serve(worker, client, early)).await;
        }
        if next == Next::Close || !idle::wait(&mut connection).await {
            return;
        }
    }
}

/// One stream of a connection that carries many, and what can serve the next one: making a client anew for each would cost
/// more than serving it.
#[derive(Debug)]
pub(super) struct Stand(Box<Connection>);

impl Stand {
    /// For the first stream.
    pub(super) fn new(client: Client) -> Self {
        Self(Box::new(Connection {
            since: client.session.accepted,
            client,
            own: Own::default(),
            early: Vec::new(),
        }))
    }

    /// For another stream, whose idle time began then.
    pub(super) fn renew(&mut self, arrived: Box<Arrived>, date: SystemTime, since: Instant) {
        let Connection { client, .. } = &mut *self.0;
        client.session.renew(date, since);
        client.take_stream(arrived);
        self.0.since = since;
    }

    /// Serves it. Streams share the server connections that only their client may use. `None` if it cannot serve another one;
    /// until it does, `nobody` stands where the stream was, which is over once nobody holds it.
    pub(super) async fn serve(
        mut self,
        worker: &Rc<Worker>,
        own: &RefCell<Own>,
        nobody: &Rc<Lane>,
    ) -> Option<Self> {
        self.0.own = own.take();
        let (mut connection, _) = runner::run(worker, self.0).await;
        own.borrow_mut().join(std::mem::take(&mut connection.own));
        let client = &mut connection.client;
        client.stream = Stream::of_channel(nobody.clone());
        client.lane = None;
        client.arrived = None;
        client.slot.ended_by().is_none().then_some(Self(connection))
    }
}

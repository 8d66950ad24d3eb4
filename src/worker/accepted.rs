//! A client connection on its way from the accept loop to the stream engine.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::{Instant, SystemTime};

use crate::end::Cause;
use crate::net::{Stream, Summons};
use crate::plan::{Listener, Plan, Proxy};
use crate::sample::Address;
use crate::state::{self, Counted};

use super::Worker;

/// A client connection that was just accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The client.
    pub stream: Stream,
    /// Its address.
    pub source: Address,
    /// The address it connected to.
    pub destination: Address,
    /// When: monotonic and wall clock.
    pub at: (Instant, SystemTime),
    /// The plan it starts and ends with.
    pub plan: Arc<Plan>,
    /// The frontend.
    pub proxy: Arc<Proxy>,
    /// The listener.
    pub listener: Arc<Listener>,
    /// Its place among the counted connections.
    pub slot: Slot,
}

/// A place for a client connection under all limits. Dropping it makes room for another.
#[derive(Debug)]
pub struct Slot {
    worker: Rc<Worker>,
    proxy: Arc<state::Proxy>,
    listener: Arc<state::Listener>,
    /// Its place among the TLS connections, where the listener speaks TLS.
    secured: Option<Counted>,
    key: usize,
    /// Whether it is a connection's place; a stream takes no room of its own.
    counted: bool,
}

impl Slot {
    /// Takes a place, if the limits of the process, the frontend and the listener allow.
    pub(super) fn reserve(
        worker: &Rc<Worker>,
        plan: &Plan,
        proxy: &Proxy,
        listener: &Listener,
    ) -> Option<Self> {
        let process = &worker.fleet.state.process;
        if listener.tls.is_some() && process.secured.is_full(plan.global.maxsslconn) {
            return None;
        }
        if !process.conns.reserve(plan.maxconn) {
            return None;
        }
        if !proxy.state.front.sessions.reserve(proxy.maxconn) {
            process.conns.dec();
            return None;
        }
        if !listener.state.conns.reserve(listener.bind.maxconn) {
            process.conns.dec();
            proxy.state.front.sessions.dec();
            return None;
        }
        Some(Self {
            worker: worker.clone(),
            proxy: proxy.state.clone(),
            listener: listener.state.clone(),
            secured: None,
            key: worker.clients.enter(),
            counted: true,
        })
    }

    /// A connection has come to take the place.
    pub(super) fn confirm(&mut self, listener: &Listener) {
        let process = &self.worker.fleet.state.process;
        self.secured = listener.tls.is_some().then(|| process.secured());
        process.conns.confirm();
        self.proxy.front.sessions.confirm();
        self.listener.conns.confirm();
    }

    /// Its key among the worker's clients.
    pub(super) fn key(&self) -> usize {
        self.key
    }

    /// The place of one of the connection's streams: it can be ended by itself.
    pub fn of_stream(&self) -> Self {
        Self {
            worker: self.worker.clone(),
            proxy: self.proxy.clone(),
            listener: self.listener.clone(),
            secured: None,
            key: self.worker.clients.enter(),
            counted: false,
        }
    }

    /// From now on its connection is told when the process stops, in place of being closed when it is idle.
    pub fn farewell(&self) -> Rc<Summons> {
        self.worker.clients.farewell(self.key)
    }

    /// Says which server its stream uses now, by its number. Its session can then be ended with those of
    /// the server.
    pub fn set_server(&self, number: Option<u32>) {
        let orders = self.worker.fleet.orders.load(Relaxed);
        let server = number.map(|number| (number, orders));
        self.worker.clients.set_server(self.key, server);
    }

    /// What its alarm must heed.
    pub fn summons(&self) -> Rc<Summons> {
        self.worker.clients.summons(self.key)
    }

    /// Why its session was ended with those of its server, if it was.
    pub fn ended_by(&self) -> Option<Cause> {
        self.worker.clients.ended_by(self.key)
    }

    /// Says whether the connection is idle between requests: then it may be closed without notice
    /// when the process stops.
    pub fn set_idle(&self, idle: bool) {
        self.worker.clients.set_idle(self.key, idle);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.secured.take());
        let fleet = &self.worker.fleet;
        self.worker.clients.leave(self.key);
        if !self.counted {
            return;
        }
        self.listener.conns.dec();
        self.proxy.front.sessions.dec();
        fleet.state.process.conns.dec();
        if fleet.crowded.load(SeqCst) > 0 {
            fleet.room.notify_waiters();
        }
    }
}

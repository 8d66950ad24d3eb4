//! A client connection on its way from the accept loop to the stream engine.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::net::Stream;
use crate::plan::{Listener, Plan, Proxy};
use crate::sample::Address;
use crate::state;

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

/// A counted client connection: dropping it makes room for another.
#[derive(Debug)]
pub struct Slot {
    state: Arc<state::State>,
    proxy: Arc<state::Proxy>,
    listener: Arc<state::Listener>,
}

impl Slot {
    /// Counts a connection.
    pub fn take(
        state: Arc<state::State>,
        proxy: Arc<state::Proxy>,
        listener: Arc<state::Listener>,
    ) -> Self {
        state.process.conns.inc();
        proxy.front.sessions.inc();
        listener.conns.inc();
        Self {
            state,
            proxy,
            listener,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.listener.conns.dec();
        self.proxy.front.sessions.dec();
        self.state.process.conns.dec();
    }
}

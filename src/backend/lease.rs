//! A server connection in use by one stream.

use std::rc::Rc;
use std::sync::Arc;

use crate::net::Stream;
use crate::plan::{Proxy, Server};
use crate::sample::Address;
use crate::worker::Worker;

use super::queue::Place;
use super::{Idle, Own};

/// A server, a place among its connections, and the connection. Dropping it closes the connection and
/// makes room for the next in the queue.
#[derive(Debug)]
pub struct Lease {
    /// The backend.
    pub backend: Arc<Proxy>,
    /// The server. Not one of `backend.servers` for `dispatch` and `option transparent`.
    pub server: Arc<Server>,
    /// True if the connection carried requests before: an early close may then be a race, not an error.
    pub reused: bool,
    pub(super) requests: u32,
    pub(super) addresses: (Address, Address),
    pub(super) stream: Stream,
    pub(super) place: Place,
    pub(super) name: Option<Box<str>>,
}

impl Lease {
    /// The connection.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Ends the lease and keeps the connection for another request, as `http-reuse` allows. Only for a
    /// connection that is at the end of a complete exchange and will be kept alive.
    pub fn give_back(self, worker: &Rc<Worker>, own: &mut Own) {
        let Self {
            backend,
            server,
            requests,
            stream,
            place,
            addresses,
            name,
            ..
        } = self;
        drop(place);
        if worker.descriptors_are_short() {
            return;
        }
        let idle = Idle {
            stream,
            server,
            addresses,
            requests: requests + 1,
            since: worker.now().instant,
            name,
        };
        worker.idle.keep(&backend, idle, own);
    }
}

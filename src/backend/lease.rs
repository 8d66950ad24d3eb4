//! A server connection in use by one stream.

use std::rc::Rc;
use std::sync::Arc;

use crate::net::Stream;
use crate::plan::{Proxy, Server};
use crate::worker::Worker;

use super::queue::Place;
use super::{Course, Link, Own};

/// A server, a place among its connections, and the connection. Dropping it closes the connection and
/// makes room for the next in the queue.
#[derive(Debug)]
pub struct Lease {
    /// True if the connection carried requests before: an early close may then be a race, not an error.
    pub reused: bool,
    pub(super) link: Box<Link>,
    pub(super) place: Place,
}

impl Lease {
    /// The backend.
    pub fn backend(&self) -> &Arc<Proxy> {
        &self.place.backend
    }

    /// The server. Not one of the backend's list for `dispatch` and `option transparent`.
    pub fn server(&self) -> &Arc<Server> {
        &self.place.server
    }

    /// The connection.
    pub fn stream(&self) -> &Stream {
        &self.link.stream
    }

    /// The request's place on a connection of many, if it has one.
    pub fn course(&self) -> Option<&Course> {
        self.link.course.as_ref()
    }

    /// Ends the lease and keeps the connection for another request, as `http-reuse` allows. Only for a
    /// connection that is at the end of a complete exchange and will be kept alive.
    pub fn give_back(self, worker: &Rc<Worker>, own: &mut Own) {
        let Self {
            place, mut link, ..
        } = self;
        if link.course.is_some() || worker.descriptors_are_short() {
            // A stream of many is used once; its connection stays without it.
            return;
        }
        link.requests += 1;
        link.since = worker.now().instant;
        if !Arc::ptr_eq(&link.server, &place.server) {
            link.server = place.server.clone();
        }
        worker.idle.keep(&place.backend, link, own);
    }
}

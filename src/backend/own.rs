//! Server connections that belong to one client connection (`http-reuse never`).

use std::sync::Arc;
use std::time::Instant;

use crate::net::Stream;
use crate::plan::Server;
use crate::sample::Address;

/// An idle connection and what is known of it.
#[derive(Debug)]
pub struct Idle {
    /// The connection.
    pub stream: Stream,
    /// Where it leads.
    pub server: Arc<Server>,
    /// Our end and the server's.
    pub addresses: (Address, Address),
    /// Requests it has carried.
    pub requests: u32,
    /// Since when it is idle.
    pub since: Instant,
    /// The name it asked for by TLS.
    pub name: Option<Box<str>>,
}

impl Idle {
    /// True if it leads where the server is now: a reload or an operator may have moved it.
    pub fn leads_to(&self, server: &Server) -> bool {
        let same = std::ptr::eq(&*self.server, server)
            || (self.server.target == server.target && self.server.connect == server.connect);
        let moves = server.target.is_none() && !server.follows_client();
        same && (!moves || self.addresses.1.ip() == server.state.address())
    }
}

/// Idle server connections that only this client's requests may use. The stream keeps one per client
/// connection.
#[derive(Debug, Default)]
pub struct Own(Vec<Idle>);

impl Own {
    /// Keeps a connection; one per server.
    pub fn keep(&mut self, idle: Idle) {
        self.0.retain(|old| !Arc::ptr_eq(&old.server, &idle.server));
        self.0.push(idle);
    }

    /// Takes the connection to this server, if it is still open.
    pub fn take(&mut self, server: &Server) -> Option<Idle> {
        let at = self
            .0
            .iter()
            .position(|idle| std::ptr::eq(&*idle.server, server))?;
        let idle = self.0.swap_remove(at);
        let usable = idle.leads_to(server) && idle.stream.noticed().is_none();
        usable.then_some(idle)
    }
}

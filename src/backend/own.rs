//! Server connections that belong to one client connection (`http-reuse never`).

use std::sync::Arc;
use std::time::Instant;

use crate::net::Stream;
use crate::plan::Server;
use crate::sample::{Address, Handshake};

/// A server connection and what is known of it, in use or idle.
#[derive(Debug)]
pub struct Link {
    /// The connection.
    pub stream: Stream,
    /// Where it leads.
    pub server: Arc<Server>,
    /// Our end and the server's.
    pub addresses: (Address, Address),
    /// Requests it has carried.
    pub requests: u32,
    /// Since when it is idle, once it is.
    pub since: Instant,
    /// What sets it apart from others to the same server.
    pub nature: Nature,
    /// How often the server had moved when it was seen to lead there.
    pub moves: Option<u32>,
    /// What its TLS handshake came to.
    pub tls: Option<Arc<Handshake>>,
}

/// What a request must want alike to share a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nature {
    /// The name asked for by TLS.
    pub name: Option<Box<str>>,
    /// The mark and the TOS byte of its packets, where rules set them.
    pub packets: (Option<u32>, Option<u8>),
}

impl Link {
    /// True if it leads where the server is now: a reload or an operator may have moved it.
    pub fn leads_to(&mut self, server: &Server) -> bool {
        let same = std::ptr::eq(&*self.server, server)
            || (self.server.target == server.target && self.server.connect == server.connect);
        let moves = server.target.is_none() && !server.follows_client();
        same && (!moves || self.is_where(server))
    }

    fn is_where(&mut self, server: &Server) -> bool {
        let moves = Some(server.state.moves());
        if self.moves != moves {
            if self.addresses.1.ip() != server.state.address() {
                return false;
            }
            self.moves = moves;
        }
        true
    }
}

/// Idle server connections that only this client's requests may use. The stream keeps one per client
/// connection.
#[derive(Debug, Default)]
#[expect(
    clippy::vec_box,
    reason = "they come and go as boxes: too large to be moved about"
)]
pub struct Own(Vec<Box<Link>>);

impl Own {
    /// Keeps a connection; one per server.
    pub fn keep(&mut self, link: Box<Link>) {
        self.0.retain(|old| !Arc::ptr_eq(&old.server, &link.server));
        self.0.push(link);
    }

    /// Takes the connection to this server, if it is still open.
    pub fn take(&mut self, server: &Server) -> Option<Box<Link>> {
        let at = self
            .0
            .iter()
            .position(|link| std::ptr::eq(&*link.server, server))?;
        let mut link = self.0.swap_remove(at);
        let usable = link.leads_to(server) && link.stream.noticed().is_none();
        usable.then_some(link)
    }
}

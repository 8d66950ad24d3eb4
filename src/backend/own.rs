//! Server connections that belong to one client connection (`http-reuse never`).

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::net::Stream;
use crate::plan::Server;
use crate::sample::{Address, Handshake};

use super::trunk::{Course, Trunk};

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
    /// Where it is one of many streams of a connection: its place there.
    pub course: Option<Course>,
}

/// What a request must want alike to share a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nature {
    /// The name asked for by TLS.
    pub name: Option<Box<str>>,
    /// The mark and the TOS byte of its packets, where rules set them.
    pub packets: (Option<u32>, Option<u8>),
    /// What is spoken on it.
    pub spoken: Spoken,
}

/// What is spoken on a connection to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spoken {
    /// What TLS agrees on, else HTTP/1.
    #[default]
    Agreed,
    /// HTTP/1, and TLS offers nothing else.
    H1,
    /// HTTP/2, and TLS offers nothing else.
    H2,
}

impl Link {
    /// The major version of the HTTP that is spoken on it.
    pub fn major(&self) -> u8 {
        if self.course.is_some() { 2 } else { 1 }
    }

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
pub struct Own {
    links: Vec<Box<Link>>,
    /// Those that carry many requests at once, all of this client's.
    trunks: Vec<Rc<Trunk>>,
}

impl Own {
    /// Keeps a connection; one per server.
    pub fn keep(&mut self, link: Box<Link>) {
        self.links
            .retain(|old| !Arc::ptr_eq(&old.server, &link.server));
        self.links.push(link);
    }

    /// Ends this connection together with the client's.
    pub(super) fn hold(&mut self, trunk: &Rc<Trunk>) {
        self.trunks
            .retain(|held| held.is_usable() && !Rc::ptr_eq(held, trunk));
        self.trunks.push(trunk.clone());
    }

    /// Keeps those of another, one per server.
    pub fn join(&mut self, mut other: Self) {
        for link in other.links.drain(..) {
            self.keep(link);
        }
        for trunk in other.trunks.drain(..) {
            self.hold(&trunk);
        }
    }

    /// Takes the connection to this server, if it is still open.
    pub fn take(&mut self, server: &Server) -> Option<Box<Link>> {
        let at = self
            .links
            .iter()
            .position(|link| std::ptr::eq(&*link.server, server))?;
        let mut link = self.links.swap_remove(at);
        let usable = link.leads_to(server) && link.stream.noticed().is_none();
        usable.then_some(link)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        for trunk in &self.trunks {
            trunk.give_up();
        }
    }
}

//! Server connections that carry many requests at once (HTTP/2), and who may use them (manual 4.2 `http-reuse`; 5.2
//! `pool-max-conn`, `pool-purge-delay`, `max-reuse`).
//!
//! A [`Trunk`] is one such connection, a [`Course`] one request's place on it. A worker keeps its trunks in [`Trunks`]; a course
//! that ends makes room on its trunk. A trunk that is given up ends with its last course.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::net::Stream;
use crate::plan::Server;
use crate::sample::{Address, Handshake, Session};
use crate::settings::HttpReuse;
use crate::wire::h2::{Inquiry, Upstream};

use super::own::{Link, Nature};

/// A client connection, as far as trunks tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner(Instant, Option<SocketAddr>);

impl Owner {
    /// Who this session is.
    pub fn of(session: &Session) -> Self {
        Self(session.accepted, session.source.ip())
    }
}

/// What a request asks of a trunk.
#[derive(Debug)]
pub struct Claim<'a> {
    /// The server, as the request's plan knows it.
    pub server: &'a Arc<Server>,
    /// What its connection has to be like.
    pub nature: &'a Nature,
    /// Whose request it is.
    pub owner: Owner,
    /// It is the first of its session.
    pub first: bool,
    /// `http-reuse`.
    pub reuse: HttpReuse,
    /// The connection is for this client alone.
    pub private: bool,
    /// Requests at once on one connection (`tune.h2.be.max-concurrent-streams`).
    pub most: usize,
}

/// A connection to a server that carries many requests at once.
#[derive(Debug)]
pub struct Trunk {
    /// Until it is given up.
    upstream: RefCell<Option<Rc<Upstream>>>,
    server: RefCell<Arc<Server>>,
    addresses: (Address, Address),
    nature: Nature,
    tls: Option<Arc<Handshake>>,
    /// How often the server had moved when it was seen to lead there.
    moves: Cell<Option<u32>>,
    /// Requests it has carried.
    requests: Cell<u32>,
    active: Cell<usize>,
    /// Who alone may use it: for good, or while there are courses.
    owner: Cell<Option<Owner>>,
    private: bool,
    /// Since when it is idle, once it is.
    since: Cell<Instant>,
    /// It is counted among its server's idle connections.
    counted: Cell<bool>,
}

impl Trunk {
    /// A trunk that was opened for this request, and the request's place on it.
    pub fn begin(
        upstream: Rc<Upstream>,
        claim: &Claim<'_>,
        addresses: (Address, Address),
        tls: Option<Arc<Handshake>>,
        now: Instant,
    ) -> (Rc<Self>, Box<Link>) {
        let trunk = Rc::new(Self {
            upstream: RefCell::new(Some(upstream.clone())),
            server: RefCell::new(claim.server.clone()),
            addresses,
            nature: claim.nature.clone(),
            tls,
            moves: Cell::new(None),
            requests: Cell::new(0),
            active: Cell::new(0),
            owner: Cell::new(None),
            private: claim.private,
            since: Cell::new(now),
            counted: Cell::new(false),
        });
        let link = trunk.enter(&upstream, claim, now);
        (trunk, link)
    }

    /// Whether this request may use it now.
    fn fits(&self, claim: &Claim<'_>) -> bool {
        let mine = self.owner.get() == Some(claim.owner);
        let idle = self.active.get() == 0;
        let allowed = match (self.private, claim.private) {
            (true, true) => mine,
            (false, false) => match claim.reuse {
                HttpReuse::Never => false,
                // While it carries requests it is its session's.
                HttpReuse::Safe => match idle {
                    true => !claim.first,
                    false => mine,
                },
                HttpReuse::Aggressive | HttpReuse::Always => true,
            },
            _ => false,
        };
        let most = claim.server.settings.max_reuse;
        allowed
            && self.nature == *claim.nature
            && most.is_none_or(|most| self.requests.get() <= most)
            && self.has_room(claim.most)
            && self.leads_to(claim.server)
    }

    fn has_room(&self, most: usize) -> bool {
        let upstream = self.upstream.borrow();
        upstream.as_ref().is_some_and(|upstream| {
            upstream.is_usable() && self.active.get() < most.min(upstream.room())
        })
    }

    /// True if it leads where the server is now: a reload or an operator may have moved it.
    fn leads_to(&self, server: &Arc<Server>) -> bool {
        {
            let known = self.server.borrow();
            let same = Arc::ptr_eq(&known, server)
                || (known.target == server.target && known.connect == server.connect);
            if !same {
                return false;
            }
        }
        if server.target.is_none() && !server.follows_client() {
            let moves = Some(server.state.moves());
            if self.moves.get() != moves {
                if self.addresses.1.ip() != server.state.address() {
                    return false;
                }
                self.moves.set(moves);
            }
        }
        true
    }

    /// Takes a place on it.
    fn enter(
        self: &Rc<Self>,
        upstream: &Rc<Upstream>,
        claim: &Claim<'_>,
        now: Instant,
    ) -> Box<Link> {
        self.active.set(self.active.get() + 1);
        self.count_idle(false);
        self.owner.set(Some(claim.owner));
        if !Arc::ptr_eq(&self.server.borrow(), claim.server) {
            *self.server.borrow_mut() = claim.server.clone();
        }
        let carried = self.requests.get();
        self.requests.set(carried.saturating_add(1));
        let inquiry = upstream.inquiry();
        Box::new(Link {
            stream: Stream::of_channel(inquiry.lane().clone()),
            server: claim.server.clone(),
            addresses: self.addresses.clone(),
            requests: carried,
            since: now,
            nature: self.nature.clone(),
            moves: None,
            tls: self.tls.clone(),
            course: Some(Course {
                inquiry,
                trunk: self.clone(),
            }),
        })
    }

    /// No request uses it any more: its connection ends when the last course has.
    pub fn give_up(&self) {
        self.count_idle(false);
        self.upstream.borrow_mut().take();
    }

    fn leave(&self) {
        let left = self.active.get().saturating_sub(1);
        self.active.set(left);
        if left > 0 {
            return;
        }
        self.since.set(Instant::now());
        if !self.private {
            self.owner.set(None);
        }
        let full = {
            let server = self.server.borrow();
            let limits = &server.settings;
            let spent = limits
                .max_reuse
                .is_some_and(|most| self.requests.get() > most);
            let full = limits
                .pool_max_conn
                .is_some_and(|most| server.state.idle.load() >= most);
            spent || (full && !self.private)
        };
        if full || !self.is_usable() {
            self.give_up();
        } else {
            self.count_idle(true);
        }
    }

    /// Whether it takes another request.
    pub(super) fn is_usable(&self) -> bool {
        let upstream = self.upstream.borrow();
        upstream
            .as_ref()
            .is_some_and(|upstream| upstream.is_usable())
    }

    fn count_idle(&self, idle: bool) {
        // Private ones are nobody else's: HAProxy does not count them either.
        if self.private || self.counted.replace(idle) == idle {
            return;
        }
        let idles = &self.server.borrow().state.idle;
        match idle {
            true => idles.inc(),
            false => idles.dec(),
        };
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        self.count_idle(false);
    }
}

/// One request's place on a trunk. Dropping it makes room; what it has not ended is reset.
#[derive(Debug)]
pub struct Course {
    /// The request and its answer.
    pub inquiry: Inquiry,
    trunk: Rc<Trunk>,
}

impl Course {
    /// Whether the connection ended before the request came to anybody, as far as can be told: nothing has come since.
    pub fn was_lost(&self) -> bool {
        self.inquiry.was_ignored() && !self.trunk.is_usable()
    }

    /// The request was not answered in time. If nothing else has come either, the connection may be dead: nobody else shall
    /// wait on it.
    pub fn doubt(&self) {
        if self.inquiry.was_ignored() {
            self.trunk.give_up();
        }
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        self.trunk.leave();
    }
}

/// The trunks of one worker, by server.
#[derive(Debug, Default)]
pub struct Trunks(RefCell<Vec<Vec<Rc<Trunk>>>>);

impl Trunks {
    /// Takes a place on a trunk that this request may use: first where others run, else on the one used last.
    pub fn take(&self, claim: &Claim<'_>, now: Instant) -> Option<Box<Link>> {
        let mut all = self.0.borrow_mut();
        let list = all.get_mut(claim.server.state.number as usize)?;
        list.retain(|trunk| trunk.active.get() > 0 || trunk.is_usable());
        let fitting = list.iter().filter(|trunk| trunk.fits(claim));
        let best = fitting.max_by_key(|trunk| (trunk.active.get() > 0, trunk.since.get()))?;
        let upstream = best.upstream.borrow().clone()?;
        Some(best.enter(&upstream, claim, now))
    }

    /// Keeps a new trunk.
    pub fn keep(&self, trunk: Rc<Trunk>) {
        let mut all = self.0.borrow_mut();
        let number = trunk.server.borrow().state.number as usize;
        if all.len() <= number {
            all.resize_with(number + 1, Vec::new);
        }
        if let Some(list) = all.get_mut(number) {
            list.push(trunk);
        }
    }

    /// Gives up those that carry nothing. False if there was none.
    pub fn clear(&self) -> bool {
        let mut closed = false;
        for list in self.0.borrow_mut().iter_mut() {
            list.retain(|trunk| {
                let idle = trunk.active.get() == 0;
                closed |= idle;
                !idle
            });
        }
        closed
    }

    /// Forgets those that have ended, and half of those that were not needed for `delay` of their server, in milliseconds.
    pub fn sweep(&self, now: Instant, delay: impl Fn(&Server) -> u64) {
        for list in self.0.borrow_mut().iter_mut() {
            list.retain(|trunk| trunk.active.get() > 0 || trunk.is_usable());
            let is_stale = |trunk: &Rc<Trunk>| {
                let delay = Duration::from_millis(delay(&trunk.server.borrow()));
                // Those of one client end with it.
                !trunk.private && trunk.active.get() == 0 && trunk.since.get() + delay <= now
            };
            let stale = list.iter().filter(|trunk| is_stale(trunk)).count();
            let mut left = stale.div_ceil(2);
            list.retain(|trunk| {
                let goes = left > 0 && is_stale(trunk);
                left -= usize::from(goes);
                !goes
            });
        }
    }
}

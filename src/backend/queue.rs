//! Places on servers, and waiting for one (manual 5.2 `maxconn`, `minconn`, `maxqueue`; 4.2 `timeout
//! queue`, `option redispatch`).
//!
//! A [`Place`] is one request counted on a server. While there is room it is an atomic add; a request
//! that finds none enters the queue of its server, or of the backend if any server would do, and
//! whoever drops a place hands it to the next in line, on whatever thread that waits.
//!
//! Waiting is a future: dropping it (timeout, client gone) leaves the queue, and passes on a place
//! that had just been given.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{Ordering::SeqCst, fence};

use crate::plan::{Proxy, Server};
use crate::settings::Options;
use crate::state::queue::{Call, Key, Queue, Rank, Ticket};
use crate::state::{self, Operational};

/// One request counted on a server; dropping it makes room for the next.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) backend: Arc<Proxy>,
    pub(super) server: Arc<Server>,
}

impl Place {
    /// Takes a place if there is room and nobody waits for this server.
    pub(super) fn take(backend: &Arc<Proxy>, server: &Arc<Server>) -> Option<Self> {
        let limit = backend.limit(server);
        if limit > 0 && server.state.queued.load() > 0 {
            return None;
        }
        if !server.state.totals.sessions.try_inc(limit) {
            return None;
        }
        backend.load_changed(server);
        Some(Self::counted(backend, server))
    }

    /// A place that was counted already.
    fn counted(backend: &Arc<Proxy>, server: &Arc<Server>) -> Self {
        Self {
            backend: backend.clone(),
            server: server.clone(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.server.state.totals.sessions.dec();
        self.backend.load_changed(&self.server);
        dispatch(&self.backend, &self.server);
    }
}

/// What a request that chose a server gets.
#[derive(Debug)]
pub(super) enum Admission {
    /// A place.
    Now(Place),
    /// A wait in the server's queue.
    Wait(Waiting),
    /// `maxqueue` are waiting: choose another server if allowed.
    Full,
}

/// Asks for a place on a server; `rank` is asked for only to wait. `bound` requests (`force-persist`) stay in its queue even if it goes
/// down.
pub(super) fn admit(
    backend: &Arc<Proxy>,
    server: &Arc<Server>,
    rank: impl FnOnce() -> Rank,
    bound: bool,
) -> Admission {
    if let Some(place) = Place::take(backend, server) {
        return Admission::Now(place);
    }
    let most = server.settings.maxqueue;
    match Waiting::enter(backend, Some(server), rank(), bound, most) {
        Some(waiting) => Admission::Wait(waiting),
        None => Admission::Full,
    }
}

/// Waits for whichever server has room first.
pub(super) fn wait_for_any(backend: &Arc<Proxy>, rank: Rank) -> Option<Waiting> {
    Waiting::enter(backend, None, rank, false, 0)
}

/// What ends a wait.
#[derive(Debug)]
pub(super) enum Turn {
    /// A place.
    Serve(Place),
    /// The server went away: choose again.
    ChooseAgain,
}

/// A request in a queue.
#[derive(Debug)]
pub(super) struct Waiting {
    backend: Arc<Proxy>,
    /// The server it waits for; `None` for any.
    server: Option<Arc<Server>>,
    ticket: Arc<Ticket>,
    key: Key,
    called_before: u32,
}

impl Waiting {
    fn enter(
        backend: &Arc<Proxy>,
        server: Option<&Arc<Server>>,
        rank: Rank,
        bound: bool,
        most: u32,
    ) -> Option<Self> {
        let ticket = Arc::new(Ticket::default());
        let queue = server.map_or(&backend.state.queued, |server| &server.state.queued);
        let called_before = queue.called();
        let key = queue.enter(rank, ticket.clone(), bound, most)?;
        let waiting = Self {
            backend: backend.clone(),
            server: server.cloned(),
            ticket,
            key,
            called_before,
        };
        // A place may have become free between the look and the entry, with nobody there to call.
        match server {
            Some(server) => {
                backend.load_changed(server);
                dispatch(backend, server);
            }
            None => backend
                .servers
                .iter()
                .for_each(|server| dispatch(backend, server)),
        }
        Some(waiting)
    }

    fn queue(&self) -> &Queue {
        let any = &self.backend.state.queued;
        self.server
            .as_ref()
            .map_or(any, |server| &server.state.queued)
    }

    /// What logs show as `%sq` (if [`Waiting::server`] is one) or `%bq`: how many of this queue were called
    /// since this one entered, with itself, `served` or not.
    pub(super) fn position(&self, served: bool) -> u32 {
        let called = self.queue().called().wrapping_sub(self.called_before);
        called + u32::from(!served)
    }

    /// The server it waits for; `None` if any will do.
    pub(super) fn server(&self) -> Option<&Arc<Server>> {
        self.server.as_ref()
    }

    /// Ready when it is this request's turn.
    pub(super) async fn turn(&mut self) -> Turn {
        match poll_fn(|context| self.ticket.poll(context)).await {
            Call::ChooseAgain => Turn::ChooseAgain,
            Call::Serve(server) => self.serve(&server),
        }
    }

    /// Makes the place counted on a server ours. The server may be one of a newer plan that this
    /// backend does not know: then the count is taken back.
    fn serve(&self, state: &Arc<state::Server>) -> Turn {
        let mut servers = self.backend.servers.iter();
        match servers.find(|server| Arc::ptr_eq(&server.state, state)) {
            Some(server) => Turn::Serve(Place::counted(&self.backend, server)),
            None => {
                state.totals.sessions.dec();
                Turn::ChooseAgain
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(Call::Serve(server)) = self.ticket.give_up() {
            drop(self.serve(&server));
        } else if self.queue().leave(self.key)
            && let Some(server) = &self.server
        {
            self.backend.load_changed(server);
        }
    }
}

/// Gives the free places of a server to those who wait for it, and, if it takes part in balancing, to
/// those who wait for any: by class and time over both queues.
fn dispatch(backend: &Proxy, server: &Server) {
    let (own, any) = (&server.state.queued, &backend.state.queued);
    let sessions = &server.state.totals.sessions;
    loop {
        // Pairs with the entry of a queue: either we see who entered, or it sees the place we freed.
        fence(SeqCst);
        let for_any =
            any.load() > 0 && backend.lists(server) && backend.balancer.takes_part(server.index);
        if own.load() == 0 && !for_any {
            return;
        }
        if !sessions.try_inc(backend.limit(server)) {
            return;
        }
        let called = next(own, for_any.then_some(any))
            .is_some_and(|ticket| ticket.call(Call::Serve(server.state.clone())).is_ok());
        if !called {
            sessions.dec();
        }
        backend.load_changed(server);
    }
}

fn next(own: &Queue, any: Option<&Queue>) -> Option<Arc<Ticket>> {
    let Some(any) = any else {
        return own.pop();
    };
    let own_first = match (own.next(), any.next()) {
        (Some(own), Some(any)) => own <= any,
        (own, _) => own.is_some(),
    };
    if own_first { own.pop() } else { any.pop() }
}

/// Takes a change of a server's health, administration or weight: its balancer learns of it, those
/// who wait for a server that is gone choose another (`option redispatch` without `option persist`),
/// and a server that is there takes from the queues. Answers how many were sent to choose again.
pub fn server_changed(backend: &Proxy, server: &Server) -> u32 {
    backend.server_changed(server.index);
    let settings = &backend.settings;
    let may_leave = settings.redispatch.is_some() && !settings.options.contains(Options::PERSIST);
    let admin = server.state.admin();
    let operational = server.state.operational();
    let gone = admin.maint()
        || admin.drain()
        || matches!(operational, Operational::Stopped | Operational::Stopping);
    if !gone {
        dispatch(backend, server);
        return 0;
    }
    if !may_leave {
        return 0;
    }
    let sent = server.state.queued.disperse();
    backend.load_changed(server);
    sent
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;

//! Idle server connections of one worker.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::backend::{Link, Nature, Own};
use crate::plan::{Proxy, Server};
use crate::settings::HttpReuse;

/// `pool-purge-delay` by default, in milliseconds.
const PURGE: u64 = 5_000;

/// `pool-purge-delay` of a server, in milliseconds.
pub(super) fn purge_delay(server: &Server) -> u64 {
    server.settings.pool_purge_delay.unwrap_or(PURGE)
}

/// Idle connections by server.
#[derive(Debug, Default)]
pub struct IdlePool {
    #[expect(
        clippy::vec_box,
        reason = "they come and go as boxes: too large to be moved about"
    )]
    by_server: RefCell<Vec<Vec<Box<Link>>>>,
}

impl IdlePool {
    /// Keeps a connection if the settings allow it, else closes it.
    pub fn keep(&self, backend: &Proxy, idle: Box<Link>, own: &mut Own) {
        let limits = &idle.server.settings;
        if limits.max_reuse.is_some_and(|max| idle.requests > max) {
            return;
        }
        if backend.settings.reuse == HttpReuse::Never || idle.server.is_private() {
            own.keep(idle);
        } else {
            self.push(idle);
        }
    }

    fn push(&self, idle: Box<Link>) {
        let server = &idle.server;
        let limit = server.settings.pool_max_conn;
        if limit.is_some_and(|max| server.state.idle.load() >= max) {
            return;
        }
        let mut all = self.by_server.borrow_mut();
        let number = server.state.number as usize;
        if all.len() <= number {
            all.resize_with(number + 1, Vec::new);
        }
        if let Some(list) = all.get_mut(number) {
            server.state.idle.inc();
            list.push(idle);
        }
    }

    /// Closes all. False if there was none.
    pub(super) fn clear(&self) -> bool {
        let mut closed = false;
        for idle in self
            .by_server
            .borrow_mut()
            .iter_mut()
            .flat_map(|list| list.drain(..))
        {
            idle.server.state.idle.dec();
            closed = true;
        }
        closed
    }

    /// Takes the connection that was used last, of those that have carried at least `proved` requests,
    /// are of this nature, still lead where the server is now, and that the server has not closed.
    pub fn take(&self, server: &Server, proved: u32, nature: &Nature) -> Option<Box<Link>> {
        let mut all = self.by_server.borrow_mut();
        let list = all.get_mut(server.state.number as usize)?;
        let fits = |idle: &Link| idle.requests >= proved && idle.nature == *nature;
        while let Some(at) = list.iter().rposition(|idle| fits(idle)) {
            let mut idle = list.remove(at);
            server.state.idle.dec();
            if idle.leads_to(server) && idle.stream.noticed().is_none() {
                return Some(idle);
            }
        }
        None
    }

    /// Closes connections that their servers closed, and half of those that were not needed for
    /// `pool-purge-delay` (manual 5.2).
    pub fn sweep(&self, now: Instant) {
        for list in self.by_server.borrow_mut().iter_mut() {
            let before = list.len();
            let Some(server) = list.first().map(|idle| idle.server.clone()) else {
                continue;
            };
            list.retain(|idle| idle.stream.noticed().is_none());
            let delay = Duration::from_millis(purge_delay(&server));
            let stale = list.iter().filter(|idle| idle.since + delay <= now).count();
            // The list is used from its end, so the ones that were not needed are in front.
            list.drain(..stale.div_ceil(2));
            for _ in list.len()..before {
                server.state.idle.dec();
            }
        }
    }
}

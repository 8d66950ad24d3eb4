//! What the balancer asks of the servers' loads, and what it is told of their health.

use std::sync::atomic::Ordering::Relaxed;

use crate::balance;

use super::{Proxy, Server};

/// The loads of a backend's servers at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Loads<'a>(pub &'a Proxy);

impl Loads<'_> {
    fn server(&self, server: usize) -> Option<&Server> {
        self.0.servers.get(server).map(|server| &**server)
    }
}

impl balance::Loads for Loads<'_> {
    fn served(&self, server: usize) -> u32 {
        self.server(server)
            .map_or(0, |server| server.state.totals.sessions.load())
    }
    fn queued(&self, server: usize) -> u32 {
        self.server(server)
            .map_or(0, |server| server.state.queued.load())
    }
    fn limit(&self, server: usize) -> u32 {
        self.server(server).map_or(0, |server| self.0.limit(server))
    }
    fn max_queue(&self, server: usize) -> u32 {
        self.server(server)
            .map_or(0, |server| server.settings.maxqueue)
    }
    fn total_served(&self) -> u32 {
        self.0
            .servers
            .iter()
            .map(|server| server.state.totals.sessions.load())
            .sum()
    }
}

impl Proxy {
    /// How many requests this server may work on at once now; 0 for any number. With `minconn` it
    /// grows with the load of the whole backend, up to `maxconn` at `fullconn` (manual 5.2 `minconn`).
    pub fn limit(&self, server: &Server) -> u32 {
        let (min, max) = (server.settings.minconn, server.settings.maxconn);
        if min == 0 || min >= max || self.fullconn == 0 {
            return max;
        }
        let load = u64::from(self.state.back.sessions.load());
        let full = u64::from(self.fullconn);
        if load >= full {
            return max;
        }
        min.max((load * u64::from(max) / full) as u32)
    }

    /// Tells the balancer that a server's health, weight or administrative state changed, and counts
    /// anew what is usable. Whoever changes a server calls this, for every plan that still runs.
    pub fn server_changed(&self, index: usize) {
        let Some(server) = self.servers.get(index) else {
            return;
        };
        self.balancer
            .update(index, server.effective_weight(), &Loads(self));
        self.count_servers();
    }

    /// Counts usable servers and their weight, for statistics.
    pub(super) fn count_servers(&self) {
        let (mut active, mut backup, mut weights) = (0, 0, [0u32; 2]);
        for server in &self.servers {
            let weight = server.effective_weight();
            if weight == 0 {
                continue;
            }
            if server.settings.backup {
                backup += 1;
                weights[1] += weight;
            } else {
                active += 1;
                weights[0] += weight;
            }
        }
        let total = if active > 0 { weights[0] } else { weights[1] };
        self.state.active_servers.store(active, Relaxed);
        self.state.backup_servers.store(backup, Relaxed);
        self.state
            .total_weight
            .store(total / balance::WEIGHT_SCALE, Relaxed);
    }
}

impl Server {
    /// Its weight for the balancer: 0 while new requests must not go to it.
    pub fn effective_weight(&self) -> u32 {
        if self.state.usable() {
            self.state.effective_weight.load(Relaxed)
        } else {
            0
        }
    }
}

//! What the balancer asks of the servers' loads, and what it is told of their health.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::balance;
use crate::settings::Options;
use crate::state::Operational;

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
    /// grows with the load of the whole backend, up to `maxconn` at `fullconn` (manual 5.2 `minconn`);
    /// in slow start it is a share of that.
    pub fn limit(&self, server: &Server) -> u32 {
        let settings = &server.settings;
        if settings.maxconn == 0 && settings.minconn == 0 {
            return 0;
        }
        let rising = (server.state.operational() == Operational::Starting).then(|| {
            let up_since = server.state.health().last_change;
            let slowstart = settings.slowstart.unwrap_or(0) / 1000;
            (now().saturating_sub(up_since), slowstart)
        });
        dynamic_limit(
            (settings.minconn, settings.maxconn),
            (self.state.back.sessions.load(), self.fullconn),
            rising,
        )
    }

    /// True for a server of this backend's list, false for the one of `dispatch` or `transparent`.
    pub fn lists(&self, server: &Server) -> bool {
        let listed = self.servers.get(server.index);
        listed.is_some_and(|listed| std::ptr::eq(&**listed, server))
    }

    /// Tells the balancer that a server's number of requests, running or queued, changed.
    pub fn load_changed(&self, server: &Server) {
        if self.lists(server) {
            self.balancer.load_changed(server.index, &Loads(self));
        }
    }

    /// Tells the balancer that a server's health, weight or administrative state changed, and counts
    /// anew what is usable. Whoever changes a server calls [`crate::backend::server_changed`], which
    /// moves those who wait, too.
    pub fn server_changed(&self, index: usize) {
        let Some(server) = self.servers.get(index) else {
            return;
        };
        self.balancer
            .update(index, server.effective_weight(), &Loads(self));
        self.count_servers();
    }

    /// Lets the balancer start with the servers as they are.
    pub(super) fn start_balancing(&self) {
        let servers = self.servers.iter();
        let weights: Vec<u32> = servers.map(|server| server.effective_weight()).collect();
        self.balancer.restart(&weights, &Loads(self));
        self.count_servers();
    }

    /// Counts usable servers and the weight of those that take part, for statistics.
    pub(super) fn count_servers(&self) {
        let weights = |backup: bool| {
            let servers = self
                .servers
                .iter()
                .filter(move |s| s.settings.backup == backup);
            servers.map(|s| s.effective_weight()).filter(|w| *w > 0)
        };
        let all_backups = self.settings.options.contains(Options::ALL_BACKUPS);
        let total: u32 = match (weights(false).count(), all_backups) {
            (0, false) => weights(true).next().unwrap_or(0),
            (0, true) => weights(true).sum(),
            _ => weights(false).sum(),
        };
        let count = |backup| u32::try_from(weights(backup).count()).unwrap_or(u32::MAX);
        self.state.active_servers.store(count(false), Relaxed);
        self.state.backup_servers.store(count(true), Relaxed);
        let total = total.div_ceil(balance::WEIGHT_SCALE);
        self.state.total_weight.store(total, Relaxed);
    }
}

/// Wall clock, in seconds.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// `maxconn`, on the ramp from `minconn` that ends when the backend has `fullconn` connections, and
/// during slow start (seconds since up, seconds of `slowstart`) the share of it that has passed.
fn dynamic_limit(
    (min, max): (u32, u32),
    (busy, full): (u32, u32),
    rising: Option<(u64, u64)>,
) -> u32 {
    let max = max.max(min);
    let limit = if min == 0 || min == max || busy >= full {
        max
    } else {
        let ramp = u64::from(busy) * u64::from(max) / u64::from(full);
        min.max(u32::try_from(ramp).unwrap_or(max))
    };
    match rising {
        Some((elapsed, slowstart)) if elapsed < slowstart => {
            let percent = 100 * elapsed / slowstart;
            let share = u64::from(limit) * percent / 100;
            u32::try_from(share).unwrap_or(limit).max(1)
        }
        _ => limit,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_the_backend_and_the_slow_start() {
        for (minmax, load, rising, wanted) in [
            ((0, 100), (0, 1000), None, 100),
            ((100, 100), (0, 1000), None, 100),
            ((10, 100), (0, 1000), None, 10),
            ((10, 100), (50, 1000), None, 10),
            ((10, 100), (500, 1000), None, 50),
            ((10, 100), (1000, 1000), None, 100),
            ((10, 100), (0, 0), None, 100),
            ((30, 20), (0, 1000), None, 30),
            ((0, 100), (0, 1000), Some((0, 10)), 1),
            ((0, 100), (0, 1000), Some((5, 10)), 50),
            ((0, 100), (0, 1000), Some((10, 10)), 100),
            ((10, 100), (500, 1000), Some((5, 10)), 25),
        ] {
            let got = dynamic_limit(minmax, load, rising);
            assert_eq!(got, wanted, "{minmax:?} {load:?} {rising:?}");
        }
    }
}

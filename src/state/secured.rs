//! TLS connections of the process, as they count (`show info`, manual 9.1 of the management guide).

use std::sync::Arc;

use super::Process;
use super::counter::{Counter, Gauge, Rate};

/// Totals of TLS connections with clients and servers.
#[derive(Debug, Default)]
pub struct Secured {
    /// Connections now.
    pub conns: Gauge,
    /// Connections since the start.
    pub total: Counter,
    /// Clients' connections per second.
    pub rate: Rate,
    /// Handshakes with clients per second that needed a new key: those that went on from no earlier session.
    pub front_keys: Rate,
    /// The same with servers.
    pub back_keys: Rate,
}

impl Secured {
    /// Whether there are as many connections as may be; 0 for no limit (`maxsslconn`).
    pub fn is_full(&self, most: u32) -> bool {
        most > 0 && self.conns.load() >= most
    }

    /// Percent of clients' connections in the second that ends now that needed no new key.
    pub fn reuse(&self, now_ms: u64) -> u32 {
        let (all, keys) = (self.rate.read(now_ms), self.front_keys.read(now_ms));
        match all {
            0 => 0,
            all if keys > all => 0,
            all => 100 - (100 * keys + (all - 1) / 2) / all,
        }
    }
}

/// One TLS connection that is counted until this is dropped.
#[derive(Debug)]
pub struct Counted(Arc<Process>);

impl Process {
    /// Counts a TLS connection.
    pub fn secured(self: &Arc<Self>) -> Counted {
        self.secured.conns.inc();
        self.secured.total.inc();
        Counted(self.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.secured.conns.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reuse_is_what_needed_no_key() {
        for (all, keys, percent) in [(0, 0, 0), (10, 0, 100), (10, 10, 0), (10, 3, 70), (1, 2, 0)] {
            let secured = Secured::default();
            secured.rate.add(5000, all);
            secured.front_keys.add(5000, keys);
            assert_eq!(secured.reuse(5000), percent, "{keys} of {all}");
        }
    }

    #[test]
    fn connections_count_while_they_last() {
        let process = Arc::new(Process::default());
        let one = process.secured();
        let two = process.secured();
        drop(one);
        let counts = (process.secured.conns.load(), process.secured.total.load());
        assert_eq!(counts, (1, 2));
        drop(two);
        assert_eq!(process.secured.conns.load(), 0);
    }
}

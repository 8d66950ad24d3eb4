//! What happens when the process has no descriptor left.
//!
//! Idle server connections and pipes are given up by every worker, and for a while none is kept: whoever has something to do
//! needs the descriptor more.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Worker;

/// How long after the last failure nothing is kept idle.
const WHILE: Duration = Duration::from_secs(1);

/// Whether descriptors are short, as all workers see it.
#[derive(Debug)]
pub struct Shortage {
    start: Instant,
    /// Until when, in milliseconds after `start`.
    until: AtomicU64,
    began: Notify,
}

impl Default for Shortage {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            until: AtomicU64::new(0),
            began: Notify::new(),
        }
    }
}

impl Shortage {
    fn at(&self, time: Instant) -> u64 {
        let since = time.saturating_duration_since(self.start);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// True if descriptors ran out a moment ago.
    pub(super) fn lasts(&self, now: Instant) -> bool {
        self.at(now) < self.until.load(Relaxed)
    }

    /// Takes note of a failure. True if it is the first in a while.
    fn note(&self, now: Instant) -> bool {
        let until = self.at(now + WHILE).max(1);
        let before = self.until.swap(until, Relaxed);
        before <= self.at(now)
    }

    /// Waits until a worker tells the others that descriptors ran out.
    pub(super) async fn told(&self) {
        self.began.notified().await;
    }
}

impl Worker {
    /// To be called when a descriptor could not be had for the proxy of this name: gives up what is idle, here and in the other
    /// workers, and tells the operator once. True if another attempt may succeed.
    pub fn out_of_descriptors(&self, proxy: &str) -> bool {
        let shortage = &self.fleet.shortage;
        if shortage.note(Instant::now()) {
            shortage.began.notify_waiters();
            let files = self.plan().global.ulimit_n;
            let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
            let most = files.or(limit).unwrap_or_default();
            self.warn_of_emergency(&format!(
                "Proxy {proxy} reached process FD limit (maxsock={most}). Please check 'ulimit-n' and restart."
            ));
        }
        self.give_up_idle()
    }

    /// True if nothing should be kept open that nobody uses now.
    pub fn descriptors_are_short(&self) -> bool {
        let shortage = &self.fleet.shortage;
        shortage.until.load(Relaxed) > 0 && shortage.lasts(Instant::now())
    }

    /// Closes idle server connections and free pipes. False if there was none.
    pub(super) fn give_up_idle(&self) -> bool {
        let pipes = self.pools.tools.pipes.as_ref();
        let closed = pipes.is_some_and(|pipes| pipes.clear());
        self.idle.clear() | self.trunks.clear() || closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_from_the_first_failure_until_a_while_after_the_last() {
        let shortage = Shortage::default();
        let at = |ms| shortage.start + Duration::from_millis(ms);
        assert!(!shortage.lasts(at(0)));
        assert!(shortage.note(at(10)));
        assert!(shortage.lasts(at(10)) && shortage.lasts(at(1009)) && !shortage.lasts(at(1010)));
        assert!(!shortage.note(at(900)));
        assert!(shortage.lasts(at(1899)) && !shortage.lasts(at(1900)));
        assert!(shortage.note(at(1900)));
    }
}

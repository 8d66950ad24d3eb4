//! What serving a request takes of the processor (`cpu_calls`, `cpu_ns_*`, `lat_ns_*`).
//!
//! The engine counts, and only where some expression asks: the clock is read at every call.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The calls of a stream's task since its request began. Shared by the task and what wakes it.
#[derive(Debug, Default)]
pub struct Meter {
    calls: AtomicU64,
    busy: AtomicU64,
    late: AtomicU64,
}

impl Meter {
    /// Begins anew, with the call that a new request is found in.
    pub fn restart(&self) {
        self.calls.store(1, Relaxed);
        self.busy.store(0, Relaxed);
        self.late.store(0, Relaxed);
    }

    /// Counts a call that comes this long after the task was woken up.
    pub fn called(&self, late: Duration) {
        self.calls.fetch_add(1, Relaxed);
        self.late.fetch_add(nanoseconds(late), Relaxed);
    }

    /// Counts the time that a call took.
    pub fn returned(&self, took: Duration) {
        self.busy.fetch_add(nanoseconds(took), Relaxed);
    }

    /// Calls, the one in progress among them.
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// Nanoseconds spent in calls that are over.
    pub fn busy(&self) -> u64 {
        self.busy.load(Relaxed)
    }

    /// Nanoseconds between waking up and being called.
    pub fn late(&self) -> u64 {
        self.late.load(Relaxed)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

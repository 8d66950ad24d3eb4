//! When to leave a sink alone that takes nothing.
//!
//! A reader that stalls for a moment loses only what does not fit; one that is gone must not cost a system call per line.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

/// So many lines in a row must have failed.
const FAILURES: u32 = 16;
/// How long the sink is left alone then, milliseconds.
const PAUSE: u64 = 10;

/// What is known of one sink; shared by all threads and written only when something fails.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failures: AtomicU32,
    until: AtomicU64,
}

fn millis(now: SystemTime) -> u64 {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Patience {
    /// True if the sink may be tried. A clock that was set back does not keep it waiting for long.
    pub(super) fn allows(&self, now: SystemTime) -> bool {
        let until = self.until.load(Relaxed);
        until == 0 || millis(now).abs_diff(until) > PAUSE || millis(now) >= until
    }

    /// Takes note of how an attempt went.
    pub(super) fn note(&self, now: SystemTime, taken: bool) {
        if !taken {
            if self.failures.fetch_add(1, Relaxed) + 1 >= FAILURES {
                // The next failure makes another pause.
                self.failures.store(FAILURES - 1, Relaxed);
                self.until.store(millis(now) + PAUSE, Relaxed);
            }
        } else if self.failures.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
            self.until.store(0, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn many_failures_in_a_row_make_a_pause_and_one_success_ends_them() {
        let patience = Patience::default();
        let at = |ms| UNIX_EPOCH + Duration::from_millis(1_000_000 + ms);
        for _ in 1..FAILURES {
            patience.note(at(0), false);
            assert!(patience.allows(at(0)));
        }
        patience.note(at(0), false);
        assert!(!patience.allows(at(0)) && !patience.allows(at(PAUSE - 1)));
        assert!(patience.allows(at(PAUSE)));
        assert!(patience.allows(UNIX_EPOCH));
        patience.note(at(PAUSE), false);
        assert!(!patience.allows(at(PAUSE)));
        patience.note(at(2 * PAUSE), true);
        patience.note(at(2 * PAUSE), false);
        assert!(patience.allows(at(2 * PAUSE)));
    }
}

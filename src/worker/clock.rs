//! The time as a worker sees it: read once per turn of its event loop, as HAProxy does, not once per
//! question.

use std::cell::Cell;
use std::time::{Instant, SystemTime};

use crate::sample::millis;

/// So many answers are given from one reading where the loop does not pause.
const USES: u32 = 32;

thread_local! {
    static PAUSED: Cell<bool> = const { Cell::new(true) };
}

/// To be called when the event loop of this thread has slept.
pub(super) fn woke() {
    PAUSED.set(true);
}

/// A worker's clock.
#[derive(Debug)]
pub(super) struct Clock {
    last: Cell<(Instant, SystemTime, u64)>,
    uses: Cell<u32>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            last: Cell::new(read()),
            uses: Cell::new(0),
        }
    }

    /// Monotonic time, wall clock, and the wall clock in milliseconds.
    #[inline]
    pub(super) fn now(&self) -> (Instant, SystemTime, u64) {
        if PAUSED.get() || self.uses.get() == 0 {
            PAUSED.set(false);
            self.uses.set(USES);
            self.last.set(read());
        }
        self.uses.set(self.uses.get() - 1);
        self.last.get()
    }
}

fn read() -> (Instant, SystemTime, u64) {
    let date = SystemTime::now();
    (Instant::now(), date, millis(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_lasts_until_the_loop_slept_or_was_asked_often() {
        let clock = Clock::new();
        woke();
        let first = clock.now();
        for _ in 1..USES {
            assert_eq!(clock.now(), first);
        }
        let later = clock.now();
        assert!(later.0 > first.0);
        woke();
        assert!(clock.now().0 > later.0);
    }
}

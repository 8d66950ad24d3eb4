//! Numbers that many threads raise and anyone reads.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Parts of a counter that belong to one thread each, but for the first.
const PARTS: usize = 3;

thread_local! {
    /// Which part of every counter this thread writes; the first is everybody's.
    static PART: Cell<usize> = const { Cell::new(0) };
}

/// To be called by worker `number` (from 0) on its thread, of which there is one in the process.
pub fn own_part(number: u32) {
    let part = usize::try_from(number).map_or(0, |number| number.saturating_add(1));
    PART.set(if part < PARTS { part } else { 0 });
}

/// A number that only grows.
///
/// The first workers add to parts of their own, without a locked instruction: a request counts some
/// forty times. All others share a part.
#[derive(Debug, Default)]
pub struct Counter {
    parts: [AtomicU64; PARTS],
    /// What the parts amounted to when the counter was reset. Nobody but their thread may write to them.
    base: AtomicU64,
}

impl Counter {
    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }
    /// Adds `n`.
    #[inline]
    pub fn add(&self, n: u64) {
        match (PART.get(), &self.parts) {
            (1, [_, own, _]) | (2, [_, _, own]) => {
                own.store(own.load(Relaxed).wrapping_add(n), Relaxed);
            }
            (_, [shared, ..]) => {
                shared.fetch_add(n, Relaxed);
            }
        }
    }
    /// The value now.
    pub fn load(&self) -> u64 {
        self.sum().wrapping_sub(self.base.load(Relaxed))
    }
    /// Back to zero (`clear counters`).
    pub fn reset(&self) {
        self.base.store(self.sum(), Relaxed);
    }

    fn sum(&self) -> u64 {
        let parts = self.parts.iter().map(|part| part.load(Relaxed));
        parts.fold(0, u64::wrapping_add)
    }
}

/// A number that goes up and down, with the highest value it had.
#[derive(Debug, Default)]
pub struct Gauge {
    now: AtomicU32,
    max: AtomicU32,
}

impl Gauge {
    /// One more; answers the new value.
    pub fn inc(&self) -> u32 {
        let new = self.now.fetch_add(1, Relaxed) + 1;
        if new > self.max.load(Relaxed) {
            self.max.fetch_max(new, Relaxed);
        }
        new
    }
    /// One less; answers the new value.
    pub fn dec(&self) -> u32 {
        self.now.fetch_sub(1, Relaxed).wrapping_sub(1)
    }
    /// One more unless that would pass `limit` (0: no limit). Answers whether it was taken.
    pub fn try_inc(&self, limit: u32) -> bool {
        if limit == 0 {
            self.inc();
            return true;
        }
        let taken = self
            .now
            .fetch_update(Relaxed, Relaxed, |n| (n < limit).then_some(n + 1))
            .is_ok();
        if taken {
            let new = self.now.load(Relaxed);
            self.max.fetch_max(new.min(limit), Relaxed);
        }
        taken
    }
    /// One more unless that would pass `limit` (0: no limit), not yet counted among the highest values:
    /// what it is for has not come. [`Gauge::confirm`] or [`Gauge::dec`] follows.
    pub fn reserve(&self, limit: u32) -> bool {
        let more = |n: u32| (limit == 0 || n < limit).then_some(n + 1);
        self.now.fetch_update(Relaxed, Relaxed, more).is_ok()
    }
    /// What was reserved has come.
    pub fn confirm(&self) {
        let now = self.now.load(Relaxed);
        if now > self.max.load(Relaxed) {
            self.max.fetch_max(now, Relaxed);
        }
    }
    /// The value now.
    pub fn load(&self) -> u32 {
        self.now.load(Relaxed)
    }
    /// The highest value.
    pub fn max(&self) -> u32 {
        self.max.load(Relaxed)
    }
    /// Forgets the highest value.
    pub fn reset_max(&self) {
        self.max.store(self.now.load(Relaxed), Relaxed);
    }
}

/// Events per second over a sliding second: the count of the current second plus the share of the
/// previous second that still is inside the window. Time is an argument, in milliseconds.
#[derive(Debug, Default)]
pub struct Rate {
    /// Second number in the high half, count within it in the low half.
    current: AtomicU64,
    previous: AtomicU32,
    max: AtomicU32,
}

impl Rate {
    /// Counts `n` events at `now_ms`.
    pub fn add(&self, now_ms: u64, n: u32) {
        let second = (now_ms / 1000) & 0xffff_ffff;
        loop {
            let current = self.current.load(Relaxed);
            let at = current >> 32;
            // Another thread's clock may be a little ahead.
            if at >= second {
                self.current.fetch_add(u64::from(n), Relaxed);
                break;
            }
            let old = if at + 1 == second { current as u32 } else { 0 };
            let new = (second << 32) | u64::from(n);
            if self
                .current
                .compare_exchange(current, new, Relaxed, Relaxed)
                .is_ok()
            {
                self.previous.store(old, Relaxed);
                break;
            }
        }
        let rate = self.read(now_ms);
        if rate > self.max.load(Relaxed) {
            self.max.fetch_max(rate, Relaxed);
        }
    }

    /// Events in the second that ends at `now_ms`.
    pub fn read(&self, now_ms: u64) -> u32 {
        let second = (now_ms / 1000) & 0xffff_ffff;
        let current = self.current.load(Relaxed);
        let (at, count) = (current >> 32, current as u32);
        let previous = self.previous.load(Relaxed);
        let left = 1000 - (now_ms % 1000);
        if at >= second {
            count + (u64::from(previous) * left / 1000) as u32
        } else if at + 1 == second {
            (u64::from(count) * left / 1000) as u32
        } else {
            0
        }
    }

    /// The highest rate seen.
    pub fn max(&self) -> u32 {
        self.max.load(Relaxed)
    }
    /// Forgets the highest rate.
    pub fn reset_max(&self) {
        self.max.store(0, Relaxed);
    }
}

/// The moving average of the last 1024 values (HAProxy's qtime, ctime, rtime, ttime), in milliseconds.
#[derive(Debug, Default)]
pub struct Average {
    sum: AtomicI64,
    max: AtomicU32,
}

const SAMPLES: i64 = 1024;

impl Average {
    /// Takes one value in.
    pub fn add(&self, ms: u32) {
        // Not one locked instruction: of two threads at once one value may be passed over, which no average shows.
        let sum = self.sum.load(Relaxed);
        let new = sum + i64::from(ms) - (sum + SAMPLES - 1) / SAMPLES;
        self.sum.store(new, Relaxed);
        if ms > self.max.load(Relaxed) {
            self.max.fetch_max(ms, Relaxed);
        }
    }
    /// The average over the last `n` events (at most 1024 of them).
    pub fn read(&self, events: u64) -> u32 {
        let n = events.clamp(1, SAMPLES as u64) as i64;
        ((self.sum.load(Relaxed) + n - 1) / n).max(0) as u32
    }
    /// The highest value.
    pub fn max(&self) -> u32 {
        self.max.load(Relaxed)
    }
    /// Forgets the highest value.
    pub fn reset_max(&self) {
        self.max.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_all_kinds_count_together_and_a_reset_holds_for_all() {
        let counter = Counter::default();
        let count = |n: u64| {
            std::thread::scope(|scope| {
                for number in [None, Some(0), Some(1), Some(2), Some(9)] {
                    let counter = &counter;
                    scope.spawn(move || {
                        if let Some(number) = number {
                            own_part(number);
                        }
                        for _ in 0..n {
                            counter.inc();
                        }
                    });
                }
            });
        };
        count(1000);
        assert_eq!(counter.load(), 5000);
        counter.reset();
        assert_eq!(counter.load(), 0);
        count(10);
        counter.add(7);
        assert_eq!(counter.load(), 57);
    }
}

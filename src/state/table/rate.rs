//! Events in a sliding period, HAProxy's way: those of the current period and the share of the last one that
//! is still inside.

use super::since;

/// The period's begin, its events, and those of the period before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) begin: u32,
    pub(super) current: u32,
    pub(super) last: u32,
}

impl Rate {
    /// As it is at this time: periods that are over make way.
    fn at(self, now: u32, period: u32) -> Self {
        let period = period.max(1);
        let elapsed = since(self.begin, now);
        if elapsed < period {
            return self;
        }
        if elapsed - period < period {
            return Self {
                begin: self.begin.wrapping_add(period),
                current: 0,
                last: self.current,
            };
        }
        Self {
            begin: now,
            current: 0,
            last: 0,
        }
    }

    /// Counts `n` events.
    pub(super) fn add(self, n: u32, now: u32, period: u32) -> Self {
        // One that has counted nothing yet begins with its first event.
        let fresh = self.current == 0 && self.last == 0;
        let mut rate = self.at(now, period);
        if fresh {
            rate.begin = now;
        }
        rate.current = rate.current.saturating_add(n);
        rate
    }

    /// Events in the period that ends now.
    pub(super) fn read(self, now: u32, period: u32) -> u32 {
        let period = period.max(1);
        let rate = self.at(now, period);
        if rate.last <= 1 && rate.current == 0 {
            // A single event does not fade: it would at once.
            return rate.last;
        }
        let left = period - since(rate.begin, now).min(period);
        let share = u64::from(rate.last) * u64::from(left) / u64::from(period);
        rate.current.saturating_add(share as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Rate = Rate {
        begin: 0,
        current: 0,
        last: 0,
    };

    /// Threads look at their clocks at different moments: what was counted meanwhile is not lost.
    #[test]
    fn a_clock_a_little_behind_loses_nothing() {
        let rate = NEW.add(1, 5000, 1000).add(1, 4998, 1000);
        assert_eq!(rate, NEW.add(2, 5000, 1000));
        assert_eq!(rate.read(4999, 1000), 2);
        let second = rate.add(1, 6001, 1000).add(1, 5999, 1000);
        assert_eq!((second.begin, second.current, second.last), (6000, 2, 2));
    }

    /// Seen of HAProxy with a period of one second, a moment after each of these times.
    #[test]
    fn rates_fade_as_haproxys() {
        for (events, seen) in [
            (1, [1, 1, 1, 1, 1, 0]),
            (2, [2, 2, 1, 1, 0, 0]),
            (3, [3, 3, 2, 2, 0, 0]),
            (10, [10, 10, 9, 6, 1, 0]),
        ] {
            let start = u32::MAX - 700;
            let rate = NEW.add(events, start, 1000);
            let at = [0, 950, 1051, 1301, 1801, 2050];
            let got = at.map(|ms| rate.read(start.wrapping_add(ms), 1000));
            assert_eq!(got, seen, "{events} events");
        }
        let two = NEW.add(10, 5000, 1000).add(1, 6200, 1000);
        let at = [6250, 6500, 6990, 7010, 7900, 8100];
        assert_eq!(at.map(|now| two.read(now, 1000)), [8, 6, 1, 1, 1, 0]);
    }
}
